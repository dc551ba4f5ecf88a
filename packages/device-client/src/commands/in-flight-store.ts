import { createDeferred, type Deferred } from '../deferred.js';
import { toHex, type RandomBytes } from '../environment.js';

/** MQTT correlation data of a command, bytes. Long enough that no device can guess another's. */
export const CORRELATION_BYTES = 16;

/** A command that waits for its reply. */
export interface InFlight<R> {
  readonly correlationData: Uint8Array;
  readonly reply: Promise<R>;
  readonly fail: (error: Error) => void;
  /** Idempotent; later replies are strangers. */
  forget(): void;
}

/**
 * Commands on their way. A reply counts only if it comes on the commanded device's own topic with the command's own
 * correlation data, once: a broker lets a device write on its own topics only, so no device can answer for another.
 */
export class InFlightStore<R> {
  readonly #pending = new Map<string, Deferred<R>>();
  readonly #random: RandomBytes;

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  get size(): number {
    return this.#pending.size;
  }

  add(device: string): InFlight<R> {
    const correlationData = this.#random(CORRELATION_BYTES);
    const key = keyOf(device, correlationData);
    const deferred = createDeferred<R>();
    this.#pending.set(key, deferred);
    return {
      correlationData,
      reply: deferred.promise,
      fail: deferred.reject,
      forget: () => {
        this.#pending.delete(key);
      },
    };
  }

  /** True if somebody waits for this reply. */
  has(device: string, correlationData: Uint8Array): boolean {
    return this.#pending.has(keyOf(device, correlationData));
  }

  /** Hands a reply to its command; false if nobody waits for it (foreign, late, duplicate). */
  settle(device: string, correlationData: Uint8Array, reply: R): boolean {
    const key = keyOf(device, correlationData);
    const deferred = this.#pending.get(key);
    if (deferred === undefined) return false;
    this.#pending.delete(key);
    deferred.resolve(reply);
    return true;
  }
}

const keyOf = (device: string, correlationData: Uint8Array): string => `${device}/${toHex(correlationData)}`;
