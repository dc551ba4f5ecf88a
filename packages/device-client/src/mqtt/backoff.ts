import { randomFraction, type RandomBytes } from '../environment.js';

/** How long to wait before reconnecting. */
export interface BackoffOptions {
  /** Upper bound of the first delay, milliseconds. */
  readonly firstMs: number;
  /** Upper bound of every delay, milliseconds. */
  readonly maxMs: number;
}

/**
 * Exponential backoff with full jitter: uniform in 1..min(max, first * 2^attempt), so that a fleet of clients does not
 * return to a restarted broker in step. `attempt` counts from 0.
 */
export function backoffDelayMs(options: BackoffOptions, attempt: number, random: RandomBytes): number {
  const ceiling = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 30));
  return 1 + Math.floor(randomFraction(random) * ceiling);
}
