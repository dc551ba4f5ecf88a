/** Delays between attempts to reconnect: doubled after each failure, with full jitter. */
export interface BackoffOptions {
  /** Upper bound of the first delay, milliseconds. Default 500. */
  readonly baseMs?: number;
  /** Upper bound of every delay, milliseconds. Default 30 000. */
  readonly maxMs?: number;
}

/** Delays between attempts. */
export interface Backoff {
  nextMs(): number;
  reset(): void;
}

/**
 * Exponential backoff with full jitter: uniform in 0..min(max, base * 2^n), so that a fleet that lost its broker does not
 * come back in step.
 * @param random uniform in [0, 1)
 */
export const createBackoff = (random: () => number, options: BackoffOptions = {}): Backoff => {
  const { baseMs = 500, maxMs = 30_000 } = options;
  let attempt = 0;
  return {
    nextMs() {
      const bound = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
      attempt += 1;
      return Math.floor(random() * bound);
    },
    reset() {
      attempt = 0;
    },
  };
};
