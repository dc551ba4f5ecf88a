import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Claim, type ClaimStore, FileClaimStore, MemoryClaimStore } from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';

const claim = (deviceId: string, fields: Partial<Claim> = {}): Claim => ({
  deviceId,
  tokenSha256: 'ab'.repeat(32),
  spkiSha256: undefined,
  createdAt: new Date('2030-01-01T00:00:00Z'),
  expiresAt: new Date('2030-01-08T00:00:00Z'),
  usedAt: undefined,
  serial: undefined,
  ...fields,
});

async function collect(store: ClaimStore): Promise<Claim[]> {
  const claims: Claim[] = [];
  for await (const one of store.list()) claims.push(one);
  return claims;
}

/** What every store must do. */
describe.each([
  ['MemoryClaimStore', () => Promise.resolve(new MemoryClaimStore())],
  ['FileClaimStore', async () => new FileClaimStore(join(await tempDir(), 'claims'))],
] as const)('%s', (_name, makeStore: () => Promise<ClaimStore>) => {
  test('knows nothing at first, not even under a name that is none', async () => {
    const store = await makeStore();
    expect(await store.get('esp-001')).toBeUndefined();
    expect(await store.get('../../etc/passwd')).toBeUndefined();
    expect(await store.delete('esp-001')).toBe(false);
    expect(await collect(store)).toEqual([]);
  });

  test('gives back what was put, in order, and only the last of a device', async () => {
    const store = await makeStore();
    const used = claim('b', { spkiSha256: 'cd'.repeat(32), usedAt: new Date('2030-01-02T00:00:00Z'), serial: '4A1B' });
    const key = claim('a', { tokenSha256: undefined, spkiSha256: 'ef'.repeat(32) });
    await store.put(claim('b'));
    await store.put(key);
    await store.put(used);
    expect(await collect(store)).toEqual([key, used]);
    expect(await store.get('b')).toEqual(used);
    expect(await store.delete('b')).toBe(true);
    expect(await store.delete('b')).toBe(false);
    expect(await collect(store)).toEqual([key]);
  });

  test('what was given cannot be changed afterwards', async () => {
    const store = await makeStore();
    const mine = { ...claim('a') };
    await store.put(mine);
    Object.assign(mine, { serial: 'FF' });
    expect((await store.get('a'))?.serial).toBeUndefined();
  });

  test('ids that differ only in case are one', async () => {
    const store = await makeStore();
    await store.put(claim('Gate'));
    await rejected(store.put(claim('gate')), 'ERR_PKI_NAME');
    expect(await store.get('gate')).toBeUndefined();
    expect(await store.delete('gate')).toBe(false);
    expect(await collect(store)).toHaveLength(1);
  });

  test('work for one device takes turns, work for another does not wait', async () => {
    const store = await makeStore();
    const order: string[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const first = store.exclusive('a', async () => {
      order.push('first begins');
      begin();
      await held;
      order.push('first ends');
    });
    await begun;
    const second = store.exclusive('A', async () => {
      order.push('second');
      return Promise.resolve('result');
    });
    await store.exclusive('b', () => Promise.resolve());
    release();
    await first;
    expect(await second).toBe('result');
    expect(order).toEqual(['first begins', 'first ends', 'second']);
  });

  test('work that fails does not hold up the next, and an aborted wait ends', async () => {
    const store = await makeStore();
    await expect(store.exclusive('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await store.exclusive('a', () => Promise.resolve(1))).toBe(1);
    const controller = new AbortController();
    controller.abort(new Error('stopped'));
    await expect(store.exclusive('a', () => Promise.resolve(), controller.signal)).rejects.toThrow('stopped');
  });
});

describe('FileClaimStore', () => {
  test('writes files of 0600 in a folder of 0700, without a token, and leaves nothing else', async () => {
    const dir = join(await tempDir(), 'claims');
    const store = new FileClaimStore(dir);
    await store.exclusive('esp-001', () => store.put(claim('esp-001')));
    expect(await readdir(dir)).toEqual(['esp-001.json']);
    if (process.platform !== 'win32') {
      expect((await stat(dir)).mode & 0o777).toBe(0o700);
      expect((await stat(join(dir, 'esp-001.json'))).mode & 0o777).toBe(0o600);
    }
    expect(Object.keys(JSON.parse(await readFile(join(dir, 'esp-001.json'), 'utf8')) as object)).toEqual([
      'deviceId',
      'tokenSha256',
      'createdAt',
      'expiresAt',
    ]);
  });

  test.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['no proof asked for', { tokenSha256: undefined }],
    ['a short hash', { tokenSha256: 'ab' }],
    ['a key hash that is none', { spkiSha256: 1 }],
    ['a date that is none', { expiresAt: '2030-02-31T00:00:00.000Z' }],
    ['no end', { expiresAt: undefined }],
    ['a name that is none', { deviceId: '../x' }],
    ['a serial that is none', { serial: 'x' }],
  ])('a damaged file (%s) is an error that names it', async (_what, change) => {
    const dir = await tempDir();
    const text = typeof change === 'string' ? change : JSON.stringify({ ...claim('a'), ...change });
    await writeFile(join(dir, 'a.json'), text);
    const error = await rejected(new FileClaimStore(dir).get('a'), 'ERR_PKI_STORE');
    expect(error.path).toBe(join(dir, 'a.json'));
  });
});
