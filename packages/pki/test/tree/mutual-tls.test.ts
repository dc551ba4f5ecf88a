import { beforeAll, describe, expect, test } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Credentials, initPki, type PkiTree } from '../../src/index.js';
import { handshake } from '../support/mutual-tls.js';

let tree: PkiTree;
let stranger: PkiTree;
let device: Credentials;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'secure-esp-pki-'));
  tree = await initPki({ dir: join(dir, 'a'), chips: [] });
  stranger = await initPki({ dir: join(dir, 'b'), chips: [] });
  device = await tree.device('esp-001');
  return () => rm(dir, { recursive: true, force: true });
});

const noCertificate = (): { ca: string } => ({ ca: tree.ca });

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('mutual %s with the tree’s files', (version) => {
  const toDeviceListener = (client: { cert?: string; key?: string; ca: string }): Promise<string> =>
    handshake({ server: { cert: tree.broker.cert, key: tree.broker.key, ca: tree.deviceCa }, client, version });
  const toOperatorListener = (client: { cert?: string; key?: string; ca: string }): Promise<string> =>
    handshake({ server: { cert: tree.broker.cert, key: tree.broker.key, ca: tree.ca }, client, version });

  test('a device is welcome at the device listener, by name and by address', async () => {
    expect(await toDeviceListener(device)).toBe('welcome esp-001');
    const server = { cert: tree.ota.cert, key: tree.ota.key, ca: tree.deviceCa };
    expect(await handshake({ server, client: device, version, host: '127.0.0.1' })).toBe('welcome esp-001');
  });

  test('an operator is welcome at the operator listener', async () => {
    expect(await toOperatorListener(tree.operator)).toBe('welcome operator');
  });

  test('an operator is refused at the device listener and a device at the operator listener', async () => {
    expect(await toDeviceListener(tree.operator)).toMatch(/^refused/);
    expect(await toOperatorListener(device)).toMatch(/^refused/);
  });

  test('nobody comes in without a certificate, or with one of another tree', async () => {
    const other = { ...(await stranger.device('esp-001')), ca: tree.ca };
    for (const client of [noCertificate(), other]) expect(await toDeviceListener(client)).toMatch(/^refused/);
    for (const client of [noCertificate(), { ...stranger.operator, ca: tree.ca }]) {
      expect(await toOperatorListener(client)).toMatch(/^refused/);
    }
  });

  test('a server’s certificate is no client certificate', async () => {
    expect(await toOperatorListener(tree.ota)).toMatch(/^refused/);
  });

  test('the client refuses a server of another CA, another name, or with a client’s certificate', async () => {
    const server = { cert: tree.broker.cert, key: tree.broker.key, ca: tree.deviceCa };
    expect(await handshake({ server, client: { ...device, ca: stranger.ca }, version })).toMatch(/^refused/);
    expect(await handshake({ server, client: device, version, host: 'evil.example' })).toMatch(/^refused.*altnames/);
    for (const { cert, key } of [tree.operator, device]) {
      const client = { ...device, ca: [tree.ca, tree.deviceCa] };
      expect(await handshake({ server: { ...server, cert, key }, client, version })).toMatch(/^refused.*purpose/);
    }
  });
});
