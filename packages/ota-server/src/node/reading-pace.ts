export interface ReadingPaceOptions {
  readonly minimumBytesPerSecond: number;
  /** What a reader may fall behind, milliseconds at the minimum rate. */
  readonly graceMs: number;
}

/**
 * Data leaves in pieces that count when they are taken as a whole: a reader has time for the next piece by the size of the
 * last. Bounded, so that having been fast does not allow to be slow for ever.
 */
const MAX_PIECE_BYTES = 256 * 1024;

/**
 * Whether a reader keeps a minimum rate on average. It has a credit in bytes, which what it takes adds to, and time takes
 * from; without credit it is too slow. A reader for whom nothing waits has full credit: it is the server that is slow.
 */
export class ReadingPace {
  readonly #bytesPerMs: number;
  readonly #full: number;
  #credit: number;
  #taken: number;
  #at: number;

  /** `taken` counts the bytes that the connection took so far. `at` is monotonic, milliseconds. */
  constructor({ minimumBytesPerSecond, graceMs }: ReadingPaceOptions, taken: number, at: number) {
    this.#bytesPerMs = minimumBytesPerSecond / 1000;
    this.#full = this.#bytesPerMs * graceMs;
    this.#credit = this.#full;
    this.#taken = taken;
    this.#at = at;
  }

  /** `waiting`: whether there is something that the reader has not taken yet. */
  isTooSlow(taken: number, waiting: boolean, at: number): boolean {
    const bytes = taken - this.#taken;
    const credit = this.#credit + bytes - this.#bytesPerMs * (at - this.#at);
    const most = Math.max(this.#full, Math.min(bytes, MAX_PIECE_BYTES));
    this.#taken = taken;
    this.#at = at;
    this.#credit = waiting ? Math.min(credit, most) : this.#full;
    return this.#credit < 0;
  }
}
