import type { Release } from '../update/release.js';

/** A file in a store, named by its content. */
export interface StoredImage {
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** What every method of a store takes. */
export interface StoreOptions {
  /** Ends the call early; it then rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** What serving needs. */
export interface FirmwareReader {
  /** All releases, or those of one channel, in order of `seq`. A release is visible once `appendRelease` has resolved. */
  listReleases(options?: StoreOptions & { readonly channel?: string }): Promise<readonly Release[]>;

  /** The stored image of that hash, or `undefined`. Cheap: reads no content. */
  statImage(options: StoreOptions & { readonly sha256: string }): Promise<StoredImage | undefined>;

  /**
   * Bytes `start` to `end` (inclusive, default: all) of a stored image, in chunks of at most 256 KiB.
   *
   * Lazy: nothing is opened before the first chunk is asked for, so a body that nobody reads holds nothing. Ending the
   * loop early (`break`, `return()`, an abort of `signal`) releases what was opened. A chunk may be shared with
   * other readers: keep it as long as you like, never write to it and never transfer its buffer.
   * Fails with `store_damaged` when the image is missing or shorter than asked for.
   */
  readImage(
    options: StoreOptions & { readonly sha256: string; readonly start?: number; readonly end?: number },
  ): AsyncIterable<Uint8Array>;
}

/** What publishing needs. Neither method looks at what the bytes mean: that is the upload gate's work. */
export interface FirmwareWriter {
  /**
   * Stores bytes under their own hash, as they are at the time of the call. Idempotent. When it rejects, or the process
   * dies, nothing is visible.
   */
  putImage(options: StoreOptions & { readonly bytes: Uint8Array }): Promise<StoredImage>;

  /**
   * Makes a release visible, durably and all at once. The one lock of a store: `seq` must be one more than the highest
   * there is (1 in an empty store), and of two writers with the same `seq` exactly one wins; the other is rejected with
   * `conflict`, reads again and decides again. `bad_option` when the record is malformed or its image is not stored.
   */
  appendRelease(options: StoreOptions & { readonly release: Release }): Promise<void>;
}

/** Bytes and records. Policy (who may fetch, what is newer, what may be published) is not a store's business. */
export interface FirmwareStore extends FirmwareReader, FirmwareWriter {}

/** Largest piece that a store hands out, bytes. */
export const CHUNK_BYTES = 256 * 1024;
