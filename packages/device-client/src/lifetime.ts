/**
 * The life of a client: ends once, at `close`. Not an AbortSignal, because thousands of pending commands may listen and
 * Node warns about more than ten listeners on one.
 */
export class Lifetime {
  readonly #listeners = new Set<() => void>();
  #ended = false;

  get ended(): boolean {
    return this.#ended;
  }

  /** Idempotent. */
  end(): void {
    this.#ended = true;
    for (const listener of [...this.#listeners]) listener();
    this.#listeners.clear();
  }

  /** Calls back once at the end; the returned function takes that back. */
  onEnd(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
