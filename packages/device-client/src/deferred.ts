/** A promise with its handles outside. Nobody needs to await it: a rejection nobody sees is not an unhandled one. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly settled: boolean;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export function createDeferred<T>(): Deferred<T> {
  let settled = false;
  let resolveIt: (value: T) => void = () => undefined;
  let rejectIt: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((resolve, reject) => {
    resolveIt = resolve;
    rejectIt = reject;
  });
  promise.catch(() => undefined);
  return {
    promise,
    get settled() {
      return settled;
    },
    resolve: (value) => {
      settled = true;
      resolveIt(value);
    },
    reject: (error) => {
      settled = true;
      rejectIt(error);
    },
  };
}
