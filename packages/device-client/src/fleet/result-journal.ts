import { createDeferred, type Deferred } from '../deferred.js';
import type { DeviceClientError } from '../errors.js';

/** What became of one device in a call to many. */
export type FleetResult<T> =
  | { readonly device: string; readonly ok: true; readonly value: T }
  | { readonly device: string; readonly ok: false; readonly error: DeviceClientError };

/** Results in the order in which they came, for any number of readers. There are as many as devices, so all are kept. */
export class ResultJournal<T> {
  readonly #results: FleetResult<T>[] = [];
  readonly #ended = createDeferred<undefined>();
  #changed: Deferred<undefined> = createDeferred();

  add(result: FleetResult<T>): void {
    this.#results.push(result);
    this.#wake();
  }

  /** No more results. */
  end(): void {
    this.#ended.resolve(undefined);
    this.#wake();
  }

  /** No more results: readers get `failure` after what there is. */
  fail(failure: unknown): void {
    this.#ended.reject(failure as Error);
    this.#wake();
  }

  /** From the first result on. `leave` is called if the reader goes before the end. */
  async *read(leave: () => void): AsyncGenerator<FleetResult<T>, undefined, undefined> {
    try {
      for (let next = 0; ; next += 1) {
        while (next === this.#results.length) {
          if (this.#ended.settled) {
            await this.#ended.promise;
            return;
          }
          await this.#changed.promise;
        }
        yield this.#results[next] as FleetResult<T>;
      }
    } finally {
      if (!this.#ended.settled) leave();
    }
  }

  /** All results at the end, in the order of `devices`. */
  async all(devices: () => readonly string[]): Promise<FleetResult<T>[]> {
    await this.#ended.promise;
    const byDevice = new Map(this.#results.map((result) => [result.device, result]));
    return devices().flatMap((device) => byDevice.get(device) ?? []);
  }

  #wake(): void {
    this.#changed.resolve(undefined);
    this.#changed = createDeferred();
  }
}
