import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  FilePkiStore,
  initPki,
  type InventoryEntry,
  type InventoryFilter,
  openPki,
  parseCertificate,
  type PkiTree,
  verifyCrl,
} from '../../src/index.js';
import { generatePrivateKey } from '../../src/keys/key-pair.js';
import { handshake } from '../support/mutual-tls.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';
import { snapshot } from '../support/tree-files.js';
import { describeWithOpenssl, openssl } from '../support/tools.js';

const DAY_MS = 86_400_000;
const serialOf = (pem: string): string => parseCertificate(pem).serial;

async function list(tree: PkiTree, filter?: InventoryFilter): Promise<InventoryEntry[]> {
  const entries: InventoryEntry[] = [];
  for await (const entry of tree.inventory(filter)) entries.push(entry);
  return entries;
}

const names = async (tree: PkiTree, filter?: InventoryFilter): Promise<string[]> =>
  (await list(tree, filter)).map(({ commonName }) => commonName).sort();

const make = async (now?: () => Date): Promise<PkiTree> =>
  initPki({ dir: join(await tempDir(), 'tree'), devices: ['a', 'b'], chips: [], ...(now ? { now } : {}) });

describe('revocation in a tree', () => {
  test('starts with two empty lists, each of its CA', async () => {
    const tree = await make();
    const { servers, devices } = await tree.crls();
    expect([servers?.info.revoked.size, devices?.info.revoked.size]).toEqual([0, 0]);
    expect([servers?.path, devices?.path]).toEqual([tree.paths.caCrl, tree.paths.deviceCaCrl]);
    verifyCrl(await readFile(tree.paths.caCrl, 'utf8'), tree.ca);
    verifyCrl(await readFile(tree.paths.deviceCaCrl, 'utf8'), tree.deviceCa);
  });

  test('of a name lists all its certificates and nothing else; again it changes nothing', async () => {
    const tree = await make();
    const first = serialOf((await tree.device('a')).cert);
    const second = serialOf((await tree.renew('a')).cert);
    const report = await tree.revoke({ commonName: 'a' }, { reason: 'keyCompromise' });
    expect(new Set(report.revoked.map(({ serial }) => serial))).toEqual(new Set([first, second]));
    expect(new Set(report.crls.devices?.info.revoked.keys())).toEqual(new Set([first, second]));
    expect(report.crls.servers?.info.revoked.size).toBe(0);
    const before = await snapshot(tree.dir);
    const again = await tree.revoke({ commonName: 'a' }, { reason: 'superseded' });
    expect(again.revoked).toEqual(report.revoked);
    expect(await snapshot(tree.dir)).toEqual(before);
  });

  test('of an operator goes to the other list', async () => {
    const tree = await make();
    const serial = serialOf(tree.operator.cert);
    const { crls } = await tree.revoke({ serial }, { at: new Date('2026-01-01T00:00:00Z') });
    expect(crls.servers?.info.revoked.get(serial)).toEqual({
      serial,
      reason: 'unspecified',
      at: new Date('2026-01-01T00:00:00Z'),
    });
    expect(crls.devices?.info.revoked.size).toBe(0);
  });

  test('refuses what is unknown, a CA, and a date to come', async () => {
    const tree = await make();
    const before = await snapshot(tree.dir);
    await rejected(tree.revoke({ commonName: 'nobody' }), 'ERR_PKI_UNKNOWN_SERIAL');
    await rejected(tree.revoke({ serial: '40' }), 'ERR_PKI_UNKNOWN_SERIAL');
    await rejected(tree.revoke({ serial: serialOf(tree.ca) }), 'ERR_PKI_ROLE');
    await rejected(tree.revoke({ commonName: 'a' }, { at: new Date(Date.now() + DAY_MS) }), 'ERR_PKI_VALIDITY');
    await rejected(tree.revoke({ commonName: 'a' }, { reason: 'x' as never }), 'ERR_PKI_OPTION');
    expect(await snapshot(tree.dir)).toEqual(before);
  });

  test('that was killed before the list was written is completed by the next run', async () => {
    const tree = await make();
    const { serial } = parseCertificate((await tree.device('a')).cert);
    await new FilePkiStore(tree.paths.issuedDir).revoke(serial, { reason: 'keyCompromise', at: new Date() });
    expect((await tree.crls()).devices?.info.revoked.has(serial)).toBe(false);
    await initPki({ dir: tree.dir, devices: [], chips: [] });
    expect((await tree.crls()).devices?.info.revoked.has(serial)).toBe(true);
  });

  test('without the CA’s key is recorded, fails loudly, and is listed once the key is back', async () => {
    const tree = await make();
    const elsewhere = join(tree.dir, 'offline.key');
    await rename(tree.paths.deviceCaKey, elsewhere);
    expect((await rejected(tree.revoke({ commonName: 'a' }), 'ERR_PKI_KEY')).path).toBe(tree.paths.deviceCaKey);
    await rejected(initPki({ dir: tree.dir, devices: [], chips: [] }), 'ERR_PKI_KEY');
    expect((await tree.crls()).devices?.info.revoked.size).toBe(0);
    await rename(elsewhere, tree.paths.deviceCaKey);
    expect((await tree.refreshCrls()).devices?.info.revoked.size).toBe(1);
  });

  test('stays: neither init nor issue brings a revoked device back, not after its end either', async () => {
    const tree = await make();
    await tree.revoke({ commonName: 'a' });
    const cert = await readFile(tree.paths.device('a').cert, 'utf8');
    await rejected(tree.issueDevice('a'), 'ERR_PKI_REVOKED');
    await rejected(tree.renew('a'), 'ERR_PKI_REVOKED');
    await initPki({ dir: tree.dir, devices: ['a'], chips: [] });
    const later = (): Date => new Date(Date.now() + 3700 * DAY_MS);
    await initPki({ dir: tree.dir, devices: ['a'], chips: [], now: later });
    expect(await readFile(tree.paths.device('a').cert, 'utf8')).toBe(cert);
    const back = await tree.renew('a', { dangerouslyReplaceKey: true });
    expect((await tree.crls()).devices?.info.revoked.has(serialOf(back.cert))).toBe(false);
    expect((await tree.issueDevice('a')).cert).toBe(back.cert);
  });
});

describe('the lists of a tree', () => {
  test('are issued anew at half of their time, not before, and when asked', async () => {
    let now = new Date('2026-06-01T00:00:00Z');
    const tree = await make(() => now);
    const number = async (): Promise<bigint | undefined> => (await tree.refreshCrls()).devices?.info.number;
    expect(await number()).toBe(1n);
    now = new Date('2026-06-15T00:00:00Z');
    expect(await number()).toBe(1n);
    now = new Date('2026-06-16T00:00:00Z');
    expect(await number()).toBe(2n);
    const asked = await tree.refreshCrls({ when: 'always', days: 90 });
    expect(asked.devices?.info).toMatchObject({ number: 3n, nextUpdate: new Date('2026-09-14T00:00:00Z') });
  });

  test('are left alone at half of their time where the CA’s key is kept elsewhere', async () => {
    const tree = await make();
    await rm(tree.paths.caKey);
    await rm(tree.paths.deviceCaKey);
    const later = new Date(Date.now() + 20 * DAY_MS);
    const same = await initPki({ dir: tree.dir, devices: [], chips: [], now: () => later });
    expect(same.created).toEqual([]);
    await rejected(tree.refreshCrls({ when: 'always' }), 'ERR_PKI_KEY');
  });

  test('damaged or of another CA are named when read, and replaced by the next run', async () => {
    const tree = await make();
    await tree.revoke({ commonName: 'a' });
    const good = await readFile(tree.paths.deviceCaCrl, 'utf8');
    for (const text of ['', good.slice(0, 100), await readFile(tree.paths.caCrl, 'utf8')]) {
      await writeFile(tree.paths.deviceCaCrl, text);
      const code = text.includes('END') ? 'ERR_PKI_CRL' : 'ERR_PKI_PEM';
      expect((await rejected(tree.crls(), code)).path).toBe(tree.paths.deviceCaCrl);
      expect((await tree.refreshCrls()).devices?.info.revoked.size).toBe(1);
    }
  });

  test('are missing in a tree of an older version, until the next init', async () => {
    const tree = await make();
    await rm(join(tree.dir, 'ca', 'crl'), { recursive: true });
    expect((await (await openPki(tree.dir)).crls()).servers).toBeUndefined();
    const { created } = await initPki({ dir: tree.dir, devices: [], chips: [] });
    expect(created.filter((name) => !name.startsWith('issued/'))).toEqual(['ca/crl/ca.crl']);
  });
});

describe('the inventory of a tree', () => {
  test('has everything, by role, name, serial number and state', async () => {
    const tree = await make();
    expect(await names(tree)).toHaveLength(7);
    expect(await names(tree, { role: 'device' })).toEqual(['a', 'b']);
    expect(await names(tree, { role: 'ca' })).toHaveLength(2);
    await tree.revoke({ commonName: 'b' }, { reason: 'cessationOfOperation' });
    expect(await names(tree, { role: 'device', state: 'good' })).toEqual(['a']);
    const [entry] = await list(tree, { state: 'revoked' });
    expect(entry).toMatchObject({ commonName: 'b', revocation: { reason: 'cessationOfOperation' } });
    expect(await names(tree, { serial: entry?.serial ?? '' })).toEqual(['b']);
    expect(await names(tree, { serial: '40' })).toEqual([]);
  });

  test('tells who will be without a certificate: not the revoked, not who was renewed', async () => {
    let now = new Date('2026-06-01T00:00:00Z');
    const tree = await make(() => now);
    expect(await names(tree, { expiringWithinDays: 800 })).toEqual([]);
    expect(await names(tree, { expiringWithinDays: 825 })).toEqual(['broker', 'operator', 'ota']);
    now = new Date('2028-08-20T00:00:00Z');
    await tree.renew('broker');
    await tree.revoke({ commonName: 'ota' });
    expect(await names(tree, { expiringWithinDays: 30 })).toEqual(['operator']);
    now = new Date('2029-01-01T00:00:00Z');
    expect(await names(tree, { state: 'expired' })).toEqual(['broker', 'operator']);
    for (const days of [-1, Number.NaN, 40_000]) {
      await rejected(list(tree, { expiringWithinDays: days }), 'ERR_PKI_OPTION');
    }
  });
});

describe('renewal in a tree', () => {
  test.each(['a', 'operator', 'broker', 'ota'])('of %s keeps key, role and names, with a new serial', async (name) => {
    const tree = await make();
    const before = (await list(tree, { commonName: name }))[0]?.certificate ?? '';
    const renewed = await tree.renew(name, { days: 100 });
    const [old, now] = [parseCertificate(before), parseCertificate(renewed.cert)];
    expect(now.serial).not.toBe(old.serial);
    expect([now.subject, now.san, now.role, now.subjectKeyId]).toEqual([
      old.subject,
      old.san,
      old.role,
      old.subjectKeyId,
    ]);
    expect(now.notAfter.getTime() - Date.now()).toBeLessThanOrEqual(100 * DAY_MS);
    expect(await list(tree, { commonName: name, state: 'good' })).toHaveLength(2);
    const reopened = await openPki(tree.dir);
    expect((await initPki({ dir: tree.dir, devices: ['a'], chips: [] })).created).toEqual([]);
    if (name === 'ota') expect(await readFile(tree.paths.otaCertsUpdateCert, 'utf8')).toBe(reopened.ota.cert);
    if (name === 'a') expect(await readFile(tree.paths.mqttClientCert, 'utf8')).toBe(renewed.cert);
  });

  test('with a new key replaces the pair and the firmware project’s copy', async () => {
    const tree = await make();
    const old = await tree.device('a');
    const renewed = await tree.renew('a', { dangerouslyReplaceKey: true, revokeOld: true });
    expect(renewed.key).not.toBe(old.key);
    expect(new X509Certificate(renewed.cert).checkPrivateKey(createPrivateKey(await readFile(renewed.keyPath)))).toBe(
      true,
    );
    expect((await stat(renewed.keyPath)).mode & 0o777).toBe(0o600);
    expect((await stat(tree.paths.mqttClientKey)).mode & 0o777).toBe(0o600);
    expect(await readFile(tree.paths.mqttClientKey, 'utf8')).toBe(renewed.key);
    expect((await tree.crls()).devices?.info.revoked.get(serialOf(old.cert))?.reason).toBe('superseded');
    expect((await initPki({ dir: tree.dir, devices: ['a'], chips: [] })).created).toEqual([]);
  });

  test('refuses who is not there', async () => {
    const tree = await make();
    for (const name of ['nobody', '../a', '']) await rejected(tree.renew(name), 'ERR_PKI_UNKNOWN_DEVICE');
  });

  test('with a new key, killed at any step, leaves a good pair and is completed by the next run', async () => {
    const tree = await make();
    const { key, cert, certPath, keyPath } = await tree.device('a');
    const next = await generatePrivateKey('ec-p256');
    const pending = `${keyPath}.next`;
    // 1. the new key waits, nothing else happened
    await writeFile(pending, next.pem, { mode: 0o600 });
    expect(await (await openPki(tree.dir)).device('a')).toMatchObject({ cert, key, keyPath });
    // 2. its certificate is there, the key still waits
    const renewed = await tree.renew('a', { dangerouslyReplaceKey: true });
    expect(renewed.key).toBe(next.pem);
    await rename(keyPath, pending);
    await writeFile(keyPath, key);
    expect(await (await openPki(tree.dir)).device('a')).toMatchObject({ key: next.pem, keyPath: pending });
    await initPki({ dir: tree.dir, devices: ['a'], chips: [] });
    expect(await (await openPki(tree.dir)).device('a')).toMatchObject({ cert: renewed.cert, key: next.pem, keyPath });
    // 3. the copy of the firmware project is still the old pair, or half of it
    for (const oldCopy of [cert, renewed.cert]) {
      await writeFile(tree.paths.mqttClientKey, key);
      await writeFile(tree.paths.mqttClientCert, oldCopy);
      await initPki({ dir: tree.dir, devices: ['a'], chips: [] });
      expect(await readFile(tree.paths.mqttClientKey, 'utf8')).toBe(next.pem);
      expect(await readFile(tree.paths.mqttClientCert, 'utf8')).toBe(await readFile(certPath, 'utf8'));
    }
  });

  test('never overwrites a copy that is not of this tree', async () => {
    const tree = await make();
    const foreign = await generatePrivateKey('ec-p256');
    await writeFile(tree.paths.mqttClientKey, foreign.pem);
    await rejected(tree.renew('a', { dangerouslyReplaceKey: true }), 'ERR_PKI_EXISTS');
    expect(await readFile(tree.paths.mqttClientKey, 'utf8')).toBe(foreign.pem);
  });
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  '%s with the tree’s files refuses the revoked device only',
  async (version) => {
    const tree = await make();
    const { crls } = await tree.revoke({ commonName: 'a' }, { reason: 'keyCompromise' });
    const server = { cert: tree.broker.cert, key: tree.broker.key, ca: tree.deviceCa, crl: crls.devices?.crl ?? '' };
    expect(await handshake({ server, client: await tree.device('a'), version })).toMatch(/^refused/);
    expect(await handshake({ server, client: await tree.device('b'), version })).toBe('welcome b');
  },
);

describeWithOpenssl('OpenSSL with the files of a tree', () => {
  test('verifies the lists, refuses the revoked and accepts the others', async () => {
    const tree = await make();
    await tree.revoke({ commonName: 'a' }, { reason: 'keyCompromise' });
    const { paths } = tree;
    for (const [crl, ca] of [
      [paths.caCrl, paths.caCert],
      [paths.deviceCaCrl, paths.deviceCaCert],
    ] as const) {
      expect(openssl(['crl', '-verify', '-in', crl, '-CAfile', ca, '-noout']).output).toContain('verify OK');
    }
    const verify = (ca: string, crl: string, leaf: string): string =>
      openssl(['verify', '-crl_check', '-x509_strict', '-CAfile', ca, '-CRLfile', crl, leaf]).output;
    expect(verify(paths.deviceCaCert, paths.deviceCaCrl, paths.device('a').cert)).toContain('certificate revoked');
    expect(verify(paths.deviceCaCert, paths.deviceCaCrl, paths.device('b').cert)).toMatch(/: OK\n$/);
    expect(verify(paths.caCert, paths.caCrl, paths.brokerCert)).toMatch(/: OK\n$/);
  });
});
