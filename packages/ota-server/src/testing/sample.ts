import { createHash } from 'node:crypto';
import type { FirmwareStore } from '../stores/firmware-store.js';
import type { Release } from '../update/release.js';

/** Three chunks, the last one a little more than a quarter of one. */
export const BYTES: Buffer = Buffer.alloc(600_001, 'firmware');
export const SHA256: string = createHash('sha256').update(BYTES).digest('hex');
export const LARGEST_CHUNK_BYTES = 256 * 1024;

/** A record that fits {@link BYTES}. */
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

/** A new, empty store. */
export type MakeFirmwareStore = () => FirmwareStore | Promise<FirmwareStore>;

/** One promise of a store. `run` rejects with an `AssertionError`, or with the store's own error, when it is broken. */
export interface FirmwareStoreCase {
  /** What the store does, as the rest of a sentence. */
  readonly name: string;
  /** Makes the stores that it needs; one is not used by two cases. */
  readonly run: (makeStore: MakeFirmwareStore) => Promise<void>;
}

export async function storeWithImage(makeStore: MakeFirmwareStore): Promise<FirmwareStore> {
  const store = await makeStore();
  await store.putImage({ bytes: BYTES });
  return store;
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
