import type { Timers } from './environment.js';
import { DeviceClientError } from './errors.js';
import type { Lifetime } from './lifetime.js';

/** For every call that waits. */
export interface WaitOptions {
  /** Gives up waiting; the call rejects with code `aborted`. What was sent already is not taken back. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait in milliseconds, 1..2147483647. The call then rejects with code `deadline`. */
  readonly deadlineMs?: number | undefined;
}

/** The longest delay that timers represent. */
export const DEADLINE_MAX_MS = 2_147_483_647;

export function checkMs(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= DEADLINE_MAX_MS) return value;
  throw new DeviceClientError(
    'invalid_argument',
    `${name} must be an integer in 1..${String(DEADLINE_MAX_MS)} milliseconds`,
  );
}

/** One operation's patience: it ends at a deadline, when the caller aborts, or when the client closes. */
export interface Wait {
  /** Settles like `promise`, or rejects as soon as the patience ends. */
  race<T>(promise: Promise<T>): Promise<T>;
  /** Must be called when the operation is over: frees the timer and the listeners. */
  dispose(): void;
}

export function startWait(options: {
  readonly timers: Timers;
  readonly deadlineMs: number;
  /** What is waited for, for the error message. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  /** Ends when the client closes. */
  readonly lifetime?: Lifetime | undefined;
}): Wait {
  const { timers, what, signal, lifetime } = options;
  const deadlineMs = checkMs('deadlineMs', options.deadlineMs);
  let fail: (error: DeviceClientError) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // The operation may settle first, and then nobody looks at this promise.
  ended.catch(() => undefined);

  const timer = timers.setTimeout(() => {
    fail(new DeviceClientError('deadline', `${what}: no answer within ${String(deadlineMs)} ms`));
  }, deadlineMs);
  const onAbort = (): void => {
    fail(new DeviceClientError('aborted', `${what}: aborted by the caller`, { cause: signal?.reason }));
  };
  const onClosed = (): void => {
    fail(new DeviceClientError('closed', `${what}: the client is closed`));
  };
  signal?.addEventListener('abort', onAbort);
  const stopListening = lifetime?.onEnd(onClosed);
  if (lifetime?.ended === true) onClosed();
  if (signal?.aborted === true) onAbort();

  return {
    race: (promise) => Promise.race([ended, promise]),
    dispose: () => {
      timers.clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      stopListening?.();
    },
  };
}
