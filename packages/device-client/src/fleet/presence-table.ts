/** What is known of one device. */
export interface PresenceEntry {
  readonly online: boolean;
  /** When this client learnt it, Unix time in milliseconds. */
  readonly since: number;
}

/** One device came, went, or is not known to the broker any more. */
export interface PresenceChange {
  readonly device: string;
  /** `forgotten`: its status was deleted, or a broker that lost its memory does not hold it any more. */
  readonly type: 'online' | 'offline' | 'forgotten';
  /** True if the broker had stored it before this client looked (again, after a reconnect). */
  readonly retained: boolean;
  /** Unix time of arrival here, milliseconds. */
  readonly receivedAt: number;
  /** Earlier changes of this device that the reader was too slow to see; this one is the latest. */
  readonly missed: number;
}

/** Who is there. One entry per device; each input gives the change that it makes, if any. */
export class PresenceTable {
  readonly #devices = new Map<string, PresenceEntry>();
  /** Known from an earlier connection and not yet heard of on this one. */
  #unconfirmed = new Set<string>();

  get devices(): ReadonlyMap<string, PresenceEntry> {
    return this.#devices;
  }

  /** A status came; `online` is `undefined` if it was deleted. */
  apply(device: string, online: boolean | undefined, at: number, retained: boolean): PresenceChange | undefined {
    this.#unconfirmed.delete(device);
    const known = this.#devices.get(device)?.online;
    if (known === online) return undefined;
    if (online === undefined) this.#devices.delete(device);
    else this.#devices.set(device, Object.freeze({ online, since: at }));
    const type = online === undefined ? 'forgotten' : online ? 'online' : 'offline';
    return { device, type, retained, receivedAt: at, missed: 0 };
  }

  /** The broker holds the same status as before. */
  confirm(device: string): void {
    this.#unconfirmed.delete(device);
  }

  /** The connection is lost: what is known may become untrue unseen. */
  doubt(): void {
    this.#unconfirmed = new Set(this.#devices.keys());
  }

  /** The broker has sent all it holds: what it did not send, nobody vouches for. */
  settle(at: number): readonly PresenceChange[] {
    const gone = [...this.#unconfirmed];
    return gone.flatMap((device) => this.apply(device, undefined, at, true) ?? []);
  }
}
