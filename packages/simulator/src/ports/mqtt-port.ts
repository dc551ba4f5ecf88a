import type { SecureContext } from 'node:tls';
import type tls from 'node:tls';
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { createBackoff, type BackoffOptions } from './backoff.js';
import { pause, type Clock } from './clock.js';
import { classifyFailure, type ConnectFailure, type ConnectStage } from './mqtt-failure.js';

/**
 * The broker waits this long before it publishes the last will, so that a reconnect or a take-over does not show as
 * "offline".
 */
export const WILL_DELAY_SECONDS = 5;

/**
 * The will is due at the end of the *session* at the latest (MQTT 5, 3.1.3.2.2), so with expiry 0 the delay would be
 * void. Every connect is a clean start: nothing is ever queued for, or resumed from, these few seconds.
 */
const SESSION_EXPIRY_SECONDS = WILL_DELAY_SECONDS + 5;

const MAX_IN_FLIGHT = 64;
const FAREWELL_MS = 1000;

export interface OutboundMessage {
  readonly token: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly correlation: Uint8Array | undefined;
}

export interface InboundMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  readonly responseTopic: string | undefined;
  readonly correlation: Uint8Array | undefined;
}

export interface MqttEvents {
  connected(): void;
  disconnected(): void;
  connectFailed(failure: ConnectFailure): void;
  message(message: InboundMessage): void;
  /** A QoS 1 message was acknowledged with success. */
  published(token: number): void;
  /** Something that only a log can use. */
  note(text: string): void;
}

export interface MqttPortOptions {
  readonly url: string;
  readonly clientId: string;
  readonly secureContext: SecureContext;
  readonly will: { readonly topic: string; readonly payload: Uint8Array };
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly keepaliveSeconds: number;
  readonly connectTimeoutMs: number;
  readonly backoff: BackoffOptions;
  readonly events: MqttEvents;
}

/** One device's connection to its broker, kept up until `stop` or `kill`. */
export interface MqttPort {
  readonly connected: boolean;
  start(): void;
  /** @returns false when it was not accepted */
  publish(message: OutboundMessage): boolean;
  /** QoS 1, no retained messages. @returns false when it was not accepted */
  subscribe(filter: string): boolean;
  /** Says goodbye: the offline status, then DISCONNECT. */
  stop(): Promise<void>;
  /** Cuts the line, as a power failure does. */
  kill(): void;
}

type TlsClientOptions = IClientOptions & tls.ConnectionOptions;

interface Attempt {
  readonly client: MqttClient;
  stage: ConnectStage;
  error: unknown;
  up: boolean;
  late: boolean;
  cancelDeadline: () => void;
  inFlight: number;
}

const toInbound = (topic: string, payload: Uint8Array, { retain, properties }: IPublishPacket): InboundMessage => ({
  topic,
  payload,
  retained: retain,
  responseTopic: properties?.responseTopic,
  correlation: properties?.correlationData,
});

/** MQTT 5 over mutual TLS. Every attempt is a new client: nothing of a lost connection is ever sent later. */
export const createMqttPort = (options: MqttPortOptions): MqttPort => {
  const { clock, events } = options;
  const backoff = createBackoff(options.random, options.backoff);
  const over = new AbortController();
  let current: Attempt | undefined;
  let cancelRetry: () => void = () => undefined;

  const clientOptions = (): TlsClientOptions => ({
    protocolVersion: 5,
    clean: true,
    clientId: options.clientId,
    keepalive: options.keepaliveSeconds,
    // Ours comes first and can be told from a refusal.
    connectTimeout: 2 * options.connectTimeoutMs,
    reconnectPeriod: 0,
    manualConnect: true,
    resubscribe: false,
    queueQoSZero: false,
    rejectUnauthorized: true,
    secureContext: options.secureContext,
    properties: { sessionExpiryInterval: SESSION_EXPIRY_SECONDS },
    will: {
      topic: options.will.topic,
      payload: Buffer.from(options.will.payload),
      qos: 1,
      retain: true,
      properties: { willDelayInterval: WILL_DELAY_SECONDS },
    },
  });

  const closed = (attempt: Attempt): void => {
    if (current !== attempt) return;
    current = undefined;
    attempt.cancelDeadline();
    attempt.client.end(true);
    if (attempt.up) events.disconnected();
    else events.connectFailed(attempt.late ? 'unreachable' : classifyFailure(attempt.stage, attempt.error));
    cancelRetry = clock.schedule(backoff.nextMs(), open);
  };

  const open = (): void => {
    if (over.signal.aborted) return;
    const client = connect(options.url, clientOptions());
    const attempt: Attempt = {
      client,
      stage: 'connecting',
      error: undefined,
      up: false,
      late: false,
      cancelDeadline: clock.schedule(options.connectTimeoutMs, () => {
        attempt.late = true;
        closed(attempt);
      }),
      inFlight: 0,
    };
    current = attempt;
    client.on('error', (error) => {
      attempt.error = error;
    });
    client.on('connect', () => {
      if (current !== attempt) return;
      attempt.up = true;
      attempt.cancelDeadline();
      backoff.reset();
      events.connected();
    });
    client.on('message', (topic, payload, packet) => {
      if (current === attempt) events.message(toInbound(topic, payload, packet));
    });
    client.on('close', () => {
      closed(attempt);
    });
    client.connect();
    client.stream.on('connect', () => {
      attempt.stage = 'handshake';
    });
    client.stream.on('secureConnect', () => {
      attempt.stage = 'secure';
    });
  };

  const end = (): Attempt | undefined => {
    over.abort();
    cancelRetry();
    const attempt = current;
    current = undefined;
    attempt?.cancelDeadline();
    return attempt;
  };

  const farewell = async ({ client, up }: Attempt): Promise<void> => {
    if (!up || !client.connected) return;
    const { topic, payload } = options.will;
    await client.publishAsync(topic, Buffer.from(payload), { qos: 1, retain: true });
    await client.endAsync(false);
  };

  return {
    get connected() {
      return current?.up === true;
    },
    start: open,
    publish({ token, topic, payload, qos, retain, correlation }) {
      const attempt = current;
      if (attempt?.up !== true || attempt.inFlight >= MAX_IN_FLIGHT) return false;
      attempt.inFlight += 1;
      const properties = correlation === undefined ? {} : { properties: { correlationData: Buffer.from(correlation) } };
      attempt.client.publish(topic, Buffer.from(payload), { qos, retain, ...properties }, (error) => {
        attempt.inFlight -= 1;
        if (current !== attempt) return;
        if (error) events.note(`the broker did not accept a message on ${topic}`);
        else if (qos === 1) events.published(token);
      });
      return true;
    },
    subscribe(filter) {
      const attempt = current;
      if (attempt?.up !== true) return false;
      attempt.client.subscribe(filter, { qos: 1, rh: 2 }, (error) => {
        if (error && current === attempt) events.note(`the broker refused the subscription to ${filter}`);
      });
      return true;
    },
    async stop() {
      const attempt = end();
      if (attempt === undefined) return;
      // Whatever the broker does, the device is gone after the deadline.
      const patience = new AbortController();
      const goodbye = farewell(attempt).catch(() => undefined);
      await Promise.race([goodbye, pause(clock, FAREWELL_MS, patience.signal)]);
      patience.abort();
      attempt.client.end(true);
    },
    kill() {
      end()?.client.end(true);
    },
  };
};
