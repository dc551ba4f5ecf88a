import type { DeviceEvent } from '@secure-esp/device-client';
import { isUnderWay, type Observed } from './rule.js';

interface Seen {
  online: boolean;
  heardAt: number;
  update: { state: string; progress: string; since: number } | undefined;
}

/** Keeps of every device what the rule needs, and nothing else. */
export class Observer {
  readonly #devices = new Map<string, Seen>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  devices(): ReadonlyMap<string, Observed> {
    return this.#devices;
  }

  async follow(events: AsyncIterable<DeviceEvent>): Promise<void> {
    for await (const event of events) this.take(event);
  }

  take(event: DeviceEvent): void {
    if (event.device === undefined) return;
    if (event.type === 'cleared') {
      if (event.leaf === 'status') this.#devices.delete(event.device);
      return;
    }
    const now = this.#now();
    const seen = this.#devices.get(event.device) ?? { online: false, heardAt: now, update: undefined };
    this.#devices.set(event.device, seen);
    // What the broker had stored may be old; the bot's patience begins when it starts.
    seen.heardAt = now;
    if (event.type === 'status') seen.online = event.value.online;
    if (event.type === 'update/state') {
      const { run, state, bytes } = event.value;
      const progress = `${String(run)} ${state} ${String(bytes)}`;
      if (!isUnderWay(state)) seen.update = undefined;
      else if (seen.update?.progress !== progress) seen.update = { state, progress, since: now };
    }
  }

  /** The connection is back: nobody could be heard meanwhile, which is no device's fault. */
  resumed(): void {
    const now = this.#now();
    for (const seen of this.#devices.values()) {
      seen.heardAt = now;
      if (seen.update !== undefined) seen.update.since = now;
    }
  }

  /** It was restarted: whatever it was stuck in is over. */
  restarted(device: string): void {
    const seen = this.#devices.get(device);
    if (seen === undefined) return;
    seen.heardAt = this.#now();
    seen.update = undefined;
  }
}
