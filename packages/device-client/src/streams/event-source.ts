import { parameterOf, type Protocol } from '@secure-esp/protocol';
import type { Clock } from '../environment.js';
import { DeviceClientError } from '../errors.js';
import type { LeafStreamOptions, WatchOptions } from '../events.js';
import type { Lifetime } from '../lifetime.js';
import type { Delivery, Listener, Listening, SubscriptionRouter, Target } from '../router.js';
import { createEventQueue, createEventStream, type EventStream, type StreamOptions } from './event-stream.js';

export interface EventSourceOptions {
  readonly protocol: Protocol;
  readonly router: SubscriptionRouter;
  /** For streams that a group of clients shares; `undefined` if none do. */
  readonly sharedRouter: SubscriptionRouter | undefined;
  readonly clock: Clock;
  readonly lifetime: Lifetime;
  readonly onInvalid: (delivery: Delivery, code: string, detail: string) => void;
}

/** Makes streams of decoded events. */
export class EventSource {
  readonly #options: EventSourceOptions;

  constructor(options: EventSourceOptions) {
    this.#options = options;
  }

  /** Every watchable event, of one device or of all. */
  watch(device: string | undefined, options: WatchOptions<Protocol>): EventStream<unknown> {
    const { clock, lifetime } = this.#options;
    const leaves = options.types ?? this.#watchable();
    for (const leaf of leaves) this.#check(leaf);
    const router = this.#router(options);
    return createEventStream<unknown>({
      queue: createEventQueue(options.queueSize),
      signal: options.signal,
      lifetime,
      listen: (push, failed) =>
        leaves.flatMap((leaf) =>
          this.#targets(leaf, device).map((target) =>
            this.#listen(router, leaf, target, failed, (delivery, value) => {
              push(this.#toEvent(delivery, value));
            }),
          ),
        ),
      onDropped: (count) => ({ event: { type: 'dropped', device: undefined, count, receivedAt: clock.now() } }),
    });
  }

  /** The values of one event of one device. */
  values(device: string, leaf: string, options: LeafStreamOptions = {}): EventStream<unknown> {
    this.#check(leaf);
    const router = this.#router(options);
    return createEventStream<unknown>({
      queue: createEventQueue(options.queueSize),
      signal: options.signal,
      lifetime: this.#options.lifetime,
      listen: (push, failed) =>
        this.#targets(leaf, device).map((target) =>
          this.#listen(router, leaf, target, failed, (delivery, value) => {
            if (!this.#isCleared(delivery)) push(value);
          }),
        ),
      onDropped: (count) => {
        options.onDropped?.(count);
        return undefined;
      },
    });
  }

  #router(options: StreamOptions): SubscriptionRouter {
    const { router, sharedRouter } = this.#options;
    return options.shared === false ? router : (sharedRouter ?? router);
  }

  #listen(
    router: SubscriptionRouter,
    leaf: string,
    target: Target,
    failed: Listener['failed'],
    take: (delivery: Delivery, value: unknown) => void,
  ): Listening {
    const { protocol, onInvalid } = this.#options;
    const deliver = (delivery: Delivery): void => {
      if (this.#isCleared(delivery)) {
        take(delivery, undefined);
        return;
      }
      const result = protocol.codecs[leaf]?.decode(delivery.payload);
      if (result?.ok === true) take(delivery, result.value);
      else if (result !== undefined) onInvalid(delivery, result.code, result.detail);
    };
    return router.listen(leaf, target, { deliver, failed });
  }

  #toEvent(delivery: Delivery, value: unknown): object {
    const { leaf, device, retained } = delivery;
    const receivedAt = this.#options.clock.now();
    return this.#isCleared(delivery)
      ? { type: 'cleared', device, leaf, receivedAt }
      : { type: leaf, device, value, retained, receivedAt };
  }

  #isCleared({ leaf, payload }: Delivery): boolean {
    const topic = this.#options.protocol.topics[leaf];
    return payload.length === 0 && topic?.direction === 'event' && topic.retain;
  }

  #targets(leaf: string, device: string | undefined): readonly Target[] {
    const scopes = this.#options.protocol.topics[leaf]?.scopes ?? [];
    if (device !== undefined) return scopes.includes('device') ? [{ device }] : [];
    return scopes.map((scope) => (scope === 'all' ? 'all' : 'every device'));
  }

  #watchable(): readonly string[] {
    return Object.keys(this.#options.protocol.topics).filter((leaf) => this.#isWatchable(leaf));
  }

  #check(leaf: string): void {
    if (this.#isWatchable(leaf)) return;
    throw new DeviceClientError('invalid_argument', `${leaf}: this contract has no such event to watch`);
  }

  #isWatchable(leaf: string): boolean {
    const topic = this.#options.protocol.topics[leaf];
    return topic?.direction === 'event' && !leaf.split('/').some((level) => parameterOf(level) !== undefined);
  }
}
