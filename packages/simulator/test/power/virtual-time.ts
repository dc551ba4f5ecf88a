import type { Clock } from '../../src/index.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that jumps from timer to timer, and everything that must come to rest before it may. */
export interface VirtualTime {
  readonly clock: Clock;
  readonly nowMs: number;
  /** The clock waits for this work, which is done by real threads. */
  await<T>(work: Promise<T>): Promise<T>;
  /** Runs until the condition holds (true), or nothing happens before the deadline (false; the clock stands there then). */
  run(until: () => boolean, deadlineMs: number): Promise<boolean>;
}

/** 2026-01-01, so that certificates and manifests have a time to live in. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

export const createVirtualTime = (): VirtualTime => {
  const timers = new Set<Timer>();
  const works = new Set<Promise<unknown>>();
  let nowMs = 0;
  let count = 0;

  const first = (): Timer | undefined => {
    let best: Timer | undefined;
    for (const timer of timers) {
      if (best === undefined || timer.at < best.at || (timer.at === best.at && timer.order < best.order)) best = timer;
    }
    return best;
  };
  /** Promises and streams in memory have nothing left to do when an immediate runs. */
  const rest = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    while (works.size > 0) {
      await Promise.all(works);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return {
    clock: {
      monotonicMs: () => nowMs,
      unixMs: () => EPOCH_MS + nowMs,
      schedule(delayMs, callback) {
        count += 1;
        const timer = { at: nowMs + Math.max(0, delayMs), order: count, callback };
        timers.add(timer);
        return () => {
          timers.delete(timer);
        };
      },
    },
    get nowMs() {
      return nowMs;
    },
    await(work) {
      const settled = work.then(
        () => undefined,
        () => undefined,
      );
      works.add(settled);
      void settled.then(() => works.delete(settled));
      return work;
    },
    async run(until, deadlineMs) {
      for (;;) {
        await rest();
        if (until()) return true;
        const next = first();
        if (next === undefined || next.at > deadlineMs) {
          nowMs = Math.max(nowMs, deadlineMs);
          return false;
        }
        timers.delete(next);
        nowMs = Math.max(nowMs, next.at);
        next.callback();
      }
    },
  };
};
