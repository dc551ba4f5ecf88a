import { BrokerError } from './errors.js';

/** What one client may cost the broker. The same numbers go into the embedded broker and into Mosquitto's configuration. */
export interface BrokerLimits {
  /**
   * Largest MQTT packet, bytes. Default 17,408: 16 KiB of payload and 1 KiB for topic and properties. A client that sends
   * a larger one is disconnected.
   */
  readonly maxPacketBytes: number;
  /** Open connections per listener. Default 10,000. */
  readonly maxConnections: number;
  /** QoS 1 and 2 messages kept for one client that is away. Later ones are dropped. Default 1,000. */
  readonly maxQueuedMessages: number;
  /** QoS 1 and 2 messages sent to one client and not yet acknowledged. Mosquitto only. Default 20. */
  readonly maxInflightMessages: number;
  /**
   * Longest keepalive, seconds, 10..65535. MQTT 5 clients are told to use it. Of MQTT 3.1.1 clients with a longer one, the
   * embedded broker refuses the connection, Mosquitto lets them. Default 600.
   */
  readonly maxKeepaliveSeconds: number;
  /** How long the session of a client that is away is kept, hours. Default 168 (a week). */
  readonly maxSessionExpiryHours: number;
  /**
   * Time for the TLS handshake, and again for CONNECT after it, milliseconds. Embedded broker only (Mosquitto 2.0.11 has about 95 s,
   * fixed). Default 10,000.
   */
  readonly connectDeadlineMs: number;
}

/** Default of every limit. */
export const DEFAULT_LIMITS: BrokerLimits = Object.freeze({
  maxPacketBytes: 17_408,
  maxConnections: 10_000,
  maxQueuedMessages: 1_000,
  maxInflightMessages: 20,
  maxKeepaliveSeconds: 600,
  maxSessionExpiryHours: 168,
  connectDeadlineMs: 10_000,
});

const RANGES: Readonly<Record<keyof BrokerLimits, readonly [min: number, max: number]>> = {
  // Mosquitto refuses to start below 20 bytes; a CONNECT with a certificate's CN and a will needs some hundred.
  maxPacketBytes: [1_024, 268_435_455],
  maxConnections: [1, 1_000_000],
  maxQueuedMessages: [1, 1_000_000],
  maxInflightMessages: [1, 65_535],
  maxKeepaliveSeconds: [10, 65_535],
  maxSessionExpiryHours: [1, 87_600],
  connectDeadlineMs: [10, 600_000],
};

/** Fills in the defaults. Throws `bad_option` naming the limit and its range. */
export function resolveLimits(limits: Partial<BrokerLimits> = {}): BrokerLimits {
  const resolved = { ...DEFAULT_LIMITS, ...limits };
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value = resolved[name as keyof BrokerLimits];
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new BrokerError('bad_option', `limits.${name} must be an integer in ${min}..${max}, got ${value}`);
    }
  }
  return Object.freeze(resolved);
}
