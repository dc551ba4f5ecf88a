import { topicOf, type Protocol } from '@secure-esp/protocol';
import { createDeferred, type Deferred } from './deferred.js';
import { DeviceClientError } from './errors.js';
import type { IncomingMessage, Link } from './mqtt/link.js';
import { TopicTable } from './topic-table.js';

/** A message of the contract, payload not yet decoded. */
export interface Delivery {
  readonly leaf: string;
  /** The device it came from; `undefined` on a topic of scope `all`. */
  readonly device: string | undefined;
  readonly payload: Uint8Array;
  /** True if it was stored by the broker before we listened. */
  readonly retained: boolean;
  readonly correlationData: Uint8Array | undefined;
}

/**
 * Whose messages: one device's, every device's (`+`), or the flat topic of scope `all`.
 */
export type Target = { readonly device: string } | 'every device' | 'all';

export interface Listener {
  deliver(delivery: Delivery): void;
  /** The broker sent stored state again, after a reconnect: nothing new, but it still holds it. */
  repeated?(delivery: Delivery): void;
  /** The connection is lost; `ready` waits for the next one. */
  lost?(): void;
  /** The broker forbids the subscription; nothing will arrive. */
  failed(error: DeviceClientError): void;
}

export interface Listening {
  /** True while the broker has the subscription: {@link ready} would resolve at once. */
  readonly granted: boolean;
  /** Resolves when the broker has the subscription (again, after a reconnect); rejects with `denied`. */
  ready(): Promise<undefined>;
  /** Idempotent. The last listener's close ends the subscription. */
  close(): void;
}

interface Wire {
  granted: Deferred<undefined>;
}

interface Group {
  readonly leaf: string;
  readonly scope: 'all' | 'device';
  /** Listeners by device, `+` for every device, empty string in scope `all`. */
  readonly listeners: Map<string, Set<Listener>>;
  /** Filters that the broker has or is being asked for, by the same keys. */
  readonly wires: Map<string, Wire>;
  /** Latest message per device of a retained leaf: a late listener gets what the broker sends only once. */
  readonly latest: Map<string, Delivery>;
}

const EVERY = '+';

/**
 * Reference-counted subscriptions. No two filters that we hold overlap (brokers differ in whether an overlap delivers
 * once or twice): while somebody listens to every device, the filters of single devices are not subscribed.
 */
export class SubscriptionRouter {
  readonly #protocol: Protocol;
  readonly #client: string;
  readonly #share: string | undefined;
  readonly #subscriptionId: number | undefined;
  readonly #topics: TopicTable;
  readonly #groups = new Map<string, Group>();
  #link: Link | undefined;

  /**
   * `client` is the id in the topics that name a client (the replies). With `share`, subscriptions are shared under that
   * group name (MQTT 5, 4.8.2); `subscriptionId` goes with each.
   */
  constructor(options: { protocol: Protocol; client: string; share?: string; subscriptionId?: number }) {
    this.#protocol = options.protocol;
    this.#client = options.client;
    this.#share = options.share;
    this.#subscriptionId = options.subscriptionId;
    this.#topics = new TopicTable(options.protocol, options.client);
  }

  listen(leaf: string, target: Target, listener: Listener): Listening {
    const scope = target === 'all' ? 'all' : 'device';
    const key = target === 'all' ? '' : target === 'every device' ? EVERY : target.device;
    const group = this.#group(leaf, scope);
    const listeners = group.listeners.get(key) ?? new Set();
    group.listeners.set(key, listeners.add(listener));
    this.#reconcile(group);
    for (const [from, delivery] of [...group.latest]) {
      if (key === EVERY || key === from) listener.deliver({ ...delivery, retained: true });
    }
    const wire = (): Wire | undefined => group.wires.get(EVERY) ?? group.wires.get(key);
    return {
      get granted() {
        return wire()?.granted.fulfilled ?? true;
      },
      ready: () => wire()?.granted.promise ?? Promise.resolve(undefined),
      close: () => {
        if (!listeners.delete(listener)) return;
        if (listeners.size === 0 && group.listeners.get(key) === listeners) group.listeners.delete(key);
        this.#reconcile(group);
      },
    };
  }

  /** A new link: subscribe to everything again (sessions are clean). */
  attach(link: Link): void {
    this.#link = link;
    for (const group of this.#groups.values()) {
      for (const key of group.wires.keys()) this.#subscribe(group, key, link);
    }
  }

  detach(): void {
    this.#link = undefined;
    for (const group of this.#groups.values()) {
      for (const wire of group.wires.values()) {
        if (wire.granted.settled) wire.granted = createDeferred();
      }
      for (const listeners of group.listeners.values()) for (const listener of listeners) listener.lost?.();
    }
  }

  /** Filters that the broker has or is being asked for. */
  get size(): number {
    return [...this.#groups.values()].reduce((sum, group) => sum + group.wires.size, 0);
  }

  /** Resolves when the broker has answered every subscription of now. */
  async subscribed(): Promise<void> {
    const wires = [...this.#groups.values()].flatMap((group) => [...group.wires.values()]);
    await Promise.allSettled(wires.map((wire) => wire.granted.promise));
  }

  dispatch(message: IncomingMessage): void {
    const match = this.#topics.match(message.topic);
    const group = match === undefined ? undefined : this.#groups.get(groupKey(match.leaf, match.scope));
    if (match === undefined || group === undefined) return;
    const { leaf, device } = match;
    const { payload, retained, correlationData } = message;
    const delivery: Delivery = { leaf, device, payload, retained, correlationData };
    const repeat = this.#isRepeat(group, delivery);
    const key = device ?? '';
    const listeners = [...(group.listeners.get(key) ?? []), ...(group.listeners.get(EVERY) ?? [])];
    for (const listener of listeners) {
      if (repeat) listener.repeated?.(delivery);
      else listener.deliver(delivery);
    }
  }

  /** Remembers retained state; true for what a new SUBSCRIBE made the broker send again. */
  #isRepeat(group: Group, delivery: Delivery): boolean {
    const topic = this.#protocol.topics[group.leaf];
    // Of a shared subscription each event is one reader's, once: none is kept for later readers.
    if (topic?.direction !== 'event' || !topic.retain || this.#share !== undefined) return false;
    const key = delivery.device ?? '';
    const known = group.latest.get(key);
    if (delivery.retained && known !== undefined && sameBytes(known.payload, delivery.payload)) return true;
    if (delivery.payload.length === 0) group.latest.delete(key);
    else group.latest.set(key, delivery);
    return false;
  }

  #group(leaf: string, scope: 'all' | 'device'): Group {
    const key = groupKey(leaf, scope);
    const group = this.#groups.get(key) ?? {
      leaf,
      scope,
      listeners: new Map<string, Set<Listener>>(),
      wires: new Map<string, Wire>(),
      latest: new Map<string, Delivery>(),
    };
    this.#groups.set(key, group);
    return group;
  }

  /** Brings the broker's filters in line with the listeners: new ones first, so that no message falls in between. */
  #reconcile(group: Group): void {
    const wanted = new Set(group.listeners.has(EVERY) ? [EVERY] : group.listeners.keys());
    const surplus = [...group.wires.keys()].filter((key) => !wanted.has(key));
    for (const key of wanted) {
      if (group.wires.has(key)) continue;
      group.wires.set(key, { granted: createDeferred() });
      if (this.#link !== undefined) this.#subscribe(group, key, this.#link);
    }
    for (const key of surplus) {
      group.wires.delete(key);
      // A link that ends takes its subscriptions with it: nothing is left to undo.
      this.#link?.unsubscribe(this.#filter(group, key)).catch(() => undefined);
    }
    if (!group.wires.has(EVERY)) {
      for (const key of group.latest.keys()) if (!group.wires.has(key)) group.latest.delete(key);
    }
    if (group.listeners.size === 0) this.#groups.delete(groupKey(group.leaf, group.scope));
  }

  #subscribe(group: Group, key: string, link: Link): void {
    const wire = group.wires.get(key);
    if (wire === undefined) return;
    // Brokers must not send stored messages to shared subscriptions (MQTT 5, 4.8.2); Mosquitto 2.0.11 does if it may.
    const extras = { id: this.#subscriptionId, stored: this.#share === undefined };
    link.subscribe(this.#filter(group, key), this.#qos(group, key), extras).then(
      () => {
        if (this.#link === link) wire.granted.resolve(undefined);
      },
      (error: unknown) => {
        if (this.#link !== link || !(error instanceof DeviceClientError) || error.code !== 'denied') return;
        if (group.wires.get(key) !== wire) return;
        wire.granted.reject(error);
        const refused = key === EVERY ? [...group.listeners.values()] : [group.listeners.get(key) ?? []];
        for (const listener of refused.flatMap((listeners) => [...listeners])) listener.failed(error);
      },
    );
  }

  /**
   * The contract's; but stored state of every device comes in one burst, of which brokers queue only so much at QoS 1
   * (Mosquitto: 1000 messages, then it drops). Our sessions end with the connection, so QoS 1 would deliver nothing more.
   */
  #qos(group: Group, key: string): 0 | 1 {
    const topic = this.#protocol.topics[group.leaf];
    if (topic?.direction === 'event' && topic.retain && key === EVERY && this.#share === undefined) return 0;
    return topic?.qos ?? 1;
  }

  #filter(group: Group, key: string): string {
    const address =
      group.scope === 'all'
        ? { scope: 'all' as const }
        : { scope: 'device' as const, device: key, client: this.#client };
    const filter = topicOf(this.#protocol, group.leaf, address);
    return this.#share === undefined ? filter : `$share/${this.#share}/${filter}`;
  }
}

const groupKey = (leaf: string, scope: string): string => `${scope} ${leaf}`;

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);
