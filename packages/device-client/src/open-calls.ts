import type { Timers } from './environment.js';
import { DeviceClientError } from './errors.js';
import { startWait } from './wait.js';
import type { Lifetime } from './lifetime.js';
import { createDeferred } from './deferred.js';

/** The calls that a client has accepted and not yet answered, so that a shutdown can let them finish. */
export class OpenCalls {
  #count = 0;
  #refusing = false;
  readonly #idle = new Set<() => void>();
  readonly #onSettled = (): void => {
    this.#count -= 1;
    if (this.#count === 0) for (const wake of [...this.#idle]) wake();
  };

  get size(): number {
    return this.#count;
  }

  /** Starts a call; rejects with `closed` once {@link drain} was called. */
  run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#refusing) {
      return Promise.reject(new DeviceClientError('closed', 'the client is closing: no new calls'));
    }
    this.#count += 1;
    const result = call();
    result.then(this.#onSettled, this.#onSettled);
    return result;
  }

  /** Refuses new calls and resolves when the last is answered, at the deadline, or when the client is closed. */
  async drain(timers: Timers, deadlineMs: number, lifetime: Lifetime): Promise<void> {
    this.#refusing = true;
    if (this.#count === 0) return;
    const idle = createDeferred<undefined>();
    const wake = (): void => {
      idle.resolve(undefined);
    };
    this.#idle.add(wake);
    const wait = startWait({ timers, deadlineMs, what: 'closing', lifetime });
    try {
      await wait.race(idle.promise);
    } catch (error) {
      // Deadline, or a second `close`: what is still open rejects with `closed`.
      if (!(error instanceof DeviceClientError)) throw error;
    } finally {
      this.#idle.delete(wake);
      wait.dispose();
    }
  }
}
