import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readConnectHead } from '../../src/mosquitto/connect-head.js';
import { connectPacket } from '../../src/takeover/connect-packet.js';

const LIMIT = 1_024;

test('the client id is read once the packet is whole, whatever comes after it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), fc.uint8Array({ maxLength: 9 }), (clientId, rest) => {
      const packet = connectPacket(clientId);
      expect(readConnectHead(Buffer.concat([packet, rest]), LIMIT)).toEqual({ state: 'connect', clientId });
      for (let end = 0; end < packet.length; end++) {
        expect(readConnectHead(packet.subarray(0, end), LIMIT)).toEqual({ state: 'incomplete' });
      }
    }),
  );
});

test('the packet of MQTT 3.1.1 has no properties', () => {
  const packet = Buffer.from('100e00044d51545404020 03c00026f70'.replace(' ', ''), 'hex');
  expect(readConnectHead(packet, LIMIT)).toEqual({ state: 'connect', clientId: 'op' });
});

test('properties before the client id are passed over', () => {
  // session expiry interval, five bytes
  const packet = Buffer.from('101400044d5154540502003c051100000e10' + '00026f70', 'hex');
  expect(readConnectHead(packet, LIMIT)).toEqual({ state: 'connect', clientId: 'op' });
});

test.each([
  ['another packet', '3005'],
  ['a length of five bytes', '10ffffffff7f'],
  ['a length above the limit', '10ff7f'],
  ['nothing inside', '1000'],
  ['a name that is longer than the packet', '1003ffff4d'],
  ['no client id', '100a00044d515454040200 3c'.replace(' ', '')],
])('%s is malformed', (_name, hex) => {
  expect(readConnectHead(Buffer.from(hex, 'hex'), LIMIT)).toEqual({ state: 'malformed' });
});

test('any bytes have an answer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const head = readConnectHead(Buffer.concat([Buffer.from([0x10]), bytes]), LIMIT);
      expect(['incomplete', 'malformed', 'connect']).toContain(head.state);
    }),
  );
});
