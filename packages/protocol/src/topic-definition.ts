import type { Payload } from './payload.js';

/** `all`: `<root>/<leaf>`, heard by every device. `device`: `<root>/devices/{device}/<leaf>`. */
export type Scope = 'all' | 'device';

export type QoS = 0 | 1;

interface TopicCommon<P extends Payload> {
  readonly payload: P;
  readonly scopes: readonly Scope[];
  readonly qos: QoS;
  readonly description: string;
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
  readonly retain: boolean;
}

export type TopicDefinition<P extends Payload = Payload> = CommandDefinition<P> | EventDefinition<P>;

/** Declares a command. Defaults: both scopes, QoS 1, expiry 60 s. */
export function command<P extends Payload>(
  payload: P,
  options: { description: string; scopes?: readonly Scope[]; qos?: QoS; expirySeconds?: number },
): CommandDefinition<P> {
  return { direction: 'command', payload, scopes: ['all', 'device'], qos: 1, expirySeconds: 60, ...options };
}

/** Declares an event. Defaults: scope `device`, QoS 1, not retained. */
export function event<P extends Payload>(
  payload: P,
  options: { description: string; scopes?: readonly Scope[]; qos?: QoS; retain?: boolean },
): EventDefinition<P> {
  return { direction: 'event', payload, scopes: ['device'], qos: 1, retain: false, ...options };
}
