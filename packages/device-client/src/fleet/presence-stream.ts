import type { Protocol } from '@secure-esp/protocol';
import { createDeferred } from '../deferred.js';
import type { Clock, Timers } from '../environment.js';
import { DeviceClientError } from '../errors.js';
import type { Lifetime } from '../lifetime.js';
import { isOnline, STATUS_LEAF } from '../presence.js';
import type { Delivery, Listening, SubscriptionRouter } from '../router.js';
import { ConflatedQueue } from '../streams/conflated-queue.js';
import { createEventStream, type EventStream } from '../streams/event-stream.js';
import { PresenceTable, type PresenceChange, type PresenceEntry } from './presence-table.js';

/** For `client.presence`. */
export interface PresenceOptions {
  /** Ends the stream (normally: the loop finishes). */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Who is online: a table that is kept up to date, and its changes to read with `for await`, by one reader. The loop begins
 * with what the broker holds (`retained`). A slow reader misses no device: of several changes of one device it gets the
 * latest, with `missed` counting the others, so memory is bounded by the number of devices.
 */
export interface PresenceStream extends EventStream<PresenceChange> {
  /** By device id: those that are online, and those that were. Complete once `ready`. While reconnecting: as last known. */
  readonly devices: ReadonlyMap<string, PresenceEntry>;
  /** Resolves when the stored statuses have arrived: none for `retainedGraceMs`. Rejects with `denied` or `closed`. */
  readonly ready: Promise<void>;
}

export interface PresenceSource {
  readonly protocol: Protocol;
  readonly router: SubscriptionRouter;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly lifetime: Lifetime;
  /** Quiet after which the broker has sent all that it holds, milliseconds. */
  readonly retainedGraceMs: number;
  readonly onInvalid: (delivery: Delivery, code: string, detail: string) => void;
}

/** Throws `invalid_argument` for a contract without `status`. */
export function openPresence(source: PresenceSource, options: PresenceOptions = {}): PresenceStream {
  const { lifetime, protocol } = source;
  const status = protocol.topics[STATUS_LEAF];
  if (status?.direction !== 'event' || !status.scopes.includes('device')) {
    throw new DeviceClientError('invalid_argument', 'this contract has no status of devices, so no presence');
  }
  const table = new PresenceTable();
  const stream = createEventStream<PresenceChange>({
    queue: new ConflatedQueue({
      keyOf: ({ device }) => device,
      merge: (older, newer) => ({ ...newer, missed: older.missed + 1 }),
    }),
    signal: options.signal,
    lifetime,
    listen: (push, failed) => [listenForStatus(source, table, push, failed)],
    onDropped: () => undefined,
  });
  return Object.assign(stream, { devices: table.devices });
}

function listenForStatus(
  source: PresenceSource,
  known: PresenceTable,
  push: (change: PresenceChange) => void,
  failed: (error: DeviceClientError) => void,
): Listening {
  const { protocol, router, clock, onInvalid } = source;
  const settling = new Settling(source, () => {
    for (const change of known.settle(clock.now())) push(change);
  });
  const listening = router.listen(STATUS_LEAF, 'every device', {
    deliver: (delivery) => {
      const { device = '', retained } = delivery;
      if (retained) settling.postpone();
      const change = known.apply(device, isOnline(protocol, delivery, onInvalid), clock.now(), retained);
      if (change !== undefined) push(change);
    },
    repeated: ({ device = '' }) => {
      settling.postpone();
      known.confirm(device);
    },
    lost: () => {
      known.doubt();
      settling.begin(listening);
    },
    failed,
  });
  settling.begin(listening);
  return {
    get granted() {
      return listening.granted;
    },
    ready: () => settling.done,
    close: () => {
      settling.cancel();
      listening.close();
    },
  };
}

/** Finds out when the broker has sent everything that it holds: MQTT has no mark for it, so a silence has to do. */
class Settling {
  readonly #source: PresenceSource;
  readonly #onSettled: () => void;
  readonly #first = createDeferred<undefined>();
  #round = 0;
  #timer: unknown;

  constructor(source: PresenceSource, onSettled: () => void) {
    this.#source = source;
    this.#onSettled = onSettled;
  }

  /** Settles for the first time; rejects if the subscription is refused. */
  get done(): Promise<undefined> {
    return this.#first.promise;
  }

  begin(listening: Listening): void {
    this.cancel();
    const round = this.#round;
    listening.ready().then(
      () => {
        if (round === this.#round) this.#wait();
      },
      (error: unknown) => {
        this.#first.reject(error as Error);
      },
    );
  }

  postpone(): void {
    if (this.#timer !== undefined) this.#wait();
  }

  cancel(): void {
    this.#round += 1;
    this.#source.timers.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    const { timers, retainedGraceMs } = this.#source;
    timers.clearTimeout(this.#timer);
    this.#timer = timers.setTimeout(() => {
      this.#timer = undefined;
      this.#onSettled();
      this.#first.resolve(undefined);
    }, retainedGraceMs);
  }
}
