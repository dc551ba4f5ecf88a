import { crc32 } from 'node:zlib';

/** Keeps one copy of equal bytes. What it returns may be shared, and is never to be written. */
export interface SectorPool {
  share(bytes: Uint8Array): Uint8Array;
}

/**
 * A fleet holds the same few images over and over: with a pool their sectors are in memory once. Nothing is kept alive by
 * the pool itself.
 */
export const createSectorPool = (): SectorPool => {
  const known = new Map<number, WeakRef<Uint8Array>>();
  const gone = new FinalizationRegistry<number>((key) => {
    if (known.get(key)?.deref() === undefined) known.delete(key);
  });
  return {
    share(bytes) {
      const key = crc32(bytes);
      const found = known.get(key)?.deref();
      if (found !== undefined && Buffer.compare(found, bytes) === 0) return found;
      const kept = bytes.slice();
      // Of two sectors with the same CRC the later one is shared from now on.
      known.set(key, new WeakRef(kept));
      gone.register(kept, key);
      return kept;
    },
  };
};
