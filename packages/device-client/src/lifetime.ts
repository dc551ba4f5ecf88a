import { Chain, type Place } from './chain.js';

/** What is told that the client closes. */
export interface Mortal {
  onLifetimeEnd(): void;
}

/**
 * The life of a client: ends once, at `close`. Not an AbortSignal, because thousands of pending commands may listen and
 * Node warns about more than ten listeners on one.
 */
export class Lifetime {
  readonly #mortals = new Chain<Mortal>();
  #ended = false;

  get ended(): boolean {
    return this.#ended;
  }

  /** Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const mortal of this.#mortals.values()) mortal.onLifetimeEnd();
  }

  /** Tells `mortal` once, at the end. */
  join(mortal: Mortal): Place<Mortal> {
    return this.#mortals.add(mortal);
  }

  /** Takes {@link join} back. Idempotent. */
  leave(place: Place<Mortal>): void {
    this.#mortals.remove(place);
  }

  /** Calls back once at the end; the returned function takes that back. */
  onEnd(listener: () => void): () => void {
    const place = this.join({ onLifetimeEnd: listener });
    return () => {
      this.leave(place);
    };
  }
}
