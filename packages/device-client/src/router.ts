import { matchTopic, topicOf, type Protocol } from '@secure-esp/protocol';
import { createDeferred, type Deferred } from './deferred.js';
import { DeviceClientError } from './errors.js';
import type { IncomingMessage, Link } from './mqtt/link.js';

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
  /** The broker forbids the subscription; nothing will arrive. */
  failed(error: DeviceClientError): void;
}

export interface Listening {
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
  readonly #groups = new Map<string, Group>();
  #link: Link | undefined;

  /** `client` is the id in the topics that name a client (the replies). */
  constructor(options: { protocol: Protocol; client: string }) {
    this.#protocol = options.protocol;
    this.#client = options.client;
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
    return {
      ready: () => group.wires.get(group.wires.has(EVERY) ? EVERY : key)?.granted.promise ?? Promise.resolve(undefined),
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
    }
  }

  dispatch(message: IncomingMessage): void {
    const match = matchTopic(this.#protocol, message.topic);
    const group = match === undefined ? undefined : this.#groups.get(groupKey(match.leaf, match.scope));
    if (match === undefined || group === undefined || (match.client ?? this.#client) !== this.#client) return;
    const { leaf, device } = match;
    const { payload, retained, correlationData } = message;
    const delivery: Delivery = { leaf, device, payload, retained, correlationData };
    if (this.#isRepeat(group, delivery)) return;
    const key = device ?? '';
    const listeners = [...(group.listeners.get(key) ?? []), ...(group.listeners.get(EVERY) ?? [])];
    for (const listener of listeners) listener.deliver(delivery);
  }

  /** Remembers retained state; true for what a new SUBSCRIBE made the broker send again. */
  #isRepeat(group: Group, delivery: Delivery): boolean {
    const topic = this.#protocol.topics[group.leaf];
    if (topic?.direction !== 'event' || !topic.retain) return false;
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
    const wanted = group.listeners.has(EVERY) ? [EVERY] : [...group.listeners.keys()];
    const surplus = [...group.wires.keys()].filter((key) => !wanted.includes(key));
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
    link.subscribe(this.#filter(group, key), this.#protocol.topics[group.leaf]?.qos ?? 1).then(
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

  #filter(group: Group, key: string): string {
    const address =
      group.scope === 'all'
        ? { scope: 'all' as const }
        : { scope: 'device' as const, device: key, client: this.#client };
    return topicOf(this.#protocol, group.leaf, address);
  }
}

const groupKey = (leaf: string, scope: string): string => `${scope} ${leaf}`;

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);
