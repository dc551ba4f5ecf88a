import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  createCertificateAuthority,
  FilePkiStore,
  type IssuedFilter,
  type IssuedRecord,
  MemoryPkiStore,
} from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';

async function sampleRecords(count: number): Promise<IssuedRecord[]> {
  const store = new MemoryPkiStore();
  const { ca } = await createCertificateAuthority({ subject: { CN: 'CA' }, roles: ['device'], store });
  for (let index = 0; index < count; index += 1) await ca.issue({ role: 'device', subject: { CN: `esp-${index}` } });
  const records: IssuedRecord[] = [];
  for await (const record of store.list({ role: 'device' })) records.push(record);
  return records;
}

test('records put together are those put one by one', async () => {
  const records = await sampleRecords(50);
  const [together, single] = [new FilePkiStore(await tempDir()), new FilePkiStore(await tempDir())];
  await together.putAll(records);
  for (const record of records) await single.put(record);
  for (const { serial } of records) expect(await together.get(serial)).toEqual(await single.get(serial));
  await together.putAll([]);
});

test('a serial number among them that is known is refused, and its record stays', async () => {
  const dir = await tempDir();
  const store = new FilePkiStore(dir);
  const [first, second] = await sampleRecords(2);
  if (!first || !second) throw new Error('no records');
  await store.put(first);
  await rejected(store.putAll([second, { ...first, commonName: 'other' }]), 'ERR_PKI_EXISTS');
  expect((await store.get(first.serial))?.commonName).toBe(first.commonName);
  expect((await readdir(dir)).filter((name) => name.includes('tmp'))).toEqual([]);
});

test('names claimed together are claimed, again too, and none is when one belongs to another role', async () => {
  const dir = await tempDir();
  const store = new FilePkiStore(dir);
  await store.claimNames(['a', 'b'], 'device');
  await store.claimNames(['b', 'c'], 'device');
  for (const name of ['a', 'b', 'c']) await rejected(store.claimName(name, 'operator'), 'ERR_PKI_NAME');
  await store.claimName('x', 'operator');
  await rejected(store.claimNames(['d', 'X'], 'device'), 'ERR_PKI_NAME');
  await rejected(store.claimNames(['d', 'x'], 'device'), 'ERR_PKI_NAME');
  await store.claimName('d', 'operator');
  expect((await readdir(join(dir, 'names'))).sort()).toEqual(['a.json', 'b.json', 'c.json', 'd.json', 'x.json']);
});

test('two that claim the same names at once agree on one owner of each', async () => {
  const dir = await tempDir();
  const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
  const claims = await Promise.allSettled([
    new FilePkiStore(dir).claimNames(names, 'device'),
    new FilePkiStore(dir).claimNames(names, 'operator'),
  ]);
  expect(claims.some(({ status }) => status === 'rejected')).toBe(true);
  const owners = await Promise.all(
    names.map(async (name) => {
      const store = new FilePkiStore(dir);
      const results = await Promise.allSettled([store.claimName(name, 'device'), store.claimName(name, 'operator')]);
      return results.filter(({ status }) => status === 'fulfilled').length;
    }),
  );
  expect(new Set(owners)).toEqual(new Set([1]));
});

test('a record that was read is not read again for another name: a server asks for one name in a large fleet', async () => {
  const dir = await tempDir();
  const store = new FilePkiStore(dir);
  const records = await sampleRecords(5);
  await store.putAll(records);
  const names = async (filter: IssuedFilter): Promise<string[]> => {
    const found: string[] = [];
    for await (const { commonName } of store.list(filter)) found.push(commonName);
    return found.sort();
  };
  expect(await names({})).toHaveLength(5);
  const [one, two, three] = records;
  if (!one || !two || !three) throw new Error('no records');
  await writeFile(join(dir, `${one.serial}.json`), 'damaged');
  await rm(join(dir, `${two.serial}.json`));
  expect(await names({ commonName: three.commonName })).toEqual([three.commonName]);
  expect(await names({ commonName: two.commonName })).toEqual([]);
  expect(await names({ role: 'operator' })).toEqual([]);
  // whoever asks for the damaged one is told
  for (const filter of [{}, { commonName: one.commonName }]) await rejected(names(filter), 'ERR_PKI_STORE');
  // another process adds one
  const late = (await sampleRecords(6)).find(({ commonName }) => commonName === 'esp-5');
  if (!late) throw new Error('no record');
  await new FilePkiStore(dir).put(late);
  expect(await names({ commonName: 'esp-5' })).toEqual(['esp-5']);
});
