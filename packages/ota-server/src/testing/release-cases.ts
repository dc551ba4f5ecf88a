import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict';
import type { Release } from '../update/release.js';
import { BYTES, type FirmwareStoreCase, release, SHA256, storeWithImage } from './sample.js';

const conflict = { code: 'conflict' };
const badOption = { code: 'bad_option' };

const shorten = (value: unknown): string =>
  typeof value === 'number' ? String(value) : JSON.stringify(value).slice(0, 24);

const OUT_OF_RANGE: readonly Partial<Release>[] = [
  { seq: 0 },
  { seq: 1.5 },
  { seq: 2 ** 32 },
  { channel: '../escape' },
  { channel: '' },
  { project: 'p'.repeat(33) },
  { chip: 'esp 32' },
  { version: 'v'.repeat(33) },
  { secureVersion: -1 },
  { sha256: '../../etc/passwd' },
  { image: 'A'.repeat(64) },
  { releasedAt: Number.NaN },
  { from: Array<string>(9).fill('1') },
  { manifest: 'm'.repeat(20_000) },
];

export const RELEASE_CASES: readonly FirmwareStoreCase[] = [
  {
    name: 'is empty at first',
    async run(makeStore) {
      const store = await makeStore();
      deepStrictEqual(await store.listReleases(), []);
      deepStrictEqual(await store.listReleases({ channel: 'app' }), []);
      strictEqual(await store.statImage({ sha256: SHA256 }), undefined);
    },
  },
  {
    name: 'lists releases in order, all or by channel, as they were given',
    async run(makeStore) {
      const store = await storeWithImage(makeStore);
      const first = release(1, { from: ['1.0'], expiresAt: 1_800_000_000, manifest: 'a.b.c' });
      const second = release(2, { channel: 'beta', project: 'ünï' });
      await store.appendRelease({ release: first });
      await store.appendRelease({ release: second });
      deepStrictEqual(await store.listReleases(), [first, second]);
      deepStrictEqual(await store.listReleases({ channel: 'beta' }), [second]);
      deepStrictEqual(await store.listReleases({ channel: 'nothing' }), []);
    },
  },
  {
    name: 'takes each number once, and only the next one',
    async run(makeStore) {
      const store = await storeWithImage(makeStore);
      await rejects(store.appendRelease({ release: release(2) }), conflict);
      await store.appendRelease({ release: release(1) });
      await rejects(store.appendRelease({ release: release(1) }), conflict);
      await rejects(store.appendRelease({ release: release(3) }), conflict);
      deepStrictEqual(await store.listReleases(), [release(1)]);
    },
  },
  {
    name: 'lets exactly one of many writers have a number',
    async run(makeStore) {
      const store = await storeWithImage(makeStore);
      const writers = Array.from({ length: 10 }, (_, index) => release(1, { version: `2.0.${index}` }));
      const results = await Promise.allSettled(writers.map((record) => store.appendRelease({ release: record })));
      const winners = writers.filter((_, index) => results[index]?.status === 'fulfilled');
      strictEqual(winners.length, 1);
      deepStrictEqual(await store.listReleases(), winners);
    },
  },
  {
    name: 'refuses a release of an image that it does not have',
    async run(makeStore) {
      const store = await makeStore();
      await rejects(store.appendRelease({ release: release(1) }), badOption);
      await store.putImage({ bytes: BYTES });
      await rejects(store.appendRelease({ release: release(1, { size: 5 }) }), badOption);
      deepStrictEqual(await store.listReleases(), []);
    },
  },
  ...OUT_OF_RANGE.map((over): FirmwareStoreCase => {
    const [[field, value] = ['', undefined]] = Object.entries(over);
    return {
      name: `refuses a record whose ${field} is out of range: ${shorten(value)}`,
      async run(makeStore) {
        const store = await storeWithImage(makeStore);
        await rejects(store.appendRelease({ release: release(1, over) }), (error: unknown) => {
          ok(error instanceof Error && 'code' in error);
          strictEqual(error.code, 'bad_option');
          ok(error.message.includes(field), `the message does not name ${field}`);
          return true;
        });
      },
    };
  }),
];
