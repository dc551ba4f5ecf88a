import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  createCertificateAuthority,
  FilePkiStore,
  type IssuedRecord,
  MemoryPkiStore,
  type PkiStore,
  REVOCATION_REASONS,
  type Revocation,
} from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';

async function sampleRecords(names: readonly string[]): Promise<IssuedRecord[]> {
  const store = new MemoryPkiStore();
  const { ca } = await createCertificateAuthority({ subject: { CN: 'CA' }, roles: ['device'], store });
  for (const CN of names) await ca.issue({ role: 'device', subject: { CN } });
  return collect(store);
}

async function collect(store: PkiStore, filter?: Parameters<PkiStore['list']>[0]): Promise<IssuedRecord[]> {
  const records: IssuedRecord[] = [];
  for await (const record of store.list(filter)) records.push(record);
  return records;
}

async function collectRevocations(store: PkiStore): Promise<Revocation[]> {
  const revocations: Revocation[] = [];
  for await (const revocation of store.revocations()) revocations.push(revocation);
  return revocations;
}

/** What every store must do. */
describe.each([
  ['MemoryPkiStore', () => Promise.resolve(new MemoryPkiStore())],
  ['FilePkiStore', async () => new FilePkiStore(join(await tempDir(), 'issued'))],
] as const)('%s', (_name, makeStore: () => Promise<PkiStore>) => {
  test('gives back what was put, by serial and in order', async () => {
    const store = await makeStore();
    const records = await sampleRecords(['a', 'b', 'c']);
    for (const record of records.toReversed()) await store.put(record);
    expect(await collect(store)).toEqual(records);
    for (const record of records) expect(await store.get(record.serial)).toEqual(record);
    expect(await collect(store, { role: 'ca' })).toHaveLength(1);
    expect(await collect(store, { role: 'device', commonName: 'b' })).toHaveLength(1);
  });

  test('knows nothing at first', async () => {
    const store = await makeStore();
    expect(await store.get('40'.repeat(16))).toBeUndefined();
    expect(await store.get('../../etc/passwd')).toBeUndefined();
    expect(await collect(store)).toEqual([]);
  });

  test('refuses a serial twice', async () => {
    const store = await makeStore();
    const [record] = await sampleRecords([]);
    if (!record) throw new Error('no record');
    await store.put(record);
    expect((await rejected(store.put(record), 'ERR_PKI_EXISTS')).message).toContain(record.serial);
  });

  test('a name belongs to the role and spelling that came first', async () => {
    const store = await makeStore();
    await store.claimName('Gate', 'device');
    await store.claimName('Gate', 'device');
    await rejected(store.claimName('Gate', 'operator'), 'ERR_PKI_NAME');
    await rejected(store.claimName('gate', 'device'), 'ERR_PKI_NAME');
    await store.claimName('broker.local:8883', 'broker');
  });

  test('of many claims at once exactly one role wins', async () => {
    const store = await makeStore();
    const roles = ['device', 'operator', 'broker', 'ota'] as const;
    const results = await Promise.allSettled(roles.map((role) => store.claimName('x', role)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('the first revocation of a certificate counts, for ever', async () => {
    const store = await makeStore();
    const records = await sampleRecords(['a', 'b']);
    for (const record of records) await store.put(record);
    const [first, second] = records;
    if (!first || !second) throw new Error('no records');
    expect(await store.revocation(first.serial)).toBeUndefined();
    const at = new Date('2026-03-01T10:00:00.900Z');
    const revocation = { serial: first.serial, reason: 'keyCompromise', at: new Date('2026-03-01T10:00:00Z') } as const;
    expect(await store.revoke(first.serial, { reason: 'keyCompromise', at })).toEqual(revocation);
    const later = { reason: 'superseded', at: new Date('2027-01-01T00:00:00Z') } as const;
    expect(await store.revoke(first.serial, later)).toEqual(revocation);
    expect(await store.revocation(first.serial)).toEqual(revocation);
    expect(await store.revocation(second.serial)).toBeUndefined();
    expect(await collect(store)).toEqual(records);
    await store.revoke(second.serial, later);
    expect(await collectRevocations(store)).toEqual([revocation, { serial: second.serial, ...later }]);
  });

  test('of many revocations at once exactly one counts, and all callers learn which', async () => {
    const store = await makeStore();
    const [record] = await sampleRecords([]);
    if (!record) throw new Error('no record');
    await store.put(record);
    const at = new Date('2026-03-01T10:00:00Z');
    const answers = await Promise.all(REVOCATION_REASONS.map((reason) => store.revoke(record.serial, { reason, at })));
    expect(new Set(answers.map(({ reason }) => reason)).size).toBe(1);
    expect(await store.revocation(record.serial)).toEqual(answers[0]);
  });

  test('refuses to revoke what it does not know, for no reason or at no time', async () => {
    const store = await makeStore();
    const [record] = await sampleRecords([]);
    if (!record) throw new Error('no record');
    await store.put(record);
    const at = new Date('2026-03-01T10:00:00Z');
    for (const serial of ['40'.repeat(16), '', '../x']) {
      await rejected(store.revoke(serial, { reason: 'unspecified', at }), 'ERR_PKI_UNKNOWN_SERIAL');
    }
    await rejected(store.revoke(record.serial, { reason: 'certificateHold' as never, at }), 'ERR_PKI_OPTION');
    await rejected(
      store.revoke(record.serial, { reason: 'unspecified', at: new Date(Number.NaN) }),
      'ERR_PKI_VALIDITY',
    );
    expect(await collectRevocations(store)).toEqual([]);
  });

  test('never gives a list number twice, to whomever and however many ask', async () => {
    const store = await makeStore();
    const numbers = await Promise.all(Array.from({ length: 20 }, () => store.nextCrlNumber('ab')));
    expect(new Set(numbers).size).toBe(20);
    const next = await store.nextCrlNumber('ab');
    expect(numbers.every((number) => number >= 1n && number < next)).toBe(true);
    expect(await store.nextCrlNumber('cd')).toBe(1n);
    await rejected(store.nextCrlNumber('../x'), 'ERR_PKI_OPTION');
  });

  test('keeps the list with the highest number of each issuer', async () => {
    const store = await makeStore();
    expect(await store.latestCrl('ab')).toBeUndefined();
    for (let count = 0; count < 4; count += 1) await store.nextCrlNumber('ab');
    expect(await store.latestCrl('ab')).toBeUndefined();
    await store.putCrl({ issuerKeyId: 'ab', number: 2n, crl: 'two' });
    await store.putCrl({ issuerKeyId: 'ab', number: 3n, crl: 'three' });
    await store.putCrl({ issuerKeyId: 'ab', number: 1n, crl: 'one' });
    expect(await store.latestCrl('ab')).toEqual({ issuerKeyId: 'ab', number: 3n, crl: 'three' });
    expect(await store.latestCrl('cd')).toBeUndefined();
    expect(await store.nextCrlNumber('ab')).toBe(5n);
    for (const number of [0n, 6n]) {
      await rejected(store.putCrl({ issuerKeyId: 'ab', number, crl: 'x' }), 'ERR_PKI_STORE');
    }
  });
});

describe('FilePkiStore', () => {
  test('survives a restart', async () => {
    const dir = await tempDir();
    const records = await sampleRecords(['a']);
    const first = new FilePkiStore(dir);
    for (const record of records) await first.put(record);
    await first.claimName('a', 'device');
    const second = new FilePkiStore(dir);
    expect(await collect(second)).toEqual(records);
    await rejected(second.claimName('a', 'operator'), 'ERR_PKI_NAME');
    expect((await readdir(dir)).sort()).toEqual([...records.map(({ serial }) => `${serial}.json`), 'names']);
  });

  test('names a damaged file', async () => {
    const dir = await tempDir();
    const store = new FilePkiStore(dir);
    const serial = '40'.repeat(16);
    for (const text of ['', '{', '[]', 'null', '{"certificate":1}']) {
      await writeFile(join(dir, `${serial}.json`), text);
      expect((await rejected(store.get(serial), 'ERR_PKI_STORE')).path).toContain(serial);
    }
    await mkdir(join(dir, 'names'));
    await writeFile(join(dir, 'names', 'x.json'), '{"commonName":"x","role":"king"}');
    await rejected(store.claimName('x', 'device'), 'ERR_PKI_STORE');
  });

  test('keeps revocations and list numbers over a restart and a crash between number and list', async () => {
    const dir = await tempDir();
    const first = new FilePkiStore(dir);
    const [record] = await sampleRecords([]);
    if (!record) throw new Error('no record');
    await first.put(record);
    const revocation = await first.revoke(record.serial, {
      reason: 'superseded',
      at: new Date('2026-01-01T00:00:00Z'),
    });
    await first.putCrl({ issuerKeyId: 'ab', number: await first.nextCrlNumber('ab'), crl: 'one' });
    await first.nextCrlNumber('ab'); // and dies before the list is there
    const second = new FilePkiStore(dir);
    expect(await second.revocation(record.serial)).toEqual(revocation);
    expect((await second.latestCrl('ab'))?.crl).toBe('one');
    expect(await second.nextCrlNumber('ab')).toBe(3n);
    await second.putCrl({ issuerKeyId: 'ab', number: 3n, crl: 'three' });
    expect(await readdir(join(dir, 'crls', 'ab'))).toEqual(['3.json']);
  });

  test('names a damaged revocation and a damaged list, and never takes one for “not revoked”', async () => {
    const dir = await tempDir();
    const store = new FilePkiStore(dir);
    const serial = '40'.repeat(16);
    await mkdir(join(dir, 'revoked'));
    await mkdir(join(dir, 'crls', 'ab'), { recursive: true });
    const good = { serial, reason: 'superseded', at: '2026-01-01T00:00:00.000Z' };
    const bad = [
      { ...good, serial: '41' },
      { ...good, reason: 'king' },
      { ...good, at: '2026' },
      { ...good, at: 1 },
    ];
    for (const text of ['', '{', 'null', ...bad.map((value) => JSON.stringify(value))]) {
      await writeFile(join(dir, 'revoked', `${serial}.json`), text);
      expect((await rejected(store.revocation(serial), 'ERR_PKI_STORE')).path).toContain(serial);
      await rejected(collectRevocations(store), 'ERR_PKI_STORE');
    }
    for (const text of ['', '{', '{"number":"8"}', '{"number":"7","crl":7}']) {
      await writeFile(join(dir, 'crls', 'ab', '7.json'), text);
      expect((await rejected(store.latestCrl('ab'), 'ERR_PKI_STORE')).path).toContain('7.json');
    }
    expect(await store.nextCrlNumber('ab')).toBe(8n);
  });
});
