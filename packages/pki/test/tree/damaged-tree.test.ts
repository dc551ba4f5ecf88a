import { cp, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { initPki, isPkiError, openPki, type PkiTree, type TreePaths } from '../../src/index.js';
import { treePaths } from '../../src/tree/tree-paths.js';
import { snapshot } from '../support/tree-files.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';

let good: PkiTree;
let other: PkiTree;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'secure-esp-pki-'));
  good = await initPki({ dir: join(dir, 'good'), chips: ['esp32'] });
  other = await initPki({ dir: join(dir, 'other'), chips: ['esp32'] });
  return () => rm(dir, { recursive: true, force: true });
});

async function copyOfGood(): Promise<TreePaths> {
  const dir = await tempDir();
  await cp(good.dir, dir, { recursive: true });
  return treePaths(dir);
}

const parts: Record<string, (paths: TreePaths) => string> = {
  'the CA certificate': (paths) => paths.caCert,
  'the CA key': (paths) => paths.caKey,
  'the device CA certificate': (paths) => paths.deviceCaCert,
  'the device CA key': (paths) => paths.deviceCaKey,
  'the broker certificate': (paths) => paths.brokerCert,
  'the broker key': (paths) => paths.brokerKey,
  'the OTA certificate': (paths) => paths.otaCert,
  'the OTA key': (paths) => paths.otaKey,
  'the operator certificate': (paths) => paths.operatorCert,
  'the operator key': (paths) => paths.operatorKey,
  'a device certificate': (paths) => paths.device('esp-001').cert,
  'a device key': (paths) => paths.device('esp-001').key,
  'the firmware key': (paths) => paths.firmwareKeys['v1-ecdsa-p256'],
  'the release key': (paths) => paths.releaseKey,
  'the public release key': (paths) => paths.releasePublicKey,
};

describe.each(Object.entries(parts))('%s', (_what, pathIn) => {
  const empty = (path: string): Promise<void> => truncate(path, 0);
  const cut = (path: string): Promise<void> => truncate(path, 100);

  test.each([
    ['empty', empty],
    ['cut off', cut],
  ])('%s is an error that names the file, and nothing is changed', async (_how, damage) => {
    const paths = await copyOfGood();
    await damage(pathIn(paths));
    const before = await snapshot(paths.root);
    expect((await rejected(initPki({ dir: paths.root }), 'ERR_PKI_PEM')).path).toBe(pathIn(paths));
    expect(await snapshot(paths.root)).toEqual(before);
  });

  test('of another tree is an error', async () => {
    const paths = await copyOfGood();
    await cp(pathIn(other.paths), pathIn(paths));
    const before = await snapshot(paths.root);
    const run = initPki({ dir: paths.root });
    if (pathIn(paths) === paths.firmwareKeys['v1-ecdsa-p256']) {
      // any key of the right kind is a firmware key
      await run;
      return;
    }
    const error: unknown = await run.catch((reason: unknown) => reason);
    expect(isPkiError(error) && ['ERR_PKI_KEY', 'ERR_PKI_CERTIFICATE'].includes(error.code)).toBe(true);
    expect(await snapshot(paths.root)).toEqual(before);
  });
});

describe('a tree that lost or mixed up files', () => {
  test('opening reports a key that does not match, naming it', async () => {
    const paths = await copyOfGood();
    await cp(paths.otaKey, paths.brokerKey);
    const error = await rejected(openPki(paths.root), 'ERR_PKI_KEY');
    expect(error.message).toBe(`${paths.brokerKey} is not the private key of ${paths.brokerCert}`);
  });

  test('a certificate of one role is not accepted for another', async () => {
    const paths = await copyOfGood();
    await cp(paths.operatorCert, paths.brokerCert);
    await cp(paths.operatorKey, paths.brokerKey);
    expect((await rejected(openPki(paths.root), 'ERR_PKI_CERTIFICATE')).message).toContain('role broker');
  });

  test('a device folder that was renamed does not become another device', async () => {
    const paths = await copyOfGood();
    await cp(paths.device('esp-001').dir, paths.device('esp-009').dir, { recursive: true });
    const tree = await openPki(paths.root);
    await rejected(tree.device('esp-009'), 'ERR_PKI_CERTIFICATE');
  });

  test('a leaf in the place of a CA is refused', async () => {
    const paths = await copyOfGood();
    await cp(paths.operatorCert, paths.caCert);
    expect((await rejected(initPki({ dir: paths.root }), 'ERR_PKI_NOT_CA')).path).toBe(paths.caCert);
  });

  test('a lost CA is never replaced while its certificates are there', async () => {
    for (const which of ['ca', 'deviceCa'] as const) {
      const paths = await copyOfGood();
      await rm(paths[`${which}Cert`]);
      await rm(paths[`${which}Key`]);
      const error = await rejected(initPki({ dir: paths.root }), 'ERR_PKI_NOT_FOUND');
      expect(error.message).toContain('put them back');
      expect(Object.keys(await snapshot(paths.root))).not.toContain(
        `${which === 'ca' ? 'ca' : 'device-ca'}/keys/ca.key`,
      );
    }
  });

  test('a lost CA certificate is made again for its key, and the leaves stay good', async () => {
    const paths = await copyOfGood();
    await rm(paths.caCert);
    const tree = await initPki({ dir: paths.root });
    expect(tree.created).toContain('ca/certs/ca.crt');
    expect(tree.broker.cert).toBe(good.broker.cert);
  });

  test.each([
    ['broker', (paths: TreePaths) => paths.brokerKey],
    ['device', (paths: TreePaths) => paths.device('esp-001').key],
    ['release', (paths: TreePaths) => paths.releaseKey],
  ])('a lost %s key is reported, not replaced', async (_who, pathIn) => {
    const paths = await copyOfGood();
    await rm(pathIn(paths));
    const error = await rejected(initPki({ dir: paths.root }), 'ERR_PKI_KEY');
    expect(error.path).toBe(pathIn(paths));
    expect(error.message).toContain('is missing');
  });

  test('an expired CA is reported with its date, a future one with a hint at the clock', async () => {
    const paths = await copyOfGood();
    const late = { dir: paths.root, now: () => new Date('2080-01-01T00:00:00Z') };
    const error = await rejected(initPki(late), 'ERR_PKI_EXPIRED');
    expect(error.message).toMatch(/ca\.crt: the CA certificate expired on 20\d\d-/);
    await rejected(openPki(paths.root, late), 'ERR_PKI_EXPIRED');
    const early = { dir: paths.root, now: () => new Date('1999-01-01T00:00:00Z') };
    expect((await rejected(initPki(early), 'ERR_PKI_EXPIRED')).message).toContain('clock');
  });

  test('a root that is a file, or cannot be made, is an input/output error', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'file'), '');
    expect((await rejected(initPki({ dir: join(dir, 'file') }), 'ERR_PKI_IO')).cause).toHaveProperty('code', 'ENOTDIR');
    await rejected(initPki({ dir: join(dir, 'file', 'tree') }), 'ERR_PKI_IO');
    await rejected(openPki(join(dir, 'file')), 'ERR_PKI_IO');
  });
});
