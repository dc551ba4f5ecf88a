const ignore = (): void => undefined;

/**
 * A promise with its handles outside. Nobody needs to await it: a rejection nobody sees is not an unhandled one. The promise
 * is made when it is asked for: most are settled before anybody waits.
 */
export class Deferred<T> {
  #outcome: { readonly value: T } | { readonly error: Error } | undefined;
  #promise: Promise<T> | undefined;
  #settle: ((outcome: { readonly value: T } | { readonly error: Error }) => void) | undefined;

  get promise(): Promise<T> {
    return (this.#promise ??= this.#create());
  }

  get settled(): boolean {
    return this.#outcome !== undefined;
  }

  /** True if it was resolved. */
  get fulfilled(): boolean {
    return this.#outcome !== undefined && 'value' in this.#outcome;
  }

  resolve(value: T): void {
    this.#end({ value });
  }

  reject(error: Error): void {
    this.#end({ error });
  }

  #end(outcome: { readonly value: T } | { readonly error: Error }): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#settle?.(outcome);
  }

  #create(): Promise<T> {
    const promise = new Promise<T>((resolve, reject) => {
      this.#settle = (outcome) => {
        if ('value' in outcome) resolve(outcome.value);
        else reject(outcome.error);
      };
      if (this.#outcome !== undefined) this.#settle(this.#outcome);
    });
    promise.catch(ignore);
    return promise;
  }
}

export const createDeferred = <T>(): Deferred<T> => new Deferred<T>();
