import { createDeferred, type Deferred } from '../deferred.js';
import type { Timers } from '../environment.js';
import { DeviceClientError } from '../errors.js';

/** What to do with calls while this client has no connection to the broker. */
export interface OfflineQueueOptions {
  /** Most calls that wait, 1..100000. */
  readonly maxCommands: number;
  /** A call that could not be sent for so long rejects with `expired`, milliseconds. Its own deadline may be shorter. */
  readonly maxAgeMs: number;
  /** In a full queue, which call rejects with `queue_full`: the new one, or the one that waited longest. */
  readonly onFull: 'reject' | 'drop-oldest';
}

/** A call's place in the queue. */
export interface QueuePlace {
  /** Resolves when there is a connection; rejects with `expired` or `queue_full`. */
  readonly admitted: Promise<undefined>;
  /** Gives the place up. Idempotent. */
  leave(): void;
}

interface Waiting {
  readonly what: string;
  readonly admitted: Deferred<undefined>;
  readonly timer: unknown;
}

/** Calls that wait for a connection, in the order in which they came. Nothing of them was sent. */
export class OfflineQueue {
  readonly #options: OfflineQueueOptions;
  readonly #timers: Timers;
  readonly #waiting = new Set<Waiting>();

  constructor(options: OfflineQueueOptions, timers: Timers) {
    this.#options = options;
    this.#timers = timers;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Throws `expired` or `queue_full`. `ageMs`: how long the call has been waiting already. */
  enter(what: string, ageMs: number): QueuePlace {
    const { maxCommands, maxAgeMs, onFull } = this.#options;
    if (ageMs >= maxAgeMs) throw this.#expired(what);
    if (this.#waiting.size >= maxCommands) {
      if (onFull === 'reject') throw full(what);
      for (const oldest of this.#waiting) {
        this.#remove(oldest);
        oldest.admitted.reject(full(oldest.what));
        break;
      }
    }
    const admitted = createDeferred<undefined>();
    const expire = (): void => {
      this.#remove(waiting);
      admitted.reject(this.#expired(what));
    };
    const waiting: Waiting = { what, admitted, timer: this.#timers.setTimeout(expire, maxAgeMs - Math.max(0, ageMs)) };
    this.#waiting.add(waiting);
    return {
      admitted: admitted.promise,
      leave: () => {
        this.#remove(waiting);
      },
    };
  }

  /** There is a connection: everybody may go, oldest first. */
  release(): void {
    for (const waiting of [...this.#waiting]) {
      this.#remove(waiting);
      waiting.admitted.resolve(undefined);
    }
  }

  #remove(waiting: Waiting): void {
    if (this.#waiting.delete(waiting)) this.#timers.clearTimeout(waiting.timer);
  }

  #expired(what: string): DeviceClientError {
    const { maxAgeMs } = this.#options;
    return new DeviceClientError('expired', `${what}: no connection to the broker within ${String(maxAgeMs)} ms`);
  }
}

const full = (what: string): DeviceClientError =>
  new DeviceClientError('queue_full', `${what}: too many calls wait for the connection to the broker; it was not sent`);
