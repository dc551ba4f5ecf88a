import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket, type SecureContextOptions } from 'node:tls';
import type { UpdateReason } from '@secure-esp/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mosquittoMissing } from '../support/broker.js';
import { serverPair } from '../support/certificates.js';
import { file, head, lengthOf, OK, overTls, raw, type Act } from '../support/hostile-server.js';
import { createTestPki } from '../support/pki.js';
import { createSiege, type Siege } from '../support/siege.js';
import { skipUnless } from '../support/tools.js';

/** Ends of a connection that has not answered yet. Under TLS 1.3 that may be the server's verdict on our certificate. */
const GONE: readonly UpdateReason[] = ['tls', 'unreachable'];

const DAY_MS = 86_400_000;
const fromNow = (days: number): Date => new Date(Date.now() + days * DAY_MS);

const afterHandshake =
  (identity: SecureContextOptions, end: (tls: TLSSocket, tcp: Socket) => void): Act =>
  (tcp) => {
    const tls = new TLSSocket(tcp, { isServer: true, secureContext: createSecureContext(identity) });
    tls.on('error', () => tls.destroy());
    tls.once('secure', () => {
      end(tls, tcp);
    });
  };

type Case = readonly [name: string, reasons: readonly UpdateReason[], act: (siege: Siege) => Act | Promise<Act>];

const cases: readonly Case[] = [
  ['hangs up at once', GONE, () => raw((tcp) => tcp.end())],
  ['resets the connection at once', GONE, () => raw((tcp) => tcp.resetAndDestroy())],
  ['resets the connection within the handshake', GONE, () => (tcp) => tcp.once('data', () => tcp.resetAndDestroy())],
  ['hangs up after the handshake', GONE, ({ world }) => afterHandshake(world.pki.tree.ota, (tls) => tls.end())],
  [
    'resets the connection after the handshake',
    GONE,
    ({ world }) => afterHandshake(world.pki.tree.ota, (_, tcp) => tcp.resetAndDestroy()),
  ],
  [
    'resets the connection within the headers',
    ['unreachable'],
    ({ tls }) =>
      tls(({ tls: socket, tcp }) => socket.write(`${OK}\r\nETag`, () => setTimeout(() => tcp.resetAndDestroy(), 50))),
  ],
  [
    'hangs up within the headers',
    ['unreachable', 'http_status'],
    ({ tls }) => tls(({ tls: socket }) => socket.end(`${OK}\r\nETag`)),
  ],
  ['speaks something else than TLS', ['tls'], () => raw((tcp) => tcp.end('220 smtp.example ESMTP\r\n'))],
  [
    'speaks HTTP without TLS',
    ['tls'],
    ({ image }) => raw((tcp) => tcp.end(Buffer.concat([Buffer.from(head(OK, lengthOf(image))), image]))),
  ],
  ['sends an alert', ['tls'], () => raw((tcp) => tcp.end(Buffer.from([21, 3, 3, 0, 2, 2, 40])))],
  [
    'knows TLS 1.1 only',
    ['tls'],
    ({ world, image }) =>
      overTls(
        { ...world.pki.tree.ota, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
        file(image),
      ),
  ],
  [
    'has a certificate for another name',
    ['tls'],
    async ({ world, image }) => overTls(await serverPair(world.pki, 'other.example'), file(image)),
  ],
  [
    'has a certificate that is over',
    ['tls'],
    async ({ world, image }) =>
      overTls(await serverPair(world.pki, 'localhost', { notBefore: fromNow(-3), notAfter: fromNow(-1) }), file(image)),
  ],
  [
    'has a certificate that is not yet valid',
    ['tls'],
    async ({ world, image }) =>
      overTls(await serverPair(world.pki, 'localhost', { notBefore: fromNow(1), notAfter: fromNow(3) }), file(image)),
  ],
  [
    'has a certificate of another CA',
    ['tls'],
    async ({ image }) => {
      await using other = await createTestPki([]);
      return overTls(other.tree.ota, file(image));
    },
  ],
  [
    'has a device’s certificate',
    ['tls'],
    async ({ world, image }) => overTls(await world.pki.device('localhost'), file(image)),
  ],
  [
    'has an operator’s certificate, which its own CA signed',
    ['tls'],
    ({ world, image }) => overTls(world.pki.tree.operator, file(image)),
  ],
];

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))('a device withstands a server that', () => {
  let siege: Siege;
  beforeAll(async () => {
    siege = await createSiege();
  });
  afterAll(async () => {
    await siege[Symbol.asyncDispose]();
  });

  it.concurrent.each(cases)('%s: %j', async (_name, reasons, act) => {
    await siege.withstand(await act(siege), reasons);
  });

  it.concurrent('takes a good server of TLS 1.2 and of TLS 1.3 afterwards', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      await using target = await siege.target();
      let spoken: string | null = null;
      const identity = { ...siege.world.pki.tree.ota, minVersion: version, maxVersion: version };
      await target.recover(
        overTls(identity, (asked) => {
          spoken = asked.tls.getProtocol();
          file(siege.image)(asked);
        }),
      );
      expect(spoken).toBe(version);
    }
  });
});
