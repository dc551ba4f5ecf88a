export interface AttemptLimits {
  readonly max: number;
  readonly windowMs: number;
  readonly now: () => Date;
  /** names that are remembered at a time; beyond it the oldest are forgotten */
  readonly capacity?: number;
}

interface Window {
  count: number;
  readonly endsMs: number;
}

/** Counts attempts per name in windows of fixed length, in bounded memory. */
export class AttemptLimiter {
  readonly #limits: Required<AttemptLimits>;
  readonly #windows = new Map<string, Window>();

  constructor(limits: AttemptLimits) {
    this.#limits = { capacity: 4096, ...limits };
  }

  /** Counts one attempt. Undefined while there are few enough, else the seconds to wait. */
  count(name: string): number | undefined {
    const { max, windowMs, now, capacity } = this.#limits;
    const nowMs = now().getTime();
    const current = this.#windows.get(name);
    if (current !== undefined && nowMs < current.endsMs) {
      current.count += 1;
      return current.count > max ? Math.ceil((current.endsMs - nowMs) / 1000) : undefined;
    }
    this.#windows.delete(name);
    for (const [oldest, { endsMs }] of this.#windows) {
      if (this.#windows.size < capacity && nowMs < endsMs) break;
      this.#windows.delete(oldest);
    }
    this.#windows.set(name, { count: 1, endsMs: nowMs + windowMs });
    return undefined;
  }

  get size(): number {
    return this.#windows.size;
  }
}
