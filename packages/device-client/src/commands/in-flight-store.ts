import { asBuffer } from '../bytes.js';
import type { RandomBytes } from '../environment.js';
import type { Failable } from '../wait.js';

/** MQTT correlation data of a command, bytes. Long enough that no device can guess another's. */
export const CORRELATION_BYTES = 16;
/** Random bytes are drawn for so many commands at once: a draw costs more than the bytes. */
const DRAWN_AT_ONCE = 64;

/** A command that waits for its reply. Whatever comes first settles it; the rest does nothing. */
export interface InFlight<R> extends Failable {
  readonly correlationData: Uint8Array;
  readonly reply: Promise<R>;
  /** Hands it the reply. Later replies are strangers. */
  settle(reply: R): void;
  fail(error: Error): void;
  /** Idempotent; later replies are strangers. */
  forget(): void;
}

/**
 * Commands on their way. A reply counts only if it comes on the commanded device's own topic with the command's own
 * correlation data, once: a broker lets a device write on its own topics only, so no device can answer for another.
 */
export class InFlightStore<R> {
  readonly #pending = new Map<string, Pending<R>>();
  readonly #random: RandomBytes;
  #drawn: Uint8Array = new Uint8Array();
  #used = 0;

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  get size(): number {
    return this.#pending.size;
  }

  add(device: string): InFlight<R> {
    const correlationData = this.#draw();
    const key = keyOf(device, correlationData);
    const command = new Pending<R>(this.#pending, key, correlationData);
    this.#pending.set(key, command);
    return command;
  }

  /** The command that waits for this reply; `undefined` for a foreign, late or duplicate one. */
  find(device: string, correlationData: Uint8Array): InFlight<R> | undefined {
    return this.#pending.get(keyOf(device, correlationData));
  }

  #draw(): Uint8Array {
    if (this.#used >= this.#drawn.length) {
      this.#drawn = asBuffer(Uint8Array.from(this.#random(CORRELATION_BYTES * DRAWN_AT_ONCE)));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += CORRELATION_BYTES;
    return this.#drawn.subarray(start, this.#used);
  }
}

class Pending<R> implements InFlight<R> {
  readonly correlationData: Uint8Array;
  readonly reply: Promise<R>;
  readonly #store: Map<string, Pending<R>>;
  readonly #key: string;
  #resolve!: (reply: R) => void;
  #reject!: (error: Error) => void;

  constructor(store: Map<string, Pending<R>>, key: string, correlationData: Uint8Array) {
    this.correlationData = correlationData;
    this.#store = store;
    this.#key = key;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  settle(reply: R): void {
    this.forget();
    this.#resolve(reply);
  }

  fail(error: Error): void {
    this.forget();
    this.#reject(error);
  }

  forget(): void {
    this.#store.delete(this.#key);
  }
}

/** One character for each byte: only equal bytes make equal keys. */
const keyOf = (device: string, correlationData: Uint8Array): string =>
  `${device}/${String.fromCharCode.apply(undefined, correlationData as unknown as number[])}`;
