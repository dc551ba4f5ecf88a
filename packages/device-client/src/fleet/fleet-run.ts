import type { Timers } from '../environment.js';
import { DeviceClientError, isDeviceClientError } from '../errors.js';
import type { Lifetime } from '../lifetime.js';
import { Brake } from './brake.js';
import { checkCallOptions, type FleetCallOptions } from './fleet-options.js';
import { ResultJournal, type FleetResult } from './result-journal.js';
import { runLimited } from './run-limited.js';

/**
 * One call to many devices, under way since it was made. One device's failure is a result, never a rejection: `all` and
 * the loop throw only `invalid_argument` (nothing was sent), `closed`, or what kept `{present: true}` from finding devices.
 *
 * @example
 * ```ts
 * for await (const result of client.fleet(['esp-001', 'esp-002']).update.run()) console.log(result.device, result.ok);
 * const results = await client.fleet({ present: true }).restart().all();
 * ```
 */
export interface FleetRun<T> {
  /** The results as they come. Leaving the loop early is a {@link FleetRun.stop}. Each loop begins with the first result. */
  [Symbol.asyncIterator](): AsyncIterableIterator<FleetResult<T>, undefined, undefined>;
  /** All results once every device has one, in the order of the ids (`{present: true}`: sorted). */
  all(): Promise<FleetResult<T>[]>;
  /** Starts no further device: the rest is `skipped`. Those under way go on to their end. Idempotent. */
  stop(): void;
}

/** The devices of a call. `release` frees what finding them holds. */
export interface FoundDevices {
  readonly ids: readonly string[];
  readonly release?: () => void;
}

export interface FleetPlan<T> {
  /** What is done, for messages. */
  readonly what: string;
  readonly concurrency: number;
  readonly options: FleetCallOptions;
  readonly timers: Timers;
  /** Ends when the client closes. */
  readonly lifetime: Lifetime;
  readonly find: (signal: AbortSignal) => FoundDevices | Promise<FoundDevices>;
  readonly call: (device: string, patience: { signal: AbortSignal; deadlineMs: number | undefined }) => Promise<T>;
}

export function startFleetRun<T>(plan: FleetPlan<T>): FleetRun<T> {
  const run = new Run(plan);
  const stop = (): void => {
    run.brake.stop('the caller stopped the call');
  };
  void run.drive();
  return {
    [Symbol.asyncIterator]: () => run.journal.read(stop),
    all: () => run.journal.all(() => run.devices),
    stop,
  };
}

/** Errors of the call rather than of one device. */
const isFatal = (error: unknown): boolean =>
  !isDeviceClientError(error) || error.code === 'invalid_argument' || error.code === 'closed';

class Run<T> {
  readonly journal = new ResultJournal<T>();
  readonly brake = new Brake();
  devices: readonly string[] = [];
  readonly #plan: FleetPlan<T>;
  #expired: DeviceClientError | undefined;
  #fatal: { readonly error: unknown } | undefined;
  #failures = 0;

  constructor(plan: FleetPlan<T>) {
    this.#plan = plan;
  }

  /** Ends the journal, whatever happens. */
  async drive(): Promise<void> {
    let disarm: (() => void) | undefined;
    let found: FoundDevices | undefined;
    try {
      const { what, options, lifetime, concurrency, find } = this.#plan;
      checkCallOptions(options);
      if (lifetime.ended) throw new DeviceClientError('closed', `${what}: the client is closed`);
      disarm = this.#arm();
      found = await this.brake.run(find);
      this.devices = found.ids;
      const rest = await runLimited(found.ids, concurrency, () => this.brake.stopped === undefined, this.#work);
      if (this.#fatal !== undefined) throw this.#fatal.error;
      for (const device of rest) this.journal.add({ device, ok: false, error: this.#skipped(device) });
      this.journal.end();
    } catch (error) {
      this.journal.fail(this.#explain(this.#plan.what, error));
    } finally {
      disarm?.();
      found?.release?.();
    }
  }

  /** Listens for the caller's signal and the total deadline. */
  #arm(): () => void {
    const { timers, options } = this.#plan;
    const { signal, totalDeadlineMs } = options;
    const onAbort = (): void => {
      this.brake.halt('the caller aborted the call', signal?.reason);
    };
    const onExpired = (): void => {
      const why = `the whole call had ${String(totalDeadlineMs)} ms`;
      this.#expired = new DeviceClientError('deadline', `${this.#plan.what}: ${why}`);
      this.brake.halt(why, this.#expired);
    };
    const timer = totalDeadlineMs === undefined ? undefined : timers.setTimeout(onExpired, totalDeadlineMs);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
    return () => {
      timers.clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  }

  readonly #work = async (device: string): Promise<void> => {
    const { call, options, what } = this.#plan;
    try {
      const value = await this.brake.run((signal) => call(device, { signal, deadlineMs: options.deadlineMs }));
      this.journal.add({ device, ok: true, value });
    } catch (error) {
      if (isFatal(error)) {
        this.#fatal ??= { error };
        // A client that closes in order lets what is under way finish.
        if (isDeviceClientError(error) && error.code === 'closed') this.brake.stop('the client is closing');
        else this.brake.halt('the call failed', error);
        return;
      }
      this.journal.add({ device, ok: false, error: this.#explain(`${what} to ${device}`, error) as DeviceClientError });
      this.#failures += 1;
      const { stopAfterFailures = Infinity } = options;
      if (this.#failures >= stopAfterFailures) this.brake.stop(`${String(this.#failures)} failed before it`);
    }
  };

  /** An operation that the total deadline aborted says so. */
  #explain(what: string, error: unknown): unknown {
    const expired = this.#expired;
    if (expired === undefined || !isDeviceClientError(error) || error.cause !== expired) return error;
    return new DeviceClientError('deadline', `${what}: ${this.#whyStopped}`, { cause: error });
  }

  #skipped(device: string): DeviceClientError {
    const message = `${this.#plan.what} to ${device}: not begun, because ${this.#whyStopped}`;
    return new DeviceClientError('skipped', message, { cause: this.brake.stopped?.cause });
  }

  get #whyStopped(): string {
    return this.brake.stopped?.why ?? 'the call was stopped';
  }
}
