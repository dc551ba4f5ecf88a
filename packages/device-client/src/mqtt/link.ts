// The default export: the build for browsers has no other.
import mqttJs, { type IClientOptions, type IClientPublishOptions, type IStore, type MqttClient } from 'mqtt';
import { asBuffer } from '../bytes.js';
import { Chain } from '../chain.js';
import { createDeferred, type Deferred } from '../deferred.js';
import type { Timers } from '../environment.js';
import { DeviceClientError } from '../errors.js';
import type { Lifetime } from '../lifetime.js';
import { startWait } from '../wait.js';
import { toConnectError, toLossError } from './connect-fault.js';

/** PEM texts of a mutual TLS identity. */
export interface TlsOptions {
  /** Certificates of the CAs that may have signed the broker's certificate. */
  readonly ca: string;
  /** The client's certificate (chain), leaf first. */
  readonly cert: string;
  /** The client's private key. */
  readonly key: string;
  /** Name to expect in the broker's certificate, if it is not the URL's host. */
  readonly servername?: string | undefined;
}

/** An identity, or a function that is asked for it before every connection (a key store, files that are renewed). */
export type TlsSource = TlsOptions | (() => TlsOptions | Promise<TlsOptions>);

export interface LinkOptions {
  readonly url: URL;
  readonly clientId: string;
  readonly tls: TlsSource | undefined;
  readonly verifyServer: boolean;
  readonly keepAliveSeconds: number;
  readonly connectDeadlineMs: number;
  /** A broker that leaves a SUBSCRIBE unanswered for so long is given up, milliseconds. */
  readonly ackDeadlineMs: number;
  readonly timers: Timers;
  readonly onMessage: (message: IncomingMessage) => void;
  /** True refuses a broker without shared subscriptions (MQTT 5, 3.2.2.3.13). */
  readonly needsSharedSubscriptions?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly lifetime: Lifetime;
}

export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** True if the broker replays a stored message. */
  readonly retained: boolean;
  readonly correlationData: Uint8Array | undefined;
  /** Identifiers of the subscriptions that it matched, as far as they were made with one. */
  readonly subscriptionIds: readonly number[];
}

export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain?: boolean;
  readonly expirySeconds?: number | undefined;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
}

export interface SubscribeExtras {
  /** Comes back with every message of this subscription, 1..268435455. */
  readonly id?: number | undefined;
  /** False asks for no stored messages (MQTT 5, 3.8.3.1, retain handling 2). Default true. */
  readonly stored?: boolean;
}

/** Why a link ended. */
export type LinkEnd = DeviceClientError;

/** One MQTT connection, from CONNACK to close. It never reconnects: the next one is a new link. */
export interface Link {
  /** Resolves once written (QoS 0) or acknowledged (QoS 1); `denied` if the broker forbids it. Never settles late: rejects with the link's end. */
  publish(message: OutgoingMessage): Promise<void>;
  subscribe(filter: string, qos: 0 | 1, extras?: SubscribeExtras): Promise<void>;
  unsubscribe(filter: string): Promise<void>;
  readonly ended: Promise<LinkEnd>;
  /** Why it ended; `undefined` while it lives. Set before `ended` resolves: nothing that starts after it can hang. */
  readonly endReason: LinkEnd | undefined;
  /** Settles like `promise`, or rejects with the link's end. Leaves nothing behind on a link that lives on. */
  during<T>(promise: Promise<T>): Promise<T>;
  /** Resolves once nothing that was started on this link is outstanding. */
  quiet(): Promise<void>;
  /** Ends at once, without goodbye. */
  kill(reason: LinkEnd): void;
  /** Ends with a DISCONNECT packet, so that nothing is published for us. */
  close(): Promise<void>;
}

/** More than any topic of a contract needs (payloads end at 64 KiB); a bigger packet is not worth its memory. */
const MAXIMUM_PACKET_BYTES = 131_072;
const NO_IDS: readonly number[] = [];
/** Time for DISCONNECT to leave before the socket is destroyed. */
const GOODBYE_MS = 1_000;

/** Opens one connection. Rejects with `unreachable`, `tls`, `refused`, `deadline`, `aborted` or `closed`. */
export async function openLink(options: LinkOptions): Promise<Link> {
  const { url, timers, connectDeadlineMs, signal, lifetime } = options;
  const where = url.host;
  const wait = startWait({ timers, deadlineMs: connectDeadlineMs, what: `connecting to ${where}`, signal, lifetime });
  let attempt: Attempt | undefined;
  try {
    const tls = await wait.race(resolveTls(options.tls, where));
    attempt = startLink(mqttJs.connect(toClientOptions(options, tls)), options, where);
    await wait.race(attempt.accepted.promise);
    return createLink(attempt.mqtt, attempt.ended, options);
  } catch (error) {
    attempt?.mqtt.end(true);
    throw error;
  } finally {
    wait.dispose();
  }
}

/** Asks for the identity. Also lets an abort come before anything is opened. */
async function resolveTls(source: TlsSource | undefined, where: string): Promise<TlsOptions | undefined> {
  if (typeof source !== 'function') return source;
  try {
    return await source();
  } catch (error) {
    throw new DeviceClientError('tls', `${where}: the tls function failed`, { cause: error });
  }
}

/** Nagle's algorithm would hold a command back for some 40 ms, until the broker's kernel has acknowledged the PUBACK before it. */
function sendAtOnce(stream: object): void {
  if ('setNoDelay' in stream) (stream as { setNoDelay(on: boolean): void }).setNoDelay(true);
}

interface Attempt {
  readonly mqtt: MqttClient;
  readonly accepted: Deferred<undefined>;
  readonly ended: Deferred<LinkEnd>;
}

/** Handlers first, then the socket. */
function startLink(mqtt: MqttClient, options: LinkOptions, where: string): Attempt {
  const { onMessage, needsSharedSubscriptions = false } = options;
  const accepted = createDeferred<undefined>();
  const ended = createDeferred<LinkEnd>();
  let firstError: unknown;
  let reasonCode: number | undefined;

  mqtt.on('error', (error) => {
    firstError ??= error;
    // After CONNACK this is a protocol error (mqtt.js does not always close by itself).
    if (accepted.settled) mqtt.stream.destroy();
    else accepted.reject(toConnectError(where, { error }));
  });
  mqtt.on('disconnect', (packet) => {
    reasonCode = packet.reasonCode;
    // The broker closes after this packet; if its FIN is lost, nobody would until the keep-alive ends.
    mqtt.stream.destroy();
  });
  mqtt.on('message', (topic, payload, packet) => {
    const { correlationData, subscriptionIdentifier } = packet.properties ?? {};
    onMessage({
      topic,
      payload,
      retained: packet.retain,
      correlationData,
      subscriptionIds: subscriptionIdentifier === undefined ? NO_IDS : [subscriptionIdentifier].flat(),
    });
  });
  mqtt.on('close', () => {
    const fault = { error: firstError, reasonCode };
    if (accepted.settled) ended.resolve(toLossError(where, fault));
    else accepted.reject(toConnectError(where, fault));
  });
  mqtt.on('connect', ({ properties }) => {
    sendAtOnce(mqtt.stream);
    if (needsSharedSubscriptions && properties?.sharedSubscriptionAvailable === false) {
      accepted.reject(new DeviceClientError('refused', `${where}: the broker has no shared subscriptions`));
    } else accepted.resolve(undefined);
  });

  startConnecting(mqtt, where);
  return { mqtt, accepted, ended };
}

/** `connect` throws on the spot if a key or certificate is not PEM. */
function startConnecting(mqtt: MqttClient, where: string): void {
  try {
    mqtt.connect();
  } catch (error) {
    throw new DeviceClientError('tls', `${where}: ca, cert or key is not usable`, { cause: error });
  }
}

function createLink(mqtt: MqttClient, ended: Deferred<LinkEnd>, options: LinkOptions): Link {
  const outstanding = new Chain<(reason: LinkEnd) => void>();
  const idle = new Set<() => void>();
  let endReason: LinkEnd | undefined;
  const end = (reason: LinkEnd): void => {
    endReason ??= reason;
    ended.resolve(endReason);
    for (const fail of outstanding.values()) fail(endReason);
  };
  void ended.promise.then(end);
  const kill = (reason: LinkEnd): void => {
    end(reason);
    mqtt.end(true);
  };
  const over = (place: Parameters<typeof outstanding.remove>[0]): void => {
    outstanding.remove(place);
    if (outstanding.empty) for (const wake of idle) wake();
  };
  // mqtt.js leaves publishes unsettled when the connection goes.
  const orEnd = async <T>(promise: Promise<T>): Promise<T> => {
    const failure = createDeferred<never>();
    if (endReason !== undefined) failure.reject(endReason);
    const place = outstanding.add((reason) => {
      failure.reject(reason);
    });
    try {
      return await Promise.race([failure.promise, promise]);
    } finally {
      over(place);
    }
  };
  const acknowledged = async <T>(what: string, promise: Promise<T>): Promise<T> => {
    const wait = startWait({ timers: options.timers, deadlineMs: options.ackDeadlineMs, what });
    try {
      return await wait.race(orEnd(promise));
    } catch (error) {
      if (error instanceof DeviceClientError && error.code === 'deadline') kill(error);
      throw error;
    } finally {
      wait.dispose();
    }
  };

  return {
    ended: ended.promise,
    get endReason() {
      return endReason;
    },
    kill,
    during: orEnd,
    quiet: async () => {
      if (outstanding.empty) return;
      const quiet = createDeferred<undefined>();
      const wake = (): void => {
        quiet.resolve(undefined);
      };
      idle.add(wake);
      await quiet.promise;
      idle.delete(wake);
    },
    // One promise and no race: this is done for every command.
    publish: (message) =>
      new Promise((resolve, reject) => {
        if (endReason !== undefined) {
          reject(endReason);
          return;
        }
        const place = outstanding.add(reject);
        mqtt.publish(message.topic, asBuffer(message.payload), toPublishOptions(message), (error) => {
          const refusal = error ? toRefusal(message.topic, error) : undefined;
          // Any other error is the connection's end, which comes by itself.
          if (error && refusal === undefined) return;
          over(place);
          if (refusal === undefined) resolve();
          else reject(refusal);
        });
      }),
    subscribe: async (filter, qos, { id, stored = true } = {}) => {
      const properties = id === undefined ? {} : { properties: { subscriptionIdentifier: id } };
      const granted = mqtt.subscribeAsync(filter, { qos, rh: stored ? 0 : 2, ...properties });
      await acknowledged(
        `subscribing to ${filter}`,
        granted.catch((error: unknown) => failOperation(filter, error)),
      );
    },
    unsubscribe: async (filter) => {
      const done = mqtt.unsubscribeAsync(filter);
      await acknowledged(
        `unsubscribing from ${filter}`,
        done.catch((error: unknown) => failOperation(filter, error)),
      );
    },
    close: async () => {
      // mqtt.js says goodbye only once nothing is outstanding, and an unacknowledged publish may be for ever.
      for (const id of Object.keys(mqtt.outgoing)) mqtt.removeOutgoingMessage(Number(id));
      mqtt.end(false);
      const timer = options.timers.setTimeout(() => mqtt.stream.destroy(), GOODBYE_MS);
      await ended.promise;
      options.timers.clearTimeout(timer);
    },
  };
}

/** Everything that is no refusal is the connection's end, which `ended` reports better. */
function failOperation(topic: string, error: unknown): Promise<never> {
  const refusal = toRefusal(topic, error);
  return refusal === undefined ? new Promise(() => undefined) : Promise.reject(refusal);
}

/** A reason code means that the broker said no. */
function toRefusal(topic: string, error: unknown): DeviceClientError | undefined {
  const reason = reasonCodeOf(error);
  if (reason === undefined) return undefined;
  return new DeviceClientError('denied', `${topic}: the broker refused with reason code ${String(reason)}`, {
    cause: error,
  });
}

function reasonCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'number') return error.code;
  const packet = 'packet' in error ? (error.packet as { granted?: readonly unknown[] } | undefined) : undefined;
  const granted = packet?.granted?.[0];
  return typeof granted === 'number' && granted >= 128 ? granted : undefined;
}

function toClientOptions(
  options: LinkOptions,
  tls: TlsOptions | undefined,
): IClientOptions & { minVersion: 'TLSv1.2' } {
  const { url } = options;
  return {
    protocol: url.protocol.replace(':', '') as 'mqtts',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.protocol.startsWith('ws') ? { path: url.pathname } : {}),
    ...(tls === undefined ? {} : { ca: tls.ca, cert: tls.cert, key: tls.key }),
    ...(tls?.servername === undefined ? {} : { servername: tls.servername }),
    rejectUnauthorized: options.verifyServer,
    minVersion: 'TLSv1.2',
    clientId: options.clientId,
    protocolVersion: 5,
    clean: true,
    keepalive: options.keepAliveSeconds,
    // Ours fires first; this one only frees the socket if a test's timers never fire.
    connectTimeout: options.connectDeadlineMs + 1_000,
    reconnectPeriod: 0,
    outgoingStore: forgetfulStore(),
    resubscribe: false,
    // Handlers first, then the socket: messages that arrive with CONNACK would be lost otherwise.
    manualConnect: true,
    properties: { sessionExpiryInterval: 0, maximumPacketSize: MAXIMUM_PACKET_BYTES },
  };
}

/** mqtt.js keeps copies of what is not acknowledged to send it again. No link reconnects, so nothing is ever sent again. */
function forgetfulStore(): IStore {
  const store: IStore = new mqttJs.Store();
  store.put = (_, done) => {
    done();
    return store;
  };
  store.del = (_, done) => {
    done();
    return store;
  };
  return store;
}

function toPublishOptions(message: OutgoingMessage): IClientPublishOptions {
  const { qos, retain = false, expirySeconds, responseTopic, correlationData } = message;
  const properties: NonNullable<IClientPublishOptions['properties']> = {};
  if (expirySeconds !== undefined) properties.messageExpiryInterval = expirySeconds;
  if (responseTopic !== undefined) properties.responseTopic = responseTopic;
  if (correlationData !== undefined) properties.correlationData = asBuffer(correlationData);
  return { qos, retain, properties };
}
