import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { FirmwareStore, Release } from '../../src/index.js';
import { collect } from '../fixtures/bytes.js';

const BYTES = Buffer.alloc(150_001, 'firmware');
const SHA256 = createHash('sha256').update(BYTES).digest('hex');

export const release = (seq: number, over: Partial<Release> = {}): Release => ({
  seq,
  channel: 'app',
  project: 'app',
  chip: 'esp32',
  version: `1.0.${seq}`,
  secureVersion: 0,
  size: BYTES.length,
  sha256: SHA256,
  image: 'a'.repeat(64),
  releasedAt: 1_700_000_000,
  ...over,
});

/** What every store promises. `makeStore` gives a new, empty one. */
export function describeFirmwareStore(name: string, makeStore: () => Promise<FirmwareStore>): void {
  const stored = async (): Promise<FirmwareStore> => {
    const store = await makeStore();
    await store.putImage({ bytes: BYTES });
    return store;
  };

  describe(`${name}: the contract of a firmware store`, () => {
    it('is empty at first', async () => {
      const store = await makeStore();
      expect(await store.listReleases()).toEqual([]);
      expect(await store.listReleases({ channel: 'app' })).toEqual([]);
      expect(await store.statImage({ sha256: SHA256 })).toBeUndefined();
    });

    it('keeps images under their hash', async () => {
      const store = await makeStore();
      expect(await store.putImage({ bytes: BYTES })).toEqual({ sha256: SHA256, size: BYTES.length });
      expect(await store.putImage({ bytes: BYTES })).toEqual({ sha256: SHA256, size: BYTES.length });
      expect(await store.statImage({ sha256: SHA256 })).toEqual({ sha256: SHA256, size: BYTES.length });
      expect((await collect(store.readImage({ sha256: SHA256 }))).equals(BYTES)).toBe(true);
    });

    it('keeps what it was given, not the buffer of the caller', async () => {
      const store = await makeStore();
      const bytes = Buffer.from(BYTES);
      const putting = store.putImage({ bytes });
      bytes.fill(0);
      await putting;
      expect((await collect(store.readImage({ sha256: SHA256 }))).equals(BYTES)).toBe(true);
    });

    it.each([
      [0, 0],
      [1, 65_536],
      [65_535, 65_537],
      [150_000, 150_000],
      [0, 150_000],
    ])('reads bytes %i to %i, in chunks of at most 64 KiB that are the reader’s own', async (start, end) => {
      const store = await stored();
      const chunks: Uint8Array[] = [];
      for await (const chunk of store.readImage({ sha256: SHA256, start, end })) {
        expect(chunk.length).toBeLessThanOrEqual(65_536);
        chunks.push(Uint8Array.from(chunk));
        chunk.fill(0);
      }
      expect(Buffer.concat(chunks).equals(BYTES.subarray(start, end + 1))).toBe(true);
      expect((await collect(store.readImage({ sha256: SHA256 }))).equals(BYTES)).toBe(true);
    });

    it('fails to read what is not there, or longer than it is, and not before it is read', async () => {
      const store = await stored();
      const missing = store.readImage({ sha256: 'b'.repeat(64) });
      await expect(collect(missing)).rejects.toMatchObject({ code: 'store_damaged' });
      const beyond = store.readImage({ sha256: SHA256, start: 0, end: BYTES.length });
      await expect(collect(beyond)).rejects.toMatchObject({ code: 'store_damaged' });
    });

    it('knows no image by anything but a hash', async () => {
      const store = await stored();
      for (const sha256 of ['', '.', '../images', SHA256.toUpperCase(), `${SHA256}.bin`, `./${SHA256}`]) {
        expect(await store.statImage({ sha256 })).toBeUndefined();
        await expect(collect(store.readImage({ sha256 }))).rejects.toMatchObject({ code: 'store_damaged' });
      }
    });

    it('lists releases in order, all or by channel, as they were given', async () => {
      const store = await stored();
      const first = release(1, { from: ['1.0'], expiresAt: 1_800_000_000, manifest: 'a.b.c' });
      const second = release(2, { channel: 'beta', project: 'ünï' });
      await store.appendRelease({ release: first });
      await store.appendRelease({ release: second });
      expect(await store.listReleases()).toEqual([first, second]);
      expect(await store.listReleases({ channel: 'beta' })).toEqual([second]);
      expect(await store.listReleases({ channel: 'nothing' })).toEqual([]);
    });

    it('takes each number once, and only the next one', async () => {
      const store = await stored();
      await expect(store.appendRelease({ release: release(2) })).rejects.toMatchObject({ code: 'conflict' });
      await store.appendRelease({ release: release(1) });
      await expect(store.appendRelease({ release: release(1) })).rejects.toMatchObject({ code: 'conflict' });
      await expect(store.appendRelease({ release: release(3) })).rejects.toMatchObject({ code: 'conflict' });
      expect(await store.listReleases()).toEqual([release(1)]);
    });

    it('lets exactly one of many writers have a number', async () => {
      const store = await stored();
      const writers = Array.from({ length: 10 }, (_, index) => release(1, { version: `2.0.${index}` }));
      const results = await Promise.allSettled(writers.map((record) => store.appendRelease({ release: record })));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const winner = writers[results.findIndex(({ status }) => status === 'fulfilled')];
      expect(await store.listReleases()).toEqual([winner]);
    });

    it('refuses a release of an image that it does not have', async () => {
      const store = await makeStore();
      await expect(store.appendRelease({ release: release(1) })).rejects.toMatchObject({ code: 'bad_option' });
      await store.putImage({ bytes: BYTES });
      const wrongSize = release(1, { size: 5 });
      await expect(store.appendRelease({ release: wrongSize })).rejects.toMatchObject({ code: 'bad_option' });
      expect(await store.listReleases()).toEqual([]);
    });

    it.each([
      ['seq', { seq: 0 }],
      ['seq', { seq: 1.5 }],
      ['seq', { seq: 2 ** 32 }],
      ['channel', { channel: '../escape' }],
      ['channel', { channel: '' }],
      ['project', { project: 'p'.repeat(33) }],
      ['chip', { chip: 'esp 32' }],
      ['version', { version: 'v'.repeat(33) }],
      ['secureVersion', { secureVersion: -1 }],
      ['sha256', { sha256: '../../etc/passwd' }],
      ['image', { image: 'A'.repeat(64) }],
      ['releasedAt', { releasedAt: Number.NaN }],
      ['from', { from: Array<string>(9).fill('1') }],
      ['manifest', { manifest: 'm'.repeat(20_000) }],
    ])('refuses a record whose %s is out of range', async (field, over) => {
      const store = await stored();
      const attempt = store.appendRelease({ release: release(1, over) });
      await expect(attempt).rejects.toMatchObject({ code: 'bad_option' });
      await expect(attempt).rejects.toThrow(field);
    });

    it('does nothing for an aborted signal', async () => {
      const store = await stored();
      const signal = AbortSignal.abort();
      const aborted = { name: 'AbortError' };
      await expect(store.listReleases({ signal })).rejects.toMatchObject(aborted);
      await expect(store.statImage({ sha256: SHA256, signal })).rejects.toMatchObject(aborted);
      await expect(store.putImage({ bytes: BYTES, signal })).rejects.toMatchObject(aborted);
      await expect(store.appendRelease({ release: release(1), signal })).rejects.toMatchObject(aborted);
      await expect(collect(store.readImage({ sha256: SHA256, signal }))).rejects.toMatchObject(aborted);
    });

    it('stops reading when the signal is aborted on the way', async () => {
      const store = await stored();
      const controller = new AbortController();
      const read = async () => {
        for await (const chunk of store.readImage({ sha256: SHA256, signal: controller.signal })) {
          expect(chunk.length).toBe(65_536);
          controller.abort();
        }
      };
      await expect(read()).rejects.toMatchObject({ name: 'AbortError' });
    });
  });
}
