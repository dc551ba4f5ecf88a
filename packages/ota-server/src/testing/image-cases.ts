import { deepStrictEqual, ok, rejects } from 'node:assert/strict';
import { BYTES, collect, type FirmwareStoreCase, LARGEST_CHUNK_BYTES, SHA256, storeWithImage } from './sample.js';

const STORED = { sha256: SHA256, size: BYTES.length };
const damaged = { code: 'store_damaged' };
const NO_HASHES = ['', '.', '../images', SHA256.toUpperCase(), `${SHA256}.bin`, `./${SHA256}`];
const RANGES = [
  [0, 0],
  [1, 262_144],
  [262_143, 262_145],
  [600_000, 600_000],
  [0, 600_000],
] as const;

const isWhole = (bytes: Uint8Array) => {
  ok(BYTES.equals(bytes), 'the image read is not the image stored');
};

export const IMAGE_CASES: readonly FirmwareStoreCase[] = [
  {
    name: 'keeps images under their hash, however often they are stored',
    async run(makeStore) {
      const store = await makeStore();
      deepStrictEqual(await store.putImage({ bytes: BYTES }), STORED);
      deepStrictEqual(await store.putImage({ bytes: BYTES }), STORED);
      deepStrictEqual(await store.statImage({ sha256: SHA256 }), STORED);
      isWhole(await collect(store.readImage({ sha256: SHA256 })));
    },
  },
  {
    name: 'keeps what it was given, not the buffer of the caller',
    async run(makeStore) {
      const store = await makeStore();
      const bytes = Buffer.from(BYTES);
      const putting = store.putImage({ bytes });
      bytes.fill(0);
      await putting;
      isWhole(await collect(store.readImage({ sha256: SHA256 })));
    },
  },
  ...RANGES.map(([start, end]): FirmwareStoreCase => ({
    name: `reads bytes ${start} to ${end}, in chunks of at most 256 KiB that may be kept`,
    async run(makeStore) {
      const store = await storeWithImage(makeStore);
      const chunks: Uint8Array[] = [];
      for await (const chunk of store.readImage({ sha256: SHA256, start, end })) {
        ok(chunk.length <= LARGEST_CHUNK_BYTES, `a chunk has ${chunk.length} bytes`);
        chunks.push(chunk);
      }
      ok(Buffer.concat(chunks).equals(BYTES.subarray(start, end + 1)), 'other bytes than asked for');
      isWhole(await collect(store.readImage({ sha256: SHA256 })));
    },
  })),
  {
    name: 'serves many readers of one image at once',
    async run(makeStore) {
      const store = await storeWithImage(makeStore);
      const readers = Array.from({ length: 8 }, (_, start) => collect(store.readImage({ sha256: SHA256, start })));
      for (const [start, bytes] of (await Promise.all(readers)).entries()) ok(BYTES.subarray(start).equals(bytes));
    },
  },
  {
    name: 'fails to read what is not there, or longer than it is, and not before it is read',
    async run(makeStore) {
      const store = await storeWithImage(makeStore);
      const missing = store.readImage({ sha256: 'b'.repeat(64) });
      const beyond = store.readImage({ sha256: SHA256, start: 0, end: BYTES.length });
      await rejects(collect(missing), damaged);
      await rejects(collect(beyond), damaged);
    },
  },
  {
    name: 'knows no image by anything but a hash',
    async run(makeStore) {
      const store = await storeWithImage(makeStore);
      for (const sha256 of NO_HASHES) {
        deepStrictEqual(await store.statImage({ sha256 }), undefined);
        await rejects(collect(store.readImage({ sha256 })), damaged);
      }
    },
  },
];
