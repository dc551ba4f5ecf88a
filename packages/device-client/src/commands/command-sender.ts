import { isDeviceId, isProtocolError, topicOf, type Protocol } from '@secure-esp/protocol';
import type { Timers } from '../environment.js';
import { CommandError, DeviceClientError } from '../errors.js';
import type { Connection } from '../mqtt/connection.js';
import type { Link, OutgoingMessage } from '../mqtt/link.js';
import type { Presence } from '../presence.js';
import type { Delivery, Listening, SubscriptionRouter } from '../router.js';
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
  #replies: Listening | undefined;

  constructor(options: CommandSenderOptions) {
    this.#options = options;
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
    const message = this.#message(leaf, { scope: 'device', device }, value);
    const wait = this.#wait(options, `${leaf} to ${device}`);
    const hold = options.requireOnline === false ? undefined : this.#options.presence?.hold(device);
    try {
      if (hold !== undefined) await wait.race(hold.online());
      return await this.#exchange(device, leaf, message, wait, (fail) => hold?.onOffline(fail));
    } finally {
      hold?.release();
      wait.dispose();
    }
  }

  /** Commands every device. Resolves once the broker has it: there are no replies. */
  async broadcast(leaf: string, value: unknown, options: WaitOptions = {}): Promise<void> {
    const message = this.#message(leaf, { scope: 'all' }, value);
    const wait = this.#wait(options, `${leaf} to every device`);
    try {
      const link = await wait.race(this.#options.connection.linked());
      await wait.race(link.publish(message));
    } finally {
      wait.dispose();
    }
  }

  async #exchange(
    device: string,
    leaf: string,
    message: OutgoingMessage,
    wait: Wait,
    whenOffline: (fail: (error: DeviceClientError) => void) => void,
  ): Promise<unknown> {
    const { inFlight, protocol, replyLeaf, client } = this.#options;
    const link = await this.#linkWithReplies(wait);
    if (replyLeaf === undefined) {
      await wait.race(link.publish(message));
      return undefined;
    }
    const command = inFlight.add(device);
    whenOffline(command.fail);
    const responseTopic = topicOf(protocol, replyLeaf, { scope: 'device', device, client });
    const { correlationData } = command;
    // The reply may overtake the acknowledgement, and a lost connection leaves the command pending: the device may
    // have it, and its reply may come on the next connection.
    link.publish({ ...message, responseTopic, correlationData }).catch((error: unknown) => {
      if (error instanceof DeviceClientError && error.code === 'denied') command.fail(error);
    });
    try {
      return accepted(device, leaf, await wait.race(command.reply));
    } finally {
      command.forget();
    }
  }

  /** A link on which the broker already has the subscription to replies. */
  async #linkWithReplies(wait: Wait): Promise<Link> {
    const { connection } = this.#options;
    for (;;) {
      const link = await wait.race(connection.linked());
      if (this.#replies !== undefined) await wait.race(this.#replies.ready());
      if (connection.link === link) return link;
    }
  }

  #onReply(delivery: Delivery): void {
    const { inFlight, protocol, replyLeaf = '', onInvalid } = this.#options;
    const { device, correlationData } = delivery;
    if (device === undefined || correlationData === undefined || delivery.retained) return;
    if (!inFlight.has(device, correlationData)) return;
    const result = protocol.codecs[replyLeaf]?.decode(delivery.payload);
    if (result?.ok === true) inFlight.settle(device, correlationData, result.value);
    else if (result !== undefined) onInvalid(delivery, result.code, result.detail);
  }

  #message(
    leaf: string,
    address: { scope: 'all' } | { scope: 'device'; device: string },
    value: unknown,
  ): OutgoingMessage {
    const { protocol } = this.#options;
    const definition = protocol.topics[leaf];
    if (definition?.direction !== 'command') {
      throw new DeviceClientError('invalid_argument', `${leaf}: this contract has no such command`);
    }
    try {
      const payload = protocol.codecs[leaf]?.encode(value) ?? new Uint8Array();
      const topic = topicOf(protocol, leaf, address);
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
