/** Time as the device sees it. Injected, so that tests need not wait. */
export interface Clock {
  /** Milliseconds since some fixed moment, never set back. */
  monotonicMs(): number;
  /** Unix time in milliseconds; 0 when the device has no time. */
  unixMs(): number;
  /** Calls back once, after `delayMs`. The result cancels it. */
  schedule(delayMs: number, callback: () => void): () => void;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/** The platform's clock and timers. */
export const systemClock: Clock = Object.freeze({
  monotonicMs: () => performance.now(),
  unixMs: () => Date.now(),
  schedule: (delayMs: number, callback: () => void) => {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
    return () => {
      clearTimeout(timer);
    };
  },
});

/** Starts a countdown: tells how many milliseconds are left, 0 when none are. */
export const countdown = (clock: Clock, limitMs: number): (() => number) => {
  const endsAt = clock.monotonicMs() + limitMs;
  return () => Math.max(0, endsAt - clock.monotonicMs());
};

/** Resolves after `delayMs`, or at once when the signal aborts. */
export const pause = (clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.schedule(delayMs, done);
    signal.addEventListener('abort', done, { once: true });
  });

/** Rejects with `late()` unless the promise settles within `limitMs`. */
export const withDeadline = async <T>(
  clock: Clock,
  limitMs: number,
  promise: Promise<T>,
  late: () => Error,
): Promise<T> => {
  let cancel: () => void = () => undefined;
  const timeout = new Promise<never>((_, reject) => {
    cancel = clock.schedule(limitMs, () => {
      reject(late());
    });
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    cancel();
  }
};
