import { createHash } from 'node:crypto';
import { OtaError } from '../errors.js';
import type { Release } from '../update/release.js';
import { CHUNK_BYTES, type FirmwareStore } from './firmware-store.js';
import { checkRelease } from './release-record.js';

/** A store that forgets: the reference for the contract, and the place for tests. */
export function createMemoryFirmwareStore(): FirmwareStore {
  const images = new Map<string, Uint8Array>();
  const releases: Release[] = [];

  async function* chunks(bytes: Uint8Array | undefined, start: number, end: number | undefined, signal?: AbortSignal) {
    const last = end ?? (bytes?.length ?? 0) - 1;
    if (bytes === undefined || last >= bytes.length) {
      throw new OtaError('store_damaged', 'the image is not stored, or shorter than asked for');
    }
    for (let at = start; at <= last; at += CHUNK_BYTES) {
      signal?.throwIfAborted();
      yield await Promise.resolve(bytes.subarray(at, Math.min(at + CHUNK_BYTES, last + 1)));
    }
  }

  return Object.freeze({
    async listReleases({ channel, signal } = {}) {
      await Promise.resolve();
      signal?.throwIfAborted();
      return releases.filter((release) => channel === undefined || release.channel === channel);
    },
    async statImage({ sha256, signal }) {
      await Promise.resolve();
      signal?.throwIfAborted();
      const bytes = images.get(sha256);
      return bytes && { sha256, size: bytes.length };
    },
    readImage: ({ sha256, start = 0, end, signal }) => chunks(images.get(sha256), start, end, signal),
    async putImage({ bytes, signal }) {
      const copy = new Uint8Array(bytes);
      await Promise.resolve();
      signal?.throwIfAborted();
      const sha256 = createHash('sha256').update(copy).digest('hex');
      images.set(sha256, copy);
      return { sha256, size: copy.length };
    },
    async appendRelease({ release, signal }) {
      await Promise.resolve();
      signal?.throwIfAborted();
      const record = checkRelease(release);
      if (images.get(record.sha256)?.length !== record.size) {
        throw new OtaError('bad_option', 'release.sha256 and release.size name no stored image');
      }
      if (record.seq !== (releases.at(-1)?.seq ?? 0) + 1) {
        throw new OtaError('conflict', `release ${record.seq} is not the next one`);
      }
      releases.push(record);
    },
  } satisfies FirmwareStore);
}
