import { connect as connectMqtt, type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import { createDeferred } from '../deferred.js';
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

export interface LinkOptions {
  readonly url: URL;
  readonly clientId: string;
  readonly tls: TlsOptions | undefined;
  readonly verifyServer: boolean;
  readonly keepAliveSeconds: number;
  readonly connectDeadlineMs: number;
  /** A broker that leaves a SUBSCRIBE unanswered for so long is given up, milliseconds. */
  readonly ackDeadlineMs: number;
  readonly timers: Timers;
  readonly onMessage: (message: IncomingMessage) => void;
  readonly signal?: AbortSignal | undefined;
  readonly lifetime: Lifetime;
}

export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** True if the broker replays a stored message. */
  readonly retained: boolean;
  readonly correlationData: Uint8Array | undefined;
}

export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain?: boolean;
  readonly expirySeconds?: number;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
}

/** Why a link ended. */
export type LinkEnd = DeviceClientError;

/** One MQTT connection, from CONNACK to close. It never reconnects: the next one is a new link. */
export interface Link {
  /** Resolves once written (QoS 0) or acknowledged (QoS 1); `denied` if the broker forbids it. Never settles late: rejects with the link's end. */
  publish(message: OutgoingMessage): Promise<void>;
  subscribe(filter: string, qos: 0 | 1): Promise<void>;
  unsubscribe(filter: string): Promise<void>;
  readonly ended: Promise<LinkEnd>;
  /** Ends at once, without goodbye. */
  kill(reason: LinkEnd): void;
  /** Ends with a DISCONNECT packet, so that nothing is published for us. */
  close(): Promise<void>;
}

/** More than any topic of a contract needs (payloads end at 64 KiB); a bigger packet is not worth its memory. */
const MAXIMUM_PACKET_BYTES = 131_072;
/** Time for DISCONNECT to leave before the socket is destroyed. */
const GOODBYE_MS = 1_000;

/** Opens one connection. Rejects with `unreachable`, `tls`, `refused`, `deadline`, `aborted` or `closed`. */
export async function openLink(options: LinkOptions): Promise<Link> {
  const { url, timers, onMessage, connectDeadlineMs, signal, lifetime } = options;
  const where = url.host;
  const wait = startWait({ timers, deadlineMs: connectDeadlineMs, what: `connecting to ${where}`, signal, lifetime });
  const mqtt = connectMqtt(toClientOptions(options));
  const accepted = createDeferred<undefined>();
  const ended = createDeferred<LinkEnd>();
  let firstError: unknown;
  let reasonCode: number | undefined;
  let started = false;

  mqtt.on('error', (error) => {
    firstError ??= error;
    // After CONNACK this is a protocol error (mqtt.js does not always close by itself).
    if (accepted.settled) mqtt.stream.destroy();
    else accepted.reject(toConnectError(where, { error }));
  });
  mqtt.on('disconnect', (packet) => {
    reasonCode = packet.reasonCode;
  });
  mqtt.on('message', (topic, payload, packet) => {
    const { correlationData } = packet.properties ?? {};
    onMessage({ topic, payload, retained: packet.retain, correlationData });
  });
  mqtt.on('close', () => {
    const fault = { error: firstError, reasonCode };
    if (accepted.settled) ended.resolve(toLossError(where, fault));
    else accepted.reject(toConnectError(where, fault));
  });
  mqtt.on('connect', () => {
    accepted.resolve(undefined);
  });

  try {
    await wait.race(Promise.resolve());
    startConnecting(mqtt, where);
    started = true;
    await wait.race(accepted.promise);
  } catch (error) {
    if (started) mqtt.end(true);
    throw error;
  } finally {
    wait.dispose();
  }
  return createLink(mqtt, ended.promise, ended.resolve, options);
}

/** `connect` throws on the spot if a key or certificate is not PEM. */
function startConnecting(mqtt: MqttClient, where: string): void {
  try {
    mqtt.connect();
  } catch (error) {
    throw new DeviceClientError('tls', `${where}: ca, cert or key is not usable`, { cause: error });
  }
}

function createLink(
  mqtt: MqttClient,
  ended: Promise<LinkEnd>,
  end: (reason: LinkEnd) => void,
  options: LinkOptions,
): Link {
  const outstanding = new Set<(reason: LinkEnd) => void>();
  void ended.then((reason) => {
    for (const fail of outstanding) fail(reason);
  });
  const kill = (reason: LinkEnd): void => {
    end(reason);
    mqtt.end(true);
  };
  // mqtt.js leaves publishes unsettled when the connection goes.
  const orEnd = async <T>(promise: Promise<T>): Promise<T> => {
    const failure = createDeferred<never>();
    outstanding.add(failure.reject);
    try {
      return await Promise.race([promise, failure.promise]);
    } finally {
      outstanding.delete(failure.reject);
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
    ended,
    kill,
    publish: async (message) => {
      const sent = mqtt.publishAsync(message.topic, asBuffer(message.payload), toPublishOptions(message));
      await orEnd(sent.catch((error: unknown) => failOperation(message.topic, error)));
    },
    subscribe: async (filter, qos) => {
      const granted = mqtt.subscribeAsync(filter, { qos });
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
      await ended;
      options.timers.clearTimeout(timer);
    },
  };
}

/** A reason code means the broker said no; everything else is the connection's end, which `ended` reports better. */
function failOperation(topic: string, error: unknown): Promise<never> {
  const reason = reasonCodeOf(error);
  if (reason === undefined) return new Promise(() => undefined);
  throw new DeviceClientError('denied', `${topic}: the broker refused with reason code ${String(reason)}`, {
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

function toClientOptions(options: LinkOptions): IClientOptions & { minVersion: 'TLSv1.2' } {
  const { url, tls } = options;
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
    resubscribe: false,
    // Handlers first, then the socket: messages that arrive with CONNACK would be lost otherwise.
    manualConnect: true,
    properties: { sessionExpiryInterval: 0, maximumPacketSize: MAXIMUM_PACKET_BYTES },
  };
}

function toPublishOptions(message: OutgoingMessage): IClientPublishOptions {
  const { qos, retain = false, expirySeconds, responseTopic, correlationData } = message;
  return {
    qos,
    retain,
    properties: {
      ...(expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds }),
      ...(responseTopic === undefined ? {} : { responseTopic }),
      ...(correlationData === undefined ? {} : { correlationData: asBuffer(correlationData) }),
    },
  };
}

/** mqtt.js's types want Node's Buffer, its code only bytes. */
const asBuffer = (bytes: Uint8Array): Buffer => bytes as Buffer;
