import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  createCertificateAuthority,
  FilePkiStore,
  type IssuedRecord,
  MemoryPkiStore,
  type PkiStore,
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
});
