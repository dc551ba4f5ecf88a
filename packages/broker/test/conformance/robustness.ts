import { randomBytes } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'vitest';
import type { Credentials } from '../support/certificates.js';
import { RESTART, on, type Scenario } from './scenario.js';

/** What a client may send without harm to others. */
export const ROBUSTNESS: readonly Scenario[] = [
  {
    name: 'a packet above the limit is not delivered and does not end the broker',
    async run({ operator }) {
      const [op, sender] = [await operator('op'), await operator('sender')];
      await op.subscribe('/test');
      await sender.publish('/test', Buffer.alloc(16_384, 'x'));
      await op.receive('a packet within the limit', ({ payload }) => payload.length === 16_384);
      const { stream } = sender.mqtt;
      stream.write(
        Buffer.concat([Buffer.from([0x30, 0xa0, 0x9c, 0x01, 0, 5]), Buffer.from('/test'), Buffer.alloc(19_993)]),
      );
      await sender.closed;
      await op.publish('/test', 'barrier');
      await op.receive('barrier', on('/test', 'barrier'));
      expect(op.messages).toHaveLength(2);
    },
  },
  {
    name: 'garbage before and after the handshake and aborted connections do not end the broker',
    async run({ broker, operator, device, certificates }) {
      for (const port of [broker.operatorPort, broker.devicePort]) {
        await garbage(port, undefined, randomBytes(512));
        const credentials = port === broker.devicePort ? certificates.device('esp-002') : certificates.operator;
        for (const bytes of [randomBytes(512), Buffer.alloc(64), Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
          await garbage(port, { ...credentials, ca: certificates.ca }, bytes);
        }
      }
      const [op, esp] = [await operator('op'), await device('esp-001')];
      await esp.subscribe(RESTART);
      await op.publish(RESTART, '');
      await esp.receive('the broadcast', on(RESTART));
    },
  },
];

/** Sends bytes, with TLS if there are credentials, and waits until the broker has ended the connection or took them all. */
async function garbage(port: number, tls: (Credentials & { ca: string }) | undefined, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket =
      tls === undefined
        ? connectTcp({ host: '127.0.0.1', port })
        : connectTls({ host: '127.0.0.1', port, ca: tls.ca, cert: tls.cert, key: tls.key });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      resolve();
    });
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      socket.resume();
      socket.end(bytes);
    });
  });
}
