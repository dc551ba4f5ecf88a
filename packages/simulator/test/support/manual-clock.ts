import type { Clock } from '../../src/index.js';

/** A clock that stands still until it is told how much time passes. */
export interface ManualClock {
  readonly clock: Clock;
  advance(byMs: number): void;
  /** Timers that are set. */
  pending(): number;
}

export const createManualClock = (): ManualClock => {
  const timers = new Map<object, { readonly at: number; readonly callback: () => void }>();
  let nowMs = 0;
  return {
    clock: {
      monotonicMs: () => nowMs,
      unixMs: () => nowMs,
      schedule(delayMs, callback) {
        const key = {};
        timers.set(key, { at: nowMs + delayMs, callback });
        return () => {
          timers.delete(key);
        };
      },
    },
    advance(byMs) {
      nowMs += byMs;
      for (const [key, { at, callback }] of [...timers].sort(([, a], [, b]) => a.at - b.at)) {
        if (at <= nowMs && timers.delete(key)) callback();
      }
    },
    pending: () => timers.size,
  };
};
