/**
 * Every way this package fails. The README explains each one (a test compares the two).
 *
 * - `bad_option`: an option is out of its range or has a form that a configuration file cannot carry
 * - `bad_tls`: a certificate, key, CA or revocation list is unreadable, does not fit its key, or both roles share a CA
 * - `port_taken`: another program listens on `port`
 * - `mosquitto_missing`: no Mosquitto executable was found
 * - `start_failed`: the broker did not start; for Mosquitto, `log` has its last lines
 * - `start_deadline`: Mosquitto did not accept TLS on both ports in time; `log` has its last lines
 * - `exited`: a running broker ended by itself; `log` has Mosquitto's last lines
 * - `closed`: the broker was used after `close()`
 * - `takeover_refused`: the broker did not let an operator take over a device's session
 */
export const BROKER_ERROR_CODES = [
  'bad_option',
  'bad_tls',
  'port_taken',
  'mosquitto_missing',
  'start_failed',
  'start_deadline',
  'exited',
  'closed',
  'takeover_refused',
] as const;

/** One of {@link BROKER_ERROR_CODES}. */
export type BrokerErrorCode = (typeof BROKER_ERROR_CODES)[number];

/** What a {@link BrokerError} carries beside its code and message. */
export interface BrokerErrorOptions extends ErrorOptions {
  /** Default: none. */
  readonly port?: number;
  /** Oldest line first. Default: none. */
  readonly log?: readonly string[];
}

/** The one error class of this package. `message` never contains a key or PEM text. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  /** The port that the error is about, if any. */
  readonly port: number | undefined;
  /** The last lines that Mosquitto logged, oldest first; empty for other errors. */
  readonly log: readonly string[];

  constructor(
    readonly code: BrokerErrorCode,
    message: string,
    options: BrokerErrorOptions = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.port = options.port;
    this.log = options.log ?? [];
  }
}

/** Structural check: two copies of this package in one process defeat `instanceof`. */
export const isBrokerError = (error: unknown): error is BrokerError =>
  error instanceof Error &&
  error.name === 'BrokerError' &&
  BROKER_ERROR_CODES.includes((error as { code?: unknown }).code as BrokerErrorCode);
