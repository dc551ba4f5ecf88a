import { OtaError } from '../errors.js';

/** What one connection may cost. Each default and its reason: the README's "Limits". */
export interface OtaServerLimits {
  /** Further connections are refused. Default 1024. */
  readonly maxConnections?: number;
  /** A connection on which nothing moves is cut, milliseconds. Default 30 s. */
  readonly idleTimeoutMs?: number;
  /** Longest TLS handshake, and longest time to send a request's headers, milliseconds. Default 10 s each. */
  readonly requestTimeoutMs?: number;
  /** Longest time for one reply, milliseconds. Default 30 minutes. */
  readonly replyTimeoutMs?: number;
  /** A reader slower than this on average is cut, bytes per second. Default 1024; 0 cuts none. */
  readonly minimumBytesPerSecond?: number;
  /** What a slow reader may fall behind before it is cut, milliseconds at the minimum rate. Default 60 s. */
  readonly slowReaderGraceMs?: number;
  /** How long a connection is kept after a reply, milliseconds. Default 5 s. */
  readonly keepAliveTimeoutMs?: number;
  /** Requests on one connection; it is closed with the last one's reply. Default 10,000. */
  readonly maxRequestsPerConnection?: number;
  /** What `close` grants to running downloads, milliseconds. Default 10 s. */
  readonly closeTimeoutMs?: number;
}

type Resolved = Readonly<Required<OtaServerLimits>>;

const DEFAULTS: Resolved = Object.freeze({
  maxConnections: 1024,
  idleTimeoutMs: 30_000,
  requestTimeoutMs: 10_000,
  replyTimeoutMs: 30 * 60 * 1000,
  minimumBytesPerSecond: 1024,
  slowReaderGraceMs: 60_000,
  keepAliveTimeoutMs: 5000,
  maxRequestsPerConnection: 10_000,
  closeTimeoutMs: 10_000,
});

/** The defaults of {@link OtaServerLimits}, and `maxHeaderBytes`, which is fixed. */
export const OTA_SERVER_DEFAULTS = Object.freeze({ ...DEFAULTS, maxHeaderBytes: 8 * 1024 });

/** Longest delay of a timer. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** @throws OtaError `bad_option` */
export function resolveServerLimits(options: OtaServerLimits): Resolved {
  const names = Object.keys(DEFAULTS) as (keyof Resolved)[];
  const entries = names.map((name) => [name, check(name, options[name] ?? DEFAULTS[name])]);
  return Object.freeze(Object.fromEntries(entries) as Required<OtaServerLimits>);
}

function check(name: string, value: number): number {
  const least = name === 'minimumBytesPerSecond' ? 0 : 1;
  if (!Number.isInteger(value) || value < least || value > MAX_TIMEOUT_MS) {
    throw new OtaError('bad_option', `${name} must be a whole number from ${least} to ${MAX_TIMEOUT_MS}`);
  }
  return value;
}
