import { describe, expect, test } from 'vitest';
import { createLogReader } from '../../src/mosquitto/mosquitto-log.js';

const reader = () => createLogReader((port) => ({ 8883: 'operator', 8884: 'device' })[port] as 'operator' | undefined);

describe('the reader of Mosquitto’s log', () => {
  test('gives a client the role of the listener that its address came to', () => {
    const read = reader();
    expect(read('1795359466: New connection from 127.0.0.1:41614 on port 8884.')).toEqual([]);
    expect(read("1795359466: New client connected from 127.0.0.1:41614 as esp-001 (p5, c1, k60, u'esp-001').")).toEqual(
      [{ type: 'connected', role: 'device', clientId: 'esp-001', identity: 'esp-001' }],
    );
    expect(read('1795359466: Client esp-001 closed its connection.')).toEqual([
      { type: 'disconnected', role: 'device', clientId: 'esp-001' },
    ]);
    expect(read('1795359466: Client esp-001 closed its connection.')).toEqual([]);
  });

  test.each([
    'Client op disconnected.',
    'Client op disconnected due to oversize packet.',
    'Client op has exceeded timeout, disconnecting.',
    'Client op already connected, closing old connection.',
  ])('knows the end "%s"', (line) => {
    const read = reader();
    read('1: New connection from ::1:5 on port 8883.');
    read("1: New client connected from ::1:5 as op (p2, c1, k60, u'operator').");
    expect(read(`2: ${line}`)).toEqual([{ type: 'disconnected', role: 'operator', clientId: 'op' }]);
  });

  test('tells why a connection was refused, and not that a socket just ended', () => {
    const read = reader();
    expect(read('1: OpenSSL Error[0]: error:0A0000C7:SSL routines::peer did not return a certificate')).toEqual([
      { type: 'denied', action: 'connect', reason: 'peer did not return a certificate' },
    ]);
    expect(read('1: Client connection from 127.0.0.1 denied: max_connections exceeded.')).toEqual([
      { type: 'denied', action: 'connect', reason: 'max_connections exceeded' },
    ]);
    expect(read('1: OpenSSL Error[0]: error:0A000126:SSL routines::unexpected eof while reading')).toEqual([]);
  });

  test('forgets addresses that never became clients', () => {
    const read = reader();
    read('1: New connection from 10.0.0.1:1 on port 8884.');
    for (let port = 1; port <= 1_000; port++) read(`1: New connection from 10.0.0.2:${port} on port 8884.`);
    expect(read("1: New client connected from 10.0.0.1:1 as esp-001 (p5, c1, k60, u'esp-001').")).toEqual([]);
  });

  test('makes nothing of other lines', () => {
    const read = reader();
    for (const line of ['', 'mosquitto version 2.0.11 running', 'Client <unknown> disconnected: Protocol error.']) {
      expect(read(line)).toEqual([]);
    }
  });
});
