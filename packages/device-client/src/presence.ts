import type { Protocol } from '@secure-esp/protocol';
import { createDeferred, type Deferred } from './deferred.js';
import type { Timers } from './environment.js';
import { DeviceClientError } from './errors.js';
import type { Delivery, Listening, SubscriptionRouter } from './router.js';

/** The event by which devices tell whether they are there: retained, and their last will. */
export const STATUS_LEAF = 'status';

/** A look at one device's presence for as long as a command needs it. */
export interface PresenceHold {
  /** Resolves if the device is there, rejects with `device_offline` if it is not or was never seen, or with `denied`. */
  online(): Promise<void>;
  /** Calls back when the device goes. */
  onOffline(callback: (error: DeviceClientError) => void): void;
  release(): void;
}

export interface PresenceOptions {
  readonly protocol: Protocol;
  readonly router: SubscriptionRouter;
  readonly timers: Timers;
  /** How long the broker may take to send the retained status after it granted the subscription, milliseconds. */
  readonly retainedGraceMs: number;
  /** How long a status stays subscribed after the last command, milliseconds. */
  readonly lingerMs: number;
  readonly onInvalid: (delivery: Delivery, code: string, detail: string) => void;
}

interface Entry {
  holds: number;
  listening: Listening | undefined;
  /** `unknown` until something arrives; a status that cannot be read still proves that the device was there. */
  state: 'unknown' | 'online' | 'offline';
  readonly reported: Deferred<undefined>;
  readonly watchers: Set<(error: DeviceClientError) => void>;
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
    const { timers, lingerMs } = this.#options;
    const entry = this.#entries.get(device) ?? this.#open(device);
    timers.clearTimeout(entry.idleTimer);
    entry.holds += 1;
    const mine = new Set<(error: DeviceClientError) => void>();
    let released = false;
    return {
      online: async () => {
        await this.#reported(entry);
        if (entry.state === 'offline') throw offline(device);
        if (entry.state === 'unknown') throw offline(device, 'it has never reported a status');
      },
      onOffline: (callback) => {
        mine.add(callback);
        entry.watchers.add(callback);
      },
      release: () => {
        if (released) return;
        released = true;
        for (const callback of mine) entry.watchers.delete(callback);
        entry.holds -= 1;
        // After close nobody would clear the timer, and it would keep the process alive.
        if (entry.holds > 0 || this.#closed) return;
        entry.idleTimer = timers.setTimeout(() => {
          this.#drop(device, entry);
        }, lingerMs);
      },
    };
  }

  close(): void {
    this.#closed = true;
    for (const [device, entry] of this.#entries) {
      this.#options.timers.clearTimeout(entry.idleTimer);
      this.#drop(device, entry);
    }
  }

  #open(device: string): Entry {
    const entry: Entry = {
      holds: 0,
      listening: undefined,
      state: 'unknown',
      reported: createDeferred<undefined>(),
      watchers: new Set(),
      idleTimer: undefined,
    };
    this.#entries.set(device, entry);
    entry.listening = this.#options.router.listen(
      STATUS_LEAF,
      { device },
      {
        deliver: (delivery) => {
          this.#update(device, entry, delivery);
        },
        failed: (error) => {
          entry.reported.reject(error);
          this.#drop(device, entry);
        },
      },
    );
    return entry;
  }

  #update(device: string, entry: Entry, delivery: Delivery): void {
    const online = this.#decode(delivery);
    if (online === undefined) return;
    entry.state = online ? 'online' : 'offline';
    entry.reported.resolve(undefined);
    if (online) return;
    for (const watcher of [...entry.watchers]) watcher(offline(device, 'it went away before it answered'));
  }

  /** A cleared status (`forget`) means no such device any more. */
  #decode(delivery: Delivery): boolean | undefined {
    if (delivery.payload.length === 0) return false;
    const result = this.#options.protocol.codecs[STATUS_LEAF]?.decode(delivery.payload);
    if (result?.ok === true) return (result.value as { online?: unknown }).online !== false;
    if (result !== undefined) this.#options.onInvalid(delivery, result.code, result.detail);
    return true;
  }

  /** Waits for the first status, but not longer than the broker needs to send a stored one. */
  async #reported(entry: Entry): Promise<void> {
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

  #drop(device: string, entry: Entry): void {
    if (this.#entries.get(device) === entry) this.#entries.delete(device);
    entry.listening?.close();
  }
}

const offline = (device: string, why = 'its status says so'): DeviceClientError =>
  new DeviceClientError('device_offline', `${device} is offline: ${why}`);
