import { BoundedQueue, type EventQueue, type Pulled } from './bounded-queue.js';

/**
 * A queue with one reader and at most one item per key: a newer one takes the place of the one that was not read yet, so
 * that a slow reader costs memory per key and never per event.
 */
export class ConflatedQueue<T> implements EventQueue<T> {
  readonly #waiting = new Map<string, T>();
  /** Carries one token per key, for the waiting, waking and ending. */
  readonly #keys = new BoundedQueue<string>(Infinity);
  readonly #keyOf: (item: T) => string;
  readonly #merge: (older: T, newer: T) => T;

  constructor(options: { readonly keyOf: (item: T) => string; readonly merge: (older: T, newer: T) => T }) {
    this.#keyOf = options.keyOf;
    this.#merge = options.merge;
  }

  push(item: T): void {
    const key = this.#keyOf(item);
    const older = this.#waiting.get(key);
    this.#waiting.set(key, older === undefined ? item : this.#merge(older, item));
    if (older === undefined) this.#keys.push(key);
  }

  end(error?: Error): void {
    this.#keys.end(error);
  }

  discard(): void {
    this.#keys.discard();
    this.#waiting.clear();
  }

  async pull(): Promise<Pulled<T>> {
    const pulled = await this.#keys.pull();
    if (pulled.type !== 'item') return pulled;
    const item = this.#waiting.get(pulled.item) as T;
    this.#waiting.delete(pulled.item);
    return { type: 'item', item };
  }
}
