import type { Protocol } from '@secure-esp/protocol';
import { Chain, type Place } from './chain.js';
import { createDeferred, type Deferred } from './deferred.js';
import type { Timers } from './environment.js';
import { DeviceClientError } from './errors.js';
import type { Delivery, Listening, SubscriptionRouter } from './router.js';
import type { Failable } from './wait.js';

/** The event by which devices tell whether they are there: retained, and their last will. */
export const STATUS_LEAF = 'status';

/** A look at one device's presence for as long as a command needs it. */
export interface PresenceHold {
  /** True if {@link online} would resolve at once. */
  readonly present: boolean;
  /** Resolves if the device is there, rejects with `device_offline` if it is not or was never seen, or with `denied`. */
  online(): Promise<void>;
  /** Fails `subject` when the device goes. One subject for each hold. */
  guard(subject: Failable): void;
  release(): void;
}

export interface PresenceOptions {
  readonly protocol: Protocol;
  readonly router: SubscriptionRouter;
  readonly timers: Timers;
  /** How long the broker may take to send the retained status after it granted the subscription, milliseconds. */
  readonly retainedGraceMs: number;
  /** A status stays subscribed for so long after the last command, and at most for twice as long, milliseconds. */
  readonly lingerMs: number;
  readonly onInvalid: (delivery: Delivery, code: string, detail: string) => void;
}

interface Entry {
  readonly device: string;
  holds: number;
  /** True if it was held since the timer was set. */
  used: boolean;
  listening: Listening | undefined;
  /** `unknown` until something arrives; a status that cannot be read still proves that the device was there. */
  state: 'unknown' | 'online' | 'offline';
  reported: Deferred<undefined>;
  /** Who is told when it goes. */
  readonly watchers: Chain<Failable>;
  idleTimer: unknown;
}

/**
 * Knows which devices are there, from their retained `status`. A device's status is subscribed before the first command
 * to it and kept for a while after the last, so that a series of commands costs one subscription.
 */
export class Presence {
  readonly #entries = new Map<string, Entry>();
  readonly #options: PresenceOptions;
  #closed = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  hold(device: string): PresenceHold {
    const entry = this.#entries.get(device) ?? this.#open(device);
    entry.holds += 1;
    entry.used = true;
    return new Hold(entry, this);
  }

  /** For holds only. Waits for the first status, but not longer than the broker needs to send a stored one. */
  async reported(entry: Entry): Promise<void> {
    const { timers, retainedGraceMs } = this.#options;
    await Promise.race([entry.reported.promise, entry.listening?.ready()]);
    if (entry.reported.settled) return;
    let timer: unknown;
    const grace = new Promise<void>((resolve) => {
      timer = timers.setTimeout(resolve, retainedGraceMs);
    });
    await Promise.race([entry.reported.promise, grace]);
    timers.clearTimeout(timer);
  }

  /** For holds only. */
  release(entry: Entry): void {
    entry.holds -= 1;
    // After close nobody would clear the timer, and it would keep the process alive.
    if (entry.holds === 0 && !this.#closed) this.#linger(entry);
  }

  close(): void {
    this.#closed = true;
    for (const entry of [...this.#entries.values()]) {
      this.#options.timers.clearTimeout(entry.idleTimer);
      this.#drop(entry);
    }
  }

  #open(device: string): Entry {
    const entry: Entry = {
      device,
      holds: 0,
      used: false,
      listening: undefined,
      state: 'unknown',
      reported: createDeferred<undefined>(),
      watchers: new Chain(),
      idleTimer: undefined,
    };
    this.#entries.set(device, entry);
    entry.listening = this.#options.router.listen(
      STATUS_LEAF,
      { device },
      {
        deliver: (delivery) => {
          this.#update(entry, delivery);
        },
        repeated: (delivery) => {
          this.#update(entry, delivery);
        },
        // It may have come back while nobody here could see it.
        lost: () => {
          if (entry.state !== 'offline') return;
          entry.state = 'unknown';
          entry.reported = createDeferred();
        },
        failed: (error) => {
          entry.reported.reject(error);
          this.#drop(entry);
        },
      },
    );
    return entry;
  }

  /** One timer for a series of commands, not one for each: it may linger for up to twice as long. */
  #linger(entry: Entry): void {
    const { timers, lingerMs } = this.#options;
    if (entry.idleTimer !== undefined) return;
    entry.used = false;
    entry.idleTimer = timers.setTimeout(() => {
      entry.idleTimer = undefined;
      if (entry.holds > 0) return;
      if (entry.used) this.#linger(entry);
      else this.#drop(entry);
    }, lingerMs);
  }

  #update(entry: Entry, delivery: Delivery): void {
    // A cleared status (`forget`) means no such device any more.
    const online = isOnline(this.#options.protocol, delivery, this.#options.onInvalid) ?? false;
    entry.state = online ? 'online' : 'offline';
    entry.reported.resolve(undefined);
    if (online) return;
    for (const watcher of entry.watchers.values()) {
      watcher.fail(offline(entry.device, 'it went away before it answered'));
    }
  }

  #drop(entry: Entry): void {
    if (this.#entries.get(entry.device) === entry) this.#entries.delete(entry.device);
    entry.listening?.close();
  }
}

class Hold implements PresenceHold {
  readonly #entry: Entry;
  readonly #presence: Presence;
  #place: Place<Failable> | undefined;
  #released = false;

  constructor(entry: Entry, presence: Presence) {
    this.#entry = entry;
    this.#presence = presence;
  }

  get present(): boolean {
    const { state, reported } = this.#entry;
    return state === 'online' && reported.fulfilled;
  }

  async online(): Promise<void> {
    const entry = this.#entry;
    await this.#presence.reported(entry);
    if (entry.state === 'offline') throw offline(entry.device);
    if (entry.state === 'unknown') throw offline(entry.device, 'it has never reported a status');
  }

  guard(subject: Failable): void {
    this.#place = this.#entry.watchers.add(subject);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    if (this.#place !== undefined) this.#entry.watchers.remove(this.#place);
    this.#presence.release(this.#entry);
  }
}

/** What a status says; `undefined` if it was deleted. One that cannot be read still proves that the device was there. */
export function isOnline(
  protocol: Protocol,
  delivery: Delivery,
  onInvalid: PresenceOptions['onInvalid'],
): boolean | undefined {
  if (delivery.payload.length === 0) return undefined;
  const result = protocol.codecs[STATUS_LEAF]?.decode(delivery.payload);
  if (result?.ok === true) return (Object(result.value) as { online?: unknown }).online !== false;
  if (result !== undefined) onInvalid(delivery, result.code, result.detail);
  return true;
}

const offline = (device: string, why = 'its status says so'): DeviceClientError =>
  new DeviceClientError('device_offline', `${device} is offline: ${why}`);
