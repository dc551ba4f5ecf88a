import { isErased } from './erased.js';
import { createSectorPool } from './sector-pool.js';

/** Where the bytes of a flash are kept. No rules of its own; `createNorFlash` adds those. All calls are synchronous. */
export interface ByteStore {
  /** A copy of these bytes; what was never written reads as 0xFF. */
  read(offset: number, length: number): Uint8Array;
  /** Replaces bytes. The write may be torn when the process dies, but is ordered after every earlier one. */
  put(offset: number, bytes: Uint8Array): void;
  /** Makes everything written so far survive a crash of the machine. */
  sync(): void;
  /** Idempotent. */
  close(): void;
}

const PAGE_BYTES = 4096;

/** Sectors of all flashes of this process. */
const pool = createSectorPool();

/** Pages grow by this much. */
const GRAIN_BYTES = 256;

interface Page {
  /** The beginning of the page; behind it, it is erased. */
  readonly bytes: Uint8Array;
  /** In the pool: copied before it is written. */
  readonly shared: boolean;
}

/** Bytes in memory: what differs from erased flash, and what is equal in several stores once for all. */
export const createMemoryStore = (): ByteStore => {
  const pages = new Map<number, Page>();
  const each = (offset: number, length: number, visit: (page: number, from: number, at: number, n: number) => void) => {
    for (let done = 0; done < length;) {
      const page = Math.floor((offset + done) / PAGE_BYTES);
      const from = (offset + done) % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - from, length - done);
      visit(page, from, done, count);
      done += count;
    }
  };
  /** All that the page holds: such bytes are often those of another device. */
  const fill = (page: number, bytes: Uint8Array): void => {
    if (isErased(bytes)) pages.delete(page);
    else pages.set(page, { bytes: pool.share(bytes), shared: true });
  };
  /** The page's first `length` bytes at least, to be written to. */
  const own = (page: number, length: number): Uint8Array => {
    const stored = pages.get(page);
    const before = stored?.bytes ?? new Uint8Array();
    if (stored?.shared === false && before.length >= length) return before;
    const bytes = new Uint8Array(Math.max(before.length, Math.ceil(length / GRAIN_BYTES) * GRAIN_BYTES)).fill(0xff);
    bytes.set(before);
    pages.set(page, { bytes, shared: false });
    return bytes;
  };
  return {
    read(offset, length) {
      const out = new Uint8Array(length).fill(0xff);
      each(offset, length, (page, from, at, count) => {
        const stored = pages.get(page);
        if (stored !== undefined) out.set(stored.bytes.subarray(from, from + count), at);
      });
      return out;
    },
    put(offset, bytes) {
      each(offset, bytes.length, (page, from, at, count) => {
        const piece = bytes.subarray(at, at + count);
        const whole = count === PAGE_BYTES || (from === 0 && !pages.has(page));
        if (whole) fill(page, piece);
        else own(page, from + count).set(piece, from);
      });
    },
    sync: () => undefined,
    close: () => undefined,
  };
};
