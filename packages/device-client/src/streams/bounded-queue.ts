import { createDeferred, type Deferred } from '../deferred.js';

/** What a reader gets: an item, the number of items lost right before it, or the end. */
export type Pulled<T> =
  | { readonly type: 'item'; readonly item: T }
  | { readonly type: 'dropped'; readonly count: number }
  | { readonly type: 'end' };

/** A queue with one reader. */
export interface EventQueue<T> {
  push(item: T): void;
  /** No more items. What is queued can still be read, then the reader sees the end, or `error`. */
  end(error?: Error): void;
  /** Ends and forgets what is queued. */
  discard(): void;
  pull(): Promise<Pulled<T>>;
}

/**
 * A queue with one reader. When full, the oldest item makes room and is counted: a slow reader must not grow without
 * limit, and the newest state is the one that matters.
 */
export class BoundedQueue<T> implements EventQueue<T> {
  readonly #limit: number;
  #items: T[] = [];
  #dropped = 0;
  #end: { error: Error | undefined } | undefined;
  #reader: Deferred<undefined> | undefined;

  /** `limit`: most items kept, at least 1. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  push(item: T): void {
    if (this.#end !== undefined) return;
    this.#items.push(item);
    if (this.#items.length > this.#limit) {
      this.#items.shift();
      this.#dropped += 1;
    }
    this.#wake();
  }

  end(error?: Error): void {
    this.#end ??= { error };
    this.#wake();
  }

  discard(): void {
    this.#items = [];
    this.#dropped = 0;
    this.#end = { error: undefined };
    this.#wake();
  }

  async pull(): Promise<Pulled<T>> {
    for (;;) {
      if (this.#dropped > 0) {
        const count = this.#dropped;
        this.#dropped = 0;
        return { type: 'dropped', count };
      }
      if (this.#items.length > 0) return { type: 'item', item: this.#items.shift() as T };
      if (this.#end !== undefined) {
        const { error } = this.#end;
        this.#end = { error: undefined };
        if (error !== undefined) throw error;
        return { type: 'end' };
      }
      this.#reader ??= createDeferred();
      await this.#reader.promise;
    }
  }

  #wake(): void {
    this.#reader?.resolve(undefined);
    this.#reader = undefined;
  }
}
