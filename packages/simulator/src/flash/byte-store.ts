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

/** Bytes in memory, allocated page by page on the first write. */
export const createMemoryStore = (): ByteStore => {
  const pages = new Map<number, Uint8Array>();
  const each = (offset: number, length: number, visit: (page: number, from: number, at: number, n: number) => void) => {
    for (let done = 0; done < length;) {
      const page = Math.floor((offset + done) / PAGE_BYTES);
      const from = (offset + done) % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - from, length - done);
      visit(page, from, done, count);
      done += count;
    }
  };
  return {
    read(offset, length) {
      const out = new Uint8Array(length).fill(0xff);
      each(offset, length, (page, from, at, count) => {
        const stored = pages.get(page);
        if (stored !== undefined) out.set(stored.subarray(from, from + count), at);
      });
      return out;
    },
    put(offset, bytes) {
      each(offset, bytes.length, (page, from, at, count) => {
        let stored = pages.get(page);
        if (stored === undefined) {
          stored = new Uint8Array(PAGE_BYTES).fill(0xff);
          pages.set(page, stored);
        }
        stored.set(bytes.subarray(at, at + count), from);
      });
    },
    sync: () => undefined,
    close: () => undefined,
  };
};
