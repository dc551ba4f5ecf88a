import { markAsUntransferable } from 'node:worker_threads';

/** A block that stays in memory until it is released. */
export interface HeldBlock {
  /** Shared with others who hold it: never write to it. Rejects as `load` did. */
  readonly bytes: Promise<Uint8Array>;
  /** Idempotent. */
  release(): void;
}

interface Entry {
  readonly bytes: Promise<Uint8Array>;
  readonly size: number;
  holders: number;
}

/**
 * Blocks of files that are read often, once for everybody who reads them. Blocks in use and blocks kept for the next reader
 * together never take more than `maxBytes`; those used longest ago go first.
 */
export class BlockCache {
  readonly #maxBytes: number;
  /** Oldest use first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The block of that key, by `load` if it is not there; `undefined` when the blocks in use leave no room for it. Everybody
   * who asks while it is loaded waits for the same `load`; what failed is not kept.
   */
  hold(key: string, size: number, load: () => Promise<Uint8Array>): HeldBlock | undefined {
    const entry = this.#entries.get(key) ?? this.#load(key, size, load);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.holders += 1;
    let held = true;
    return {
      bytes: entry.bytes,
      release() {
        if (held) entry.holders -= 1;
        held = false;
      },
    };
  }

  #load(key: string, size: number, load: () => Promise<Uint8Array>): Entry | undefined {
    if (!this.#makeRoom(size)) return undefined;
    const entry: Entry = { bytes: load().then(shared), size, holders: 0 };
    this.#bytes += size;
    entry.bytes.catch(() => {
      this.#drop(key, entry);
    });
    return entry;
  }

  #makeRoom(size: number): boolean {
    for (const [key, entry] of this.#entries) {
      if (this.#bytes + size <= this.#maxBytes) break;
      if (entry.holders === 0) this.#drop(key, entry);
    }
    return this.#bytes + size <= this.#maxBytes;
  }

  #drop(key: string, entry: Entry): void {
    if (this.#entries.delete(key)) this.#bytes -= entry.size;
  }
}

/** A transfer to a worker would take the bytes away from everybody else: it fails, or copies them (Node.js 20), instead. */
function shared(bytes: Uint8Array): Uint8Array {
  markAsUntransferable(bytes.buffer);
  return bytes;
}
