import { X509Certificate } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { initPki, openPki, parseCertificate, parseCrl, type PkiTree, type RolloverStatus } from '../../src/index.js';
import { contents, snapshot } from '../support/tree-files.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';

const blocks = (bundle: string): X509Certificate[] =>
  (bundle.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map((pem) => new X509Certificate(pem));
const names = (bundle: string): string[] => blocks(bundle).map(({ subject }) => /CN=(.*)/.exec(subject)?.[1] ?? '');
const signedBy = (cert: string, ca: string): string | undefined =>
  names(ca)[blocks(ca).findIndex(({ publicKey }) => new X509Certificate(cert).verify(publicKey))];

async function statusOf(tree: PkiTree, authority: string): Promise<RolloverStatus> {
  const found = (await tree.rolloverStatus()).find((status) => status.authority === authority);
  if (!found) throw new Error('no such authority');
  return found;
}

test('ca: prepare, switch and finish replace the root, and everybody is told to trust both in between', async () => {
  const dir = await tempDir();
  const tree = await initPki({ dir, devices: ['a', 'b'] });
  expect(await statusOf(tree, 'ca')).toMatchObject({ state: 'none', next: 'prepare', remaining: 0, other: undefined });

  await tree.rollOver({ authority: 'ca', phase: 'prepare' });
  const prepared = await openPki(dir);
  expect(names(prepared.ca)).toEqual(['secure-esp CA', 'secure-esp CA G2']);
  expect(await statusOf(tree, 'ca')).toMatchObject({ state: 'prepared', next: 'switch', remaining: 3, superseded: 0 });
  for (const path of ['devices/a/ca.crt', 'devices/b/ca.crt', 'main/mqtt_certs/ca.crt', 'main/ota_certs/ca.crt']) {
    expect(await readFile(join(dir, path), 'utf8')).toBe(prepared.ca);
  }
  expect(prepared.broker.cert).toBe(tree.broker.cert);
  expect((await prepared.crls()).servers?.lists).toHaveLength(2);
  expect(signedBy((await prepared.renew('operator')).cert, prepared.ca)).toBe('secure-esp CA');

  const keyBefore = await readFile(tree.paths.caKey, 'utf8');
  await tree.rollOver({ authority: 'ca', phase: 'switch' });
  const switched = await openPki(dir);
  expect(names(switched.ca)).toEqual(['secure-esp CA G2', 'secure-esp CA']);
  for (const pair of ['broker', 'ota', 'operator'] as const) {
    expect(signedBy(switched[pair].cert, switched.ca)).toBe('secure-esp CA G2');
    expect(switched[pair].key).toBe(tree[pair].key);
  }
  expect(parseCertificate(switched.broker.cert).san).toEqual(parseCertificate(tree.broker.cert).san);
  expect(await readFile(`${tree.paths.caKey}.retired`, 'utf8')).toBe(keyBefore);
  expect(await readFile(join(dir, 'main/ota_certs/update_cert.pem'), 'utf8')).toBe(switched.ota.cert);
  expect(await statusOf(tree, 'ca')).toMatchObject({ state: 'switched', next: 'finish', remaining: 4, superseded: 4 });

  const refused = await rejected(tree.rollOver({ authority: 'ca', phase: 'finish' }), 'ERR_PKI_ROLLOVER');
  expect(refused.message).toMatch(
    /^4 good certificates of the old root .* would be refused, first .* all have one of the new root$/,
  );
  await tree.rollOver({ authority: 'ca', phase: 'finish', revokeSuperseded: true });
  const finished = await openPki(dir);
  expect(names(finished.ca)).toEqual(['secure-esp CA G2']);
  expect((await finished.device('b')).ca).toBe(finished.ca);
  expect((await finished.crls()).servers?.lists).toHaveLength(1);
  await expect(stat(`${tree.paths.caKey}.retired`)).rejects.toThrow('ENOENT');
  const { serial } = parseCertificate(tree.ca);
  expect(await readFile(join(dir, 'ca', 'retired', `${serial}.crt`), 'utf8')).toBe(tree.ca);
  expect(await statusOf(tree, 'ca')).toMatchObject({ state: 'none', next: 'prepare', unfinished: undefined });
  expect((await initPki({ dir, devices: ['a', 'b'] })).created).toEqual([]);
  expect((await tree.rolloverStatus())[1]).toMatchObject({ authority: 'device-ca', state: 'none' });
});

test('device-ca: devices are renewed under the new root, and finish counts and revokes those that are not', async () => {
  const dir = await tempDir();
  const tree = await initPki({ dir, devices: ['a', 'b', 'c'] });
  await tree.rollOver({ authority: 'device-ca', phase: 'prepare' });
  await tree.rollOver({ authority: 'device-ca', phase: 'switch' });
  const switched = await openPki(dir);
  // the object that was opened before the rollover issues under the new root, too
  expect(signedBy((await tree.renew('a')).cert, switched.deviceCa)).toBe('secure-esp device CA G2');
  expect(signedBy((await tree.issueDevice('d')).cert, switched.deviceCa)).toBe('secure-esp device CA G2');
  expect(signedBy((await switched.device('b')).cert, switched.deviceCa)).toBe('secure-esp device CA');
  await tree.revoke({ commonName: 'c' });
  const { devices } = await tree.crls();
  expect(devices?.lists.map(({ info }) => info.revoked.size)).toEqual([0, 1]);
  const status = await statusOf(tree, 'device-ca');
  expect(status).toMatchObject({ remaining: 2, superseded: 1, first: { commonName: 'b', superseded: false } });

  const finish = { authority: 'device-ca', phase: 'finish' } as const;
  await rejected(tree.rollOver(finish), 'ERR_PKI_ROLLOVER');
  const refused = await rejected(tree.rollOver({ ...finish, revokeSuperseded: true }), 'ERR_PKI_ROLLOVER');
  expect(refused.message).toContain('1 good certificate of the old root');
  expect(refused.message).toContain('device "b"');
  expect(await statusOf(tree, 'device-ca')).toMatchObject({ remaining: 2 });
  await tree.rollOver({ ...finish, revokeSuperseded: true, dangerouslyStrand: 1 });
  const states = new Map<string, string[]>();
  for await (const { commonName, state, revocation } of tree.inventory({ role: 'device' })) {
    const all = states.get(commonName) ?? [];
    states.set(commonName, [...all, revocation?.reason ?? state].sort());
  }
  expect(Object.fromEntries(states)).toEqual({
    a: ['good', 'superseded'],
    b: ['cessationOfOperation'],
    c: ['unspecified'],
    d: ['good'],
  });
  const finished = await openPki(dir);
  expect((await finished.device('a')).cn).toBe('a');
  // a stranded device comes back by a new key only
  expect((await finished.device('b')).cn).toBe('b');
  await rejected(finished.renew('b'), 'ERR_PKI_REVOKED');
  const back = await finished.renew('b', { dangerouslyReplaceKey: true });
  expect(signedBy(back.cert, finished.deviceCa)).toBe('secure-esp device CA G2');
});

test('a second rollover goes on from the first', async () => {
  const dir = await tempDir();
  const tree = await initPki({ dir, devices: [] });
  for (const phase of ['prepare', 'switch', 'finish', 'prepare', 'switch', 'finish'] as const) {
    await tree.rollOver({ authority: 'ca', phase, revokeSuperseded: true });
  }
  const now = await openPki(dir);
  expect(names(now.ca)).toEqual(['secure-esp CA G3']);
  expect((await initPki({ dir, devices: [] })).created).toEqual([]);
});

test('each phase changes nothing when it is repeated, and no other phase goes in its place', async () => {
  const dir = await tempDir();
  const tree = await initPki({ dir });
  const run = (phase: 'prepare' | 'switch' | 'finish'): Promise<unknown> =>
    tree.rollOver({ authority: 'device-ca', phase, dangerouslyStrand: 1 });
  await rejected(run('switch'), 'ERR_PKI_ROLLOVER');
  await rejected(run('finish'), 'ERR_PKI_ROLLOVER');
  for (const [phase, wrong] of [
    ['prepare', 'finish'],
    ['switch', 'prepare'],
    ['finish', 'switch'],
  ] as const) {
    await run(phase);
    const before = await snapshot(dir);
    expect(await run(phase)).toMatchObject({ written: [] });
    await rejected(run(wrong), 'ERR_PKI_ROLLOVER');
    expect(await snapshot(dir)).toEqual(before);
    await initPki({ dir });
  }
});

test('options that make no sense are refused', async () => {
  const tree = await initPki({ dir: await tempDir() });
  const bad = { authority: 'ca', phase: 'prepare' } as const;
  await rejected(tree.rollOver({ ...bad, authority: 'x' as 'ca' }), 'ERR_PKI_OPTION');
  await rejected(tree.rollOver({ ...bad, phase: 'x' as 'prepare' }), 'ERR_PKI_OPTION');
  await rejected(tree.rollOver({ ...bad, dangerouslyStrand: -1 }), 'ERR_PKI_OPTION');
});

test('the keys may be kept elsewhere as far as they are not needed', async () => {
  const dir = await tempDir();
  const tree = await initPki({ dir });
  const away = `${dir}-ca.key`;
  await rename(tree.paths.caKey, away);
  await tree.rollOver({ authority: 'ca', phase: 'prepare' });
  const waiting = await readFile(`${tree.paths.caKey}.next`, 'utf8');
  await rm(`${tree.paths.caKey}.next`);
  const missing = await rejected(tree.rollOver({ authority: 'ca', phase: 'switch' }), 'ERR_PKI_KEY');
  expect(missing.path).toBe(`${tree.paths.caKey}.next`);
  await writeFile(`${tree.paths.caKey}.next`, waiting, { mode: 0o600 });
  await tree.rollOver({ authority: 'ca', phase: 'switch' });
  expect(await readFile(tree.paths.caKey, 'utf8')).toBe(waiting);
  // a list of the old root that is half over cannot be issued, but the one of the new root is
  const later = await openPki(dir, { now: () => new Date(Date.now() + 20 * 86_400_000) });
  const { servers } = await later.refreshCrls();
  expect(servers?.lists.map(({ info }) => info.number)).toEqual([2n, 1n]);
  await tree.rollOver({ authority: 'ca', phase: 'finish', dangerouslyStrand: 4 }).catch((error: unknown) => {
    // the last list of the old root needs its key: it may be brought back for that
    expect(String(error)).toContain('ca.key');
  });
  await rename(away, `${tree.paths.caKey}.retired`);
  await tree.rollOver({ authority: 'ca', phase: 'finish', dangerouslyStrand: 4, keepRetiredKey: true });
  const kept = Object.keys(await contents(dir)).filter((name) => name.startsWith('ca/retired/'));
  expect(kept).toEqual([expect.stringMatching(/\.crt$/), expect.stringMatching(/\.key$/)]);
});

test('a bundle that no rollover has made is refused with the name of the file', async () => {
  const dir = await tempDir();
  const tree = await initPki({ dir });
  const other = await initPki({ dir: await tempDir() });
  for (const bundle of [tree.ca + other.ca, tree.ca + tree.ca, tree.ca + tree.deviceCa, tree.ca + tree.broker.cert]) {
    await writeFile(tree.paths.caCert, bundle);
    const error = await openPki(dir).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ path: tree.paths.caCert, name: 'PkiError' });
  }
});

test('a root that is leaving may end before it is dropped', async () => {
  const dir = await tempDir();
  const tree = await initPki({ dir });
  const later = (years: number) => ({ now: () => new Date(Date.now() + years * 365.25 * 86_400_000) });
  const old = await openPki(dir, later(19));
  await old.rollOver({ authority: 'ca', phase: 'prepare' });
  await old.rollOver({ authority: 'ca', phase: 'switch' });
  for (const phase of ['prepare', 'switch'] as const) await old.rollOver({ authority: 'device-ca', phase });
  const after = await openPki(dir, later(21));
  await after.refreshCrls();
  expect((await after.rolloverStatus())[0]).toMatchObject({ state: 'switched', remaining: 0 });
  await after.rollOver({ authority: 'ca', phase: 'finish' });
  expect(names((await openPki(dir, later(21))).ca)).toEqual(['secure-esp CA G2']);
  expect(parseCrl((await after.crls()).servers?.crl ?? '').issuer.CN).toBe('secure-esp CA G2');
  expect(tree.ca).toContain('CERTIFICATE');
});
