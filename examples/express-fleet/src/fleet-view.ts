import type { DeviceEvent } from '@secure-esp/device-client';

/** What the page shows of one device. */
export interface DeviceView {
  readonly id: string;
  readonly online: boolean;
  readonly version: string | undefined;
  readonly intervalSeconds: number | undefined;
  /** State of the last update run, with its progress. */
  readonly update: string | undefined;
  /** The newest last. */
  readonly log: readonly string[];
}

const LOG_LINES = 5;
/** Ids are in certificates that you issued, so this is a seat belt, not a limit of the page. */
const MAX_DEVICES = 10_000;

/** Keeps what the broker tells of every device, in bounded memory. */
export class FleetView {
  readonly #devices = new Map<string, DeviceView>();
  readonly #listeners = new Set<(device: DeviceView) => void>();

  /** In the order of their ids. */
  devices(): readonly DeviceView[] {
    return [...this.#devices.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** Told of each change. Returns a function that ends that. */
  onChange(listener: (device: DeviceView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the stream ends. */
  async follow(events: AsyncIterable<DeviceEvent>): Promise<void> {
    for await (const event of events) this.take(event);
  }

  take(event: DeviceEvent): void {
    if (event.device === undefined) return;
    switch (event.type) {
      case 'status':
        this.#change(
          event.device,
          event.value.online ? { online: true, version: event.value.version } : { online: false },
        );
        break;
      case 'settings':
        this.#change(event.device, { intervalSeconds: event.value.interval });
        break;
      case 'update/state':
        this.#change(event.device, { update: describe(event.value) });
        break;
      case 'log':
        this.#change(event.device, {
          log: [...(this.#devices.get(event.device)?.log ?? []), event.value].slice(-LOG_LINES),
        });
        break;
      case 'cleared':
        // `secure-esp device forget ID`
        if (event.leaf === 'status') this.#change(event.device, { online: false, version: undefined });
        break;
    }
  }

  #change(id: string, part: Partial<DeviceView>): void {
    const before = this.#devices.get(id) ?? {
      id,
      online: false,
      version: undefined,
      intervalSeconds: undefined,
      update: undefined,
      log: [],
    };
    if (!this.#devices.has(id) && this.#devices.size >= MAX_DEVICES) return;
    const device = { ...before, ...part };
    this.#devices.set(id, device);
    for (const listener of this.#listeners) listener(device);
  }
}

interface UpdateValue {
  readonly state: string;
  readonly from: string;
  readonly to: string | null;
  readonly bytes: number;
  readonly total: number;
  readonly reason: string | null;
}

function describe({ state, from, to, bytes, total, reason }: UpdateValue): string {
  if (state === 'downloading' && total > 0)
    return `downloading ${to ?? ''}, ${String(Math.floor((bytes / total) * 100))} %`;
  if (state === 'confirmed') return `confirmed: ${from} -> ${to ?? ''}`;
  return reason === null ? state : `${state}: ${reason}`;
}
