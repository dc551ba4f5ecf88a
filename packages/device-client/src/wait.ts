import type { Place } from './chain.js';
import { createDeferred, type Deferred } from './deferred.js';
import type { Timers } from './environment.js';
import { DeviceClientError, type DeviceClientErrorCode } from './errors.js';
import type { Lifetime, Mortal } from './lifetime.js';

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

/** What can be told that it is over. */
export interface Failable {
  fail(error: DeviceClientError): void;
}

/** One operation's patience: it ends at a deadline, when the caller aborts, or when the client closes. */
export interface Wait {
  /** True once the patience has ended. */
  readonly over: boolean;
  /** Settles like `promise`, or rejects as soon as the patience ends. */
  race<T>(promise: Promise<T>): Promise<T>;
  /** Fails `subject` when the patience ends, at once if it has: a race without promises. One subject for each wait. */
  guard(subject: Failable): void;
  /** Must be called when the operation is over: frees the timer and the listeners. */
  dispose(): void;
}

export interface WaitSetup {
  readonly timers: Timers;
  readonly deadlineMs: number;
  /** What is waited for, for the error message. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  /** Ends when the client closes. */
  readonly lifetime?: Lifetime | undefined;
}

export const startWait = (setup: WaitSetup): Wait => new Patience(setup);

class Patience implements Wait, Mortal {
  readonly #setup: WaitSetup;
  readonly #timer: unknown;
  readonly #place: Place<Mortal> | undefined;
  readonly #onAbort: (() => void) | undefined;
  #error: DeviceClientError | undefined;
  #subject: Failable | undefined;
  /** Only made for a race. */
  #ended: Deferred<never> | undefined;

  constructor(setup: WaitSetup) {
    const { timers, signal, lifetime } = setup;
    const deadlineMs = checkMs('deadlineMs', setup.deadlineMs);
    this.#setup = setup;
    this.#timer = timers.setTimeout(() => {
      this.#end('deadline', `no answer within ${String(deadlineMs)} ms`);
    }, deadlineMs);
    this.#place = lifetime?.join(this);
    if (lifetime?.ended === true) this.onLifetimeEnd();
    if (signal === undefined) return;
    this.#onAbort = () => {
      this.#end('aborted', 'aborted by the caller', { cause: signal.reason });
    };
    signal.addEventListener('abort', this.#onAbort);
    if (signal.aborted) this.#onAbort();
  }

  get over(): boolean {
    return this.#error !== undefined;
  }

  race<T>(promise: Promise<T>): Promise<T> {
    if (this.#ended === undefined) {
      this.#ended = createDeferred<never>();
      if (this.#error !== undefined) this.#ended.reject(this.#error);
    }
    return Promise.race([this.#ended.promise, promise]);
  }

  guard(subject: Failable): void {
    this.#subject = subject;
    if (this.#error !== undefined) subject.fail(this.#error);
  }

  dispose(): void {
    const { timers, signal, lifetime } = this.#setup;
    timers.clearTimeout(this.#timer);
    if (this.#place !== undefined) lifetime?.leave(this.#place);
    if (this.#onAbort !== undefined) signal?.removeEventListener('abort', this.#onAbort);
  }

  onLifetimeEnd(): void {
    this.#end('closed', 'the client is closed');
  }

  #end(code: DeviceClientErrorCode, why: string, options?: ErrorOptions): void {
    if (this.#error !== undefined) return;
    this.#error = new DeviceClientError(code, `${this.#setup.what}: ${why}`, options);
    this.#ended?.reject(this.#error);
    this.#subject?.fail(this.#error);
  }
}
