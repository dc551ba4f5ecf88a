import { parameterOf, type Protocol } from '@secure-esp/protocol';
import { checkDevice, CommandSender, type CommandOptions } from './commands/command-sender.js';
import { addCommands, hasUpdateRun } from './commands/command-tree.js';
import { InFlightStore } from './commands/in-flight-store.js';
import { readRetained, forgetDevice } from './retained.js';
import type { FleetWatchOptions } from './events.js';
import { createDevice, type DeviceActions } from './create-device.js';
import type { CloseOptions, ReloadOptions } from './client.js';
import { createFleet } from './fleet/fleet.js';
import { checkConcurrency, checkFleetTarget, type FleetOptions, type FleetTarget } from './fleet/fleet-options.js';
import type { FoundDevices } from './fleet/fleet-run.js';
import { findPresent } from './fleet/find-present.js';
import { openPresence, type PresenceOptions, type PresenceSource } from './fleet/presence-stream.js';
import { DeviceClientError } from './errors.js';
import { createIdentifier } from './identifier.js';
import { Connection } from './mqtt/connection.js';
import type { openLink } from './mqtt/link.js';
import { OpenCalls } from './open-calls.js';
import { copyTls, type ResolvedOptions } from './options.js';
import { Presence, STATUS_LEAF } from './presence.js';
import { SubscriptionRouter, type Delivery } from './router.js';
import { EventSource } from './streams/event-source.js';
import { runUpdate, UPDATE_RUN_LEAF, type UpdateRunOptions } from './update/run-update.js';
import { checkMs, type WaitOptions } from './wait.js';

/** A device's status stays subscribed for so long after the last command to it, and at most twice, milliseconds. */
const PRESENCE_LINGER_MS = 60_000;
/** A broker that leaves a SUBSCRIBE unanswered for so long is given up, milliseconds. */
const ACK_DEADLINE_MS = 10_000;
/** Subscription identifiers: they tell which of two subscriptions to one topic a message is for. */
const OWN_ID = 1;
const SHARED_ID = 2;

/** The untyped client: wires the parts together. {@link connect} gives it its contract's types. */
export class FleetClient {
  readonly id: string;
  readonly protocol: Protocol;
  readonly broadcast: object = {};
  readonly #options: ResolvedOptions;
  readonly #connection: Connection;
  readonly #router: SubscriptionRouter;
  readonly #sharedRouter: SubscriptionRouter | undefined;
  readonly #sender: CommandSender;
  readonly #presence: Presence | undefined;
  readonly #source: EventSource;
  readonly #inFlight: InFlightStore<unknown>;
  readonly #calls = new OpenCalls();
  readonly #actions: DeviceActions = {
    command: (device, leaf, value, own) => this.#calls.run(() => this.#command(device, leaf, value, own)),
    send: (device, leaf, value, own) => this.#calls.run(() => this.#sender.send(device, leaf, value, own)),
    read: (device, leaf, own) => this.#calls.run(() => this.#read(device, leaf, own)),
    forget: (device, own) => this.#calls.run(() => this.#forget(device, own)),
  };

  /** `parts`: for tests of tests, which put a bad link in. */
  constructor(options: ResolvedOptions, parts: { readonly openLink?: typeof openLink } = {}) {
    const { protocol, timers, random, clock, logger } = options;
    this.#options = options;
    this.protocol = protocol;
    this.id = createIdentifier(random);
    const { sharedSubscription: share } = options;
    const router = new SubscriptionRouter({
      protocol,
      client: this.id,
      ...(share === undefined ? {} : { subscriptionId: OWN_ID }),
    });
    const sharedRouter =
      share === undefined
        ? undefined
        : new SubscriptionRouter({ protocol, client: this.id, share, subscriptionId: SHARED_ID });
    this.#router = router;
    this.#sharedRouter = sharedRouter;
    this.#connection = new Connection({
      link: {
        url: options.url,
        clientId: `${options.clientIdPrefix}${this.id}`,
        tls: options.tls,
        verifyServer: options.verifyServer,
        keepAliveSeconds: options.keepAliveSeconds,
        connectDeadlineMs: options.connectDeadlineMs,
        ackDeadlineMs: ACK_DEADLINE_MS,
        timers,
        needsSharedSubscriptions: share !== undefined,
        onMessage: (message) => {
          const { subscriptionIds } = message;
          if (sharedRouter === undefined || subscriptionIds.includes(OWN_ID)) router.dispatch(message);
          if (subscriptionIds.includes(SHARED_ID)) sharedRouter?.dispatch(message);
        },
      },
      backoff: options.backoff,
      offlineQueue: options.offlineQueue,
      openLink: parts.openLink,
      takeFromAll: ({ subscriptionIds }) => subscriptionIds.includes(SHARED_ID),
      subscribed: async () => {
        await Promise.all([router.subscribed(), sharedRouter?.subscribed()]);
      },
      clock,
      timers,
      random,
      logger,
      onLink: (link) => {
        router.attach(link);
        sharedRouter?.attach(link);
      },
      onLinkLost: () => {
        router.detach();
        sharedRouter?.detach();
      },
      onChange: options.onConnectionChange,
    });
    this.#inFlight = new InFlightStore(random);
    const onInvalid = this.#reportInvalid.bind(this);
    this.#presence =
      protocol.topics[STATUS_LEAF]?.direction === 'event'
        ? new Presence({
            protocol,
            router,
            timers,
            retainedGraceMs: options.retainedGraceMs,
            lingerMs: PRESENCE_LINGER_MS,
            onInvalid,
          })
        : undefined;
    this.#sender = new CommandSender({
      protocol,
      replyLeaf: replyLeafOf(protocol),
      client: this.id,
      connection: this.#connection,
      router,
      inFlight: this.#inFlight,
      presence: this.#presence,
      timers,
      commandDeadlineMs: options.commandDeadlineMs,
      onInvalid,
    });
    this.#source = new EventSource({
      protocol,
      router,
      sharedRouter,
      clock,
      lifetime: this.#connection.lifetime,
      onInvalid,
    });
    addCommands(this.broadcast, protocol, (leaf, value, commandOptions) =>
      this.#calls.run(() => this.#sender.broadcast(leaf, value, commandOptions as WaitOptions | undefined)),
    );
  }

  get connected(): boolean {
    return this.#connection.link !== undefined;
  }

  async open(signal: AbortSignal | undefined): Promise<void> {
    await this.#connection.open(signal);
    try {
      await this.#sender.open(signal, this.#options.connectDeadlineMs);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  watch(options: FleetWatchOptions<Protocol> = {}): object {
    const { device } = options;
    if (device !== undefined) checkDevice(device);
    return this.#source.watch(device, options);
  }

  device(id: string): object {
    checkDevice(id);
    return createDevice(id, this.protocol, this.#actions, this.#source);
  }

  fleet(target: FleetTarget, options?: FleetOptions): object {
    const devices = checkFleetTarget(target);
    const find = (signal: AbortSignal): FoundDevices | Promise<FoundDevices> =>
      devices === 'present' ? this.#findPresent(signal) : { ids: devices };
    return createFleet({
      protocol: this.protocol,
      concurrency: checkConcurrency(options),
      timers: this.#options.timers,
      lifetime: this.#connection.lifetime,
      find,
      actions: this.#actions,
    });
  }

  presence(options?: PresenceOptions): object {
    return openPresence(this.#presenceSource(), options);
  }

  #findPresent(signal: AbortSignal): Promise<FoundDevices> {
    return findPresent(this.#presenceSource(), this.#connection, signal, this.#options.commandDeadlineMs);
  }

  #presenceSource(): PresenceSource {
    const { clock, timers, retainedGraceMs } = this.#options;
    return {
      protocol: this.protocol,
      router: this.#router,
      clock,
      timers,
      lifetime: this.#connection.lifetime,
      retainedGraceMs,
      onInvalid: this.#reportInvalid.bind(this),
    };
  }

  /** What it holds; all zero after `close`. */
  get held(): { calls: number; queued: number; inFlight: number; subscriptions: number } {
    const { queued } = this.#connection;
    return { calls: this.#calls.size, queued, inFlight: this.#inFlight.size, subscriptions: this.#router.size };
  }

  async reload(options: ReloadOptions = {}): Promise<void> {
    const { tls, signal } = options;
    if (tls !== undefined && !/^(mqtts|wss):$/.test(this.#options.url.protocol)) {
      throw new DeviceClientError('invalid_argument', 'tls needs a url that begins with mqtts:// or wss://');
    }
    await this.#connection.reload(copyTls(tls), signal);
  }

  async close(options: CloseOptions = {}): Promise<void> {
    const { lifetime } = this.#connection;
    if (options.deadlineMs !== undefined && !lifetime.ended) {
      await this.#calls.drain(this.#options.timers, checkMs('deadlineMs', options.deadlineMs), lifetime);
    }
    // The connection takes its subscriptions with it: nothing but goodbye is said.
    this.#router.detach();
    this.#sharedRouter?.detach();
    this.#presence?.close();
    this.#sender.close();
    await this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #command(device: string, leaf: string, value: unknown, options: unknown): Promise<unknown> {
    if (leaf === UPDATE_RUN_LEAF && hasUpdateRun(this.protocol)) {
      return this.#update(device, options as UpdateRunOptions | undefined);
    }
    return this.#sender.send(device, leaf, value, options as CommandOptions | undefined);
  }

  #update(device: string, options: UpdateRunOptions | undefined): Promise<unknown> {
    const { timers, logger, commandDeadlineMs } = this.#options;
    const runner = {
      protocol: this.protocol,
      router: this.#router,
      sender: this.#sender,
      timers,
      logger,
      connection: this.#connection,
      commandDeadlineMs,
      onInvalid: this.#reportInvalid.bind(this),
    };
    return runUpdate(runner, device, options);
  }

  #read(device: string, leaf: string, options: WaitOptions | undefined): Promise<unknown> {
    return readRetained(this.#retainedContext(), device, leaf, options);
  }

  #forget(device: string, options: WaitOptions | undefined): Promise<void> {
    return forgetDevice(this.#retainedContext(), device, options);
  }

  #retainedContext(): Parameters<typeof readRetained>[0] {
    const { timers, retainedGraceMs, commandDeadlineMs } = this.#options;
    return {
      protocol: this.protocol,
      router: this.#router,
      connection: this.#connection,
      timers,
      retainedGraceMs,
      commandDeadlineMs,
    };
  }

  #reportInvalid(delivery: Delivery, code: string, detail: string): void {
    const { onInvalid, clock, logger } = this.#options;
    const { device, leaf } = delivery;
    try {
      onInvalid?.({ device, leaf, code, detail, receivedAt: clock.now() });
    } catch (error) {
      logger.warn('onInvalid threw', error);
    }
  }
}

/** The event whose topic names a client is the one that devices answer on. */
function replyLeafOf(protocol: Protocol): string | undefined {
  const isReply = (leaf: string): boolean => leaf.split('/').some((level) => parameterOf(level) === 'client');
  return Object.entries(protocol.topics).find(([leaf, topic]) => topic.direction === 'event' && isReply(leaf))?.[0];
}
