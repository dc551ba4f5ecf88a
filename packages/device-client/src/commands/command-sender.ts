import { isDeviceId, isProtocolError, topicOf, type Protocol } from '@secure-esp/protocol';
import type { Timers } from '../environment.js';
import { CommandError, DeviceClientError } from '../errors.js';
import type { Connection } from '../mqtt/connection.js';
import type { Link, OutgoingMessage } from '../mqtt/link.js';
import type { Presence, PresenceHold } from '../presence.js';
import type { Delivery, Listening, SubscriptionRouter } from '../router.js';
import { TopicTable } from '../topic-table.js';
import { startWait, type Wait, type WaitOptions } from '../wait.js';
import type { InFlightStore } from './in-flight-store.js';

/** For commands. */
export interface CommandOptions extends WaitOptions {
  /**
   * False sends without looking at the device's `status` first (a firmware that publishes none): a device that is away
   * then shows as `deadline`. Default true.
   */
  readonly requireOnline?: boolean | undefined;
}

export interface CommandSenderOptions {
  readonly protocol: Protocol;
  /** Leaf of the replies; `undefined` for a contract without replies (a command then resolves once the broker has it). */
  readonly replyLeaf: string | undefined;
  /** This client's id in the reply topic. */
  readonly client: string;
  readonly connection: Connection;
  readonly router: SubscriptionRouter;
  readonly inFlight: InFlightStore<unknown>;
  /** `undefined` for a contract without presence. */
  readonly presence: Presence | undefined;
  readonly timers: Timers;
  readonly commandDeadlineMs: number;
  readonly onInvalid: (delivery: Delivery, code: string, detail: string) => void;
}

/** Sends commands and matches their replies. */
export class CommandSender {
  readonly #options: CommandSenderOptions;
  readonly #topics: TopicTable;
  #replies: Listening | undefined;

  constructor(options: CommandSenderOptions) {
    this.#options = options;
    this.#topics = new TopicTable(options.protocol, options.client);
  }

  /** Subscribes to this client's replies; resolves when the broker granted it. */
  async open(signal: AbortSignal | undefined, deadlineMs: number): Promise<void> {
    const { replyLeaf, router } = this.#options;
    if (replyLeaf === undefined) return;
    this.#replies = router.listen(replyLeaf, 'every device', {
      deliver: (delivery) => {
        this.#onReply(delivery);
      },
      // `ready` tells: nothing is sent without the subscription.
      failed: () => undefined,
    });
    const wait = this.#wait({ signal, deadlineMs }, 'subscribing to replies');
    try {
      await wait.race(this.#replies.ready());
    } finally {
      wait.dispose();
    }
  }

  /** Commands one device and resolves with its reply value. */
  async send(device: string, leaf: string, value: unknown, options: CommandOptions = {}): Promise<unknown> {
    checkDevice(device);
    const message = this.#message(leaf, device, value);
    const what = `${leaf} to ${device}`;
    const wait = this.#wait(options, what);
    const hold = options.requireOnline === false ? undefined : this.#options.presence?.hold(device);
    try {
      const link = this.#readyLink(wait, hold) ?? (await this.#linkFor(what, wait, () => this.#prepare(hold)));
      if (this.#options.replyLeaf !== undefined) {
        return accepted(device, leaf, await this.#exchange(device, link, message, wait, hold));
      }
      await publishOnce(link, message, wait, what);
      return undefined;
    } finally {
      hold?.release();
      wait.dispose();
    }
  }

  /** Commands every device. Resolves once the broker has it: there are no replies. */
  async broadcast(leaf: string, value: unknown, options: WaitOptions = {}): Promise<void> {
    const message = this.#message(leaf, undefined, value);
    const what = `${leaf} to every device`;
    const wait = this.#wait(options, what);
    try {
      const link = await this.#linkFor(what, wait, () => Promise.resolve());
      await publishOnce(link, message, wait, what);
    } finally {
      wait.dispose();
    }
  }

  /** Stops listening to replies. */
  close(): void {
    this.#replies?.close();
  }

  /** The link, if everything is prepared on it already: nearly always, and then nothing needs to be awaited. */
  #readyLink(wait: Wait, hold: PresenceHold | undefined): Link | undefined {
    const isReady = !wait.over && hold?.present !== false && this.#replies?.granted !== false;
    return isReady ? this.#options.connection.link : undefined;
  }

  async #prepare(hold: PresenceHold | undefined): Promise<void> {
    await hold?.online();
    // Nothing is sent on a link on which the broker does not have the subscription to replies.
    await this.#replies?.ready();
  }

  /** A living link on which everything is prepared: the caller sends in the same turn. */
  async #linkFor(what: string, wait: Wait, prepare: () => Promise<void>): Promise<Link> {
    for (;;) {
      const { link } = await this.#options.connection.withLink(what, wait, prepare);
      if (link.endReason === undefined) return link;
    }
  }

  /** Sends, in this very turn; resolves with the reply. */
  #exchange(
    device: string,
    link: Link,
    message: OutgoingMessage,
    wait: Wait,
    hold: PresenceHold | undefined,
  ): Promise<unknown> {
    const { inFlight, replyLeaf = '' } = this.#options;
    const command = inFlight.add(device);
    const { topic, payload, qos, expirySeconds } = message;
    const responseTopic = this.#topics.topicOf(replyLeaf, device);
    const { correlationData } = command;
    // The reply may overtake the acknowledgement, and a lost connection leaves the command pending: the device may
    // have it, and its reply may come on the next connection.
    link.publish({ topic, payload, qos, expirySeconds, responseTopic, correlationData }).catch((error: unknown) => {
      if (error instanceof DeviceClientError && error.code === 'denied') command.fail(error);
    });
    hold?.guard(command);
    wait.guard(command);
    return command.reply;
  }

  #onReply(delivery: Delivery): void {
    const { inFlight, protocol, replyLeaf = '', onInvalid } = this.#options;
    const { device, correlationData } = delivery;
    if (device === undefined || correlationData === undefined || delivery.retained) return;
    const command = inFlight.find(device, correlationData);
    if (command === undefined) return;
    const result = protocol.codecs[replyLeaf]?.decode(delivery.payload);
    if (result?.ok === true) command.settle(result.value);
    else if (result !== undefined) onInvalid(delivery, result.code, result.detail);
  }

  /** To one device, or to every one. */
  #message(leaf: string, device: string | undefined, value: unknown): OutgoingMessage {
    const { protocol } = this.#options;
    const definition = protocol.topics[leaf];
    if (definition?.direction !== 'command') {
      throw new DeviceClientError('invalid_argument', `${leaf}: this contract has no such command`);
    }
    try {
      const payload = protocol.codecs[leaf]?.encode(value) ?? new Uint8Array();
      const topic =
        device !== undefined && definition.scopes.includes('device')
          ? this.#topics.topicOf(leaf, device)
          : topicOf(protocol, leaf, device === undefined ? { scope: 'all' } : { scope: 'device', device });
      return { topic, payload, qos: definition.qos, expirySeconds: definition.expirySeconds };
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      throw new DeviceClientError('invalid_argument', error.message, { cause: error });
    }
  }

  #wait(options: WaitOptions, what: string): Wait {
    const { timers, connection, commandDeadlineMs } = this.#options;
    const { signal, deadlineMs = commandDeadlineMs } = options;
    return startWait({ timers, deadlineMs, what, signal, lifetime: connection.lifetime });
  }
}

/** Publishes what gets no reply. Whether it arrived is not known if the connection goes before the acknowledgement. */
export async function publishOnce(link: Link, message: OutgoingMessage, wait: Wait, what: string): Promise<void> {
  try {
    await wait.race(link.publish(message));
  } catch (error) {
    if (link.endReason === undefined || error !== link.endReason) throw error;
    throw new DeviceClientError('unreachable', `${what}: the connection was lost before the broker acknowledged it`, {
      cause: error,
    });
  }
}

/** Throws `invalid_argument` unless `device` may stand in a topic. */
export function checkDevice(device: string): void {
  if (isDeviceId(device)) return;
  throw new DeviceClientError('invalid_argument', 'a device id must be [A-Za-z0-9_-]{1,64}');
}

function accepted(device: string, leaf: string, reply: unknown): unknown {
  const { ok, code, detail } = Object(reply) as { ok?: unknown; code?: unknown; detail?: unknown };
  if (ok !== false) return reply;
  throw new CommandError({
    device,
    leaf,
    replyCode: typeof code === 'string' ? code : 'rejected',
    detail: typeof detail === 'string' ? detail : '',
  });
}
