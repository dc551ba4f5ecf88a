// The default export: the build for browsers has no other.
import mqttJs, { type MqttClient } from 'mqtt';
import { createDeferred, type Deferred } from '../deferred.js';
import type { Timers } from '../environment.js';
import { DeviceClientError } from '../errors.js';
import type { Lifetime } from '../lifetime.js';
import { startWait } from '../wait.js';
import { toClientOptions } from './client-options.js';
import { toConnectError, toLossError } from './connect-fault.js';
import { createLink } from './live-link.js';

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

const NO_IDS: readonly number[] = [];
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
