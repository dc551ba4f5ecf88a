import type { Payload } from './payload.js';

/** `all`: `<root>/<leaf>`, heard by every device. `device`: `<root>/devices/{device}/<leaf>`. */
export type Scope = 'all' | 'device';

/** MQTT quality of service: at most once, at least once. Contracts have no use for 2. */
export type QoS = 0 | 1;

interface TopicCommon<P extends Payload> {
  readonly payload: P;
  readonly scopes: readonly Scope[];
  readonly qos: QoS;
  readonly description: string;
  /** Why not to use it any more, and what to use instead: 1..200 characters of printable ASCII without `*` + `/`. */
  readonly deprecated?: string;
  /** The contract version in which the topic appeared. */
  readonly since?: number;
}

/** What is documentation and no more: it reaches every document, and neither the wire nor the contract hash. */
interface TopicNotes {
  description: string;
  /** Why not to use it any more, and what to use instead: 1..200 characters of printable ASCII without `*` + `/`. */
  deprecated?: string;
  /** The contract version in which the topic appeared: at most that of the contract. */
  since?: number;
}

/** Operator to device. Never retained: a retained command would fire again at every connect. */
export interface CommandDefinition<P extends Payload = Payload> extends TopicCommon<P> {
  readonly direction: 'command';
  /** MQTT 5 message expiry, seconds. A broker discards the command after it. */
  readonly expirySeconds: number;
}

/** Device to operator. */
export interface EventDefinition<P extends Payload = Payload> extends TopicCommon<P> {
  readonly direction: 'event';
  /** The broker keeps the last value for whoever subscribes later. */
  readonly retain: boolean;
}

/** One leaf of a contract, as {@link command} and {@link event} make it. */
export type TopicDefinition<P extends Payload = Payload> = CommandDefinition<P> | EventDefinition<P>;

/** Declares a command. Defaults: both scopes, QoS 1, expiry 60 s. */
export function command<P extends Payload>(
  payload: P,
  options: TopicNotes & { scopes?: readonly Scope[]; qos?: QoS; expirySeconds?: number },
): CommandDefinition<P> {
  return { direction: 'command', payload, scopes: ['all', 'device'], qos: 1, expirySeconds: 60, ...options };
}

/** Declares an event. Defaults: scope `device`, QoS 1, not retained. */
export function event<P extends Payload>(
  payload: P,
  options: TopicNotes & { scopes?: readonly Scope[]; qos?: QoS; retain?: boolean },
): EventDefinition<P> {
  return { direction: 'event', payload, scopes: ['device'], qos: 1, retain: false, ...options };
}
