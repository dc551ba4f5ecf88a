import { parameterOf, type Protocol } from '@secure-esp/protocol';
import { checkDevice, CommandSender, type CommandOptions } from './commands/command-sender.js';
import { addCommands, hasUpdateRun } from './commands/command-tree.js';
import { InFlightStore } from './commands/in-flight-store.js';
import { readRetained, forgetDevice } from './retained.js';
import type { FleetWatchOptions, LeafStreamOptions } from './events.js';
import { createIdentifier } from './identifier.js';
import { Connection } from './mqtt/connection.js';
import type { ResolvedOptions } from './options.js';
import { Presence, STATUS_LEAF } from './presence.js';
import { SubscriptionRouter, type Delivery } from './router.js';
import { EventSource } from './streams/event-source.js';
import { runUpdate, UPDATE_RUN_LEAF, type UpdateRunOptions } from './update/run-update.js';
import type { WaitOptions } from './wait.js';

/** How long a device's status stays subscribed after the last command to it, milliseconds. */
const PRESENCE_LINGER_MS = 60_000;
/** A broker that leaves a SUBSCRIBE unanswered for so long is given up, milliseconds. */
const ACK_DEADLINE_MS = 10_000;

/** The untyped client: wires the parts together. {@link connect} gives it its contract's types. */
export class FleetClient {
  readonly id: string;
  readonly protocol: Protocol;
  readonly broadcast: object = {};
  readonly #options: ResolvedOptions;
  readonly #connection: Connection;
  readonly #router: SubscriptionRouter;
  readonly #sender: CommandSender;
  readonly #presence: Presence | undefined;
  readonly #source: EventSource;

  constructor(options: ResolvedOptions) {
    const { protocol, timers, random, clock, logger } = options;
    this.#options = options;
    this.protocol = protocol;
    this.id = createIdentifier(random);
    const router = new SubscriptionRouter({ protocol, client: this.id });
    this.#router = router;
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
        onMessage: (message) => {
          router.dispatch(message);
        },
      },
      backoff: options.backoff,
      clock,
      timers,
      random,
      logger,
      onLink: (link) => {
        router.attach(link);
      },
      onLinkLost: () => {
        router.detach();
      },
      onChange: options.onConnectionChange,
    });
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
      inFlight: new InFlightStore(random),
      presence: this.#presence,
      timers,
      commandDeadlineMs: options.commandDeadlineMs,
      onInvalid,
    });
    this.#source = new EventSource({
      protocol,
      router,
      clock,
      lifetime: this.#connection.lifetime,
      onInvalid,
    });
    addCommands(this.broadcast, protocol, (leaf, value, commandOptions) =>
      this.#sender.broadcast(leaf, value, commandOptions as WaitOptions | undefined),
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
    const read = (leaf: string, options?: WaitOptions): Promise<unknown> => this.#read(id, leaf, options);
    const events = (leaf: string, options?: LeafStreamOptions): object => this.#source.values(id, leaf, options);
    const reader = (leaf: string) => (options?: WaitOptions) => read(leaf, options);
    const streamer = (leaf: string) => (options?: LeafStreamOptions) => events(leaf, options);
    const device = {
      id,
      send: (leaf: string, ...args: unknown[]): Promise<unknown> => this.#send(id, leaf, args),
      read,
      events,
      watch: (options: FleetWatchOptions<Protocol> = {}): object => this.#source.watch(id, options),
      forget: (options?: WaitOptions): Promise<void> => this.#forget(id, options),
    };
    const shortcuts = {
      ...(this.#hasEvent('status') ? { status: reader('status') } : {}),
      ...(this.#hasEvent('settings') ? { settings: reader('settings') } : {}),
      ...(this.#hasEvent('update/state') ? { updateState: reader('update/state') } : {}),
      ...(this.#hasEvent('log') ? { logs: streamer('log') } : {}),
    };
    const whole = Object.assign(device, shortcuts);
    addCommands(whole, this.protocol, (leaf, value, options) => this.#command(id, leaf, value, options));
    return Object.freeze(whole);
  }

  async close(): Promise<void> {
    this.#presence?.close();
    await this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #hasEvent(leaf: string): boolean {
    return this.protocol.topics[leaf]?.direction === 'event';
  }

  #command(device: string, leaf: string, value: unknown, options: unknown): Promise<unknown> {
    if (leaf === UPDATE_RUN_LEAF && hasUpdateRun(this.protocol)) {
      return this.#update(device, options as UpdateRunOptions | undefined);
    }
    return this.#sender.send(device, leaf, value, options as CommandOptions | undefined);
  }

  #send(device: string, leaf: string, args: readonly unknown[]): Promise<unknown> {
    const empty = this.protocol.topics[leaf]?.payload.encoding === 'empty';
    const [value, options] = empty ? [undefined, args[0]] : args;
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
      lifetime: this.#connection.lifetime,
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
