import { REPLY_CODES, type ReplyCode, type UpdateReason, type UpdateState } from '@secure-esp/protocol';

/** Refusals of a device: the contract's reply codes, or `rejected` for a code that secure-esp v1 does not know. */
export const COMMAND_ERROR_CODES = [...REPLY_CODES, 'rejected'] as const;
/** One of {@link COMMAND_ERROR_CODES}. */
export type CommandErrorCode = ReplyCode | 'rejected';

/** Ends of an update run other than success and "nothing newer". */
export const UPDATE_ERROR_CODES = ['failed', 'rolled_back', 'superseded', 'deadline'] as const;
/** One of {@link UPDATE_ERROR_CODES}. */
export type UpdateErrorCode = (typeof UPDATE_ERROR_CODES)[number];

/**
 * Every reason for which this package throws.
 *
 * - `invalid_argument`: an option, device id, topic or value is not allowed; nothing was sent
 * - `unreachable`: no network connection to the broker
 * - `expired`: waited in the offline queue for longer than its `maxAgeMs`; nothing was sent
 * - `queue_full`: the offline queue was full; nothing was sent
 * - `tls`: the TLS handshake failed: unknown CA, expired, wrong name, unusable key or certificate
 * - `refused`: the broker refused the connection, lacks what is needed, or does not trust this client
 * - `denied`: the broker's access rules forbid this topic
 * - `deadline`: no answer in time; of an update run: `UpdateError`, the run may still go on
 * - `aborted`: the caller's signal aborted; `cause` is its reason
 * - `closed`: the client was closed
 * - `device_offline`: the device is not connected, so the command was not delivered
 * - `not_reported`: the broker holds no such value of the device
 * - `invalid_reply`: the device's answer misses what this command needs
 * - `skipped`: a call to a fleet stopped before it came to this device; nothing was sent to it
 * - {@link COMMAND_ERROR_CODES}: the device refused ({@link CommandError})
 * - {@link UPDATE_ERROR_CODES}: an update run did not succeed ({@link UpdateError})
 */
export const DEVICE_CLIENT_ERROR_CODES = [
  'invalid_argument',
  'unreachable',
  'expired',
  'queue_full',
  'tls',
  'refused',
  'denied',
  'deadline',
  'aborted',
  'closed',
  'device_offline',
  'not_reported',
  'invalid_reply',
  'skipped',
  ...COMMAND_ERROR_CODES,
  'failed',
  'rolled_back',
  'superseded',
] as const;
/** One of {@link DEVICE_CLIENT_ERROR_CODES}. */
export type DeviceClientErrorCode = (typeof DEVICE_CLIENT_ERROR_CODES)[number];

/** Base of everything this package throws. */
export class DeviceClientError extends Error {
  override readonly name: string = 'DeviceClientError';
  constructor(
    readonly code: DeviceClientErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The device answered `{ok:false}`. */
export class CommandError extends DeviceClientError {
  override readonly name = 'CommandError';
  declare readonly code: CommandErrorCode;
  /** Id of the device that refused. */
  readonly device: string;
  /** Leaf of the command, e.g. `update/interval`. */
  readonly leaf: string;
  /** The code as the device wrote it: equal to `code` unless that is `rejected`. */
  readonly replyCode: string;
  /** The device's sentence about it; may be empty. */
  readonly detail: string;

  constructor(refusal: { device: string; leaf: string; replyCode: string; detail: string }) {
    const { device, leaf, replyCode, detail } = refusal;
    const code = isReplyCode(replyCode) ? replyCode : 'rejected';
    super(code, `${leaf}: ${device} refused with ${replyCode}${detail === '' ? '' : `: ${detail}`}`);
    this.device = device;
    this.leaf = leaf;
    this.replyCode = replyCode;
    this.detail = detail;
  }
}

/**
 * An update run that did not end with a confirmed image. With code `deadline` the run may still go on, with `superseded`
 * its outcome was overwritten by a later run; otherwise the device keeps its old image.
 */
export class UpdateError extends DeviceClientError {
  override readonly name = 'UpdateError';
  declare readonly code: UpdateErrorCode;
  /** Id of the device. */
  readonly device: string;
  /** The run, as the device counts them: the `run` of its `update/state`. */
  readonly run: number;
  /** Why, in the device's words; `null` if it gave no reason. */
  readonly reason: UpdateReason | null;
  /** The last state seen of this run. */
  readonly lastState: UpdateState | undefined;

  constructor(
    code: UpdateErrorCode,
    message: string,
    facts: { device: string; run: number; reason: UpdateReason | null; lastState: UpdateState | undefined },
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    this.device = facts.device;
    this.run = facts.run;
    this.reason = facts.reason;
    this.lastState = facts.lastState;
  }
}

const isReplyCode = (code: string): code is ReplyCode => (REPLY_CODES as readonly string[]).includes(code);

const NAMES = ['DeviceClientError', 'CommandError', 'UpdateError'];

const hasCode = (error: Error, codes: readonly string[]): boolean =>
  codes.includes((error as { code?: unknown }).code as string);

/** Structural check for any error of this package: two copies of it in one process defeat `instanceof`. */
export const isDeviceClientError = (error: unknown): error is DeviceClientError =>
  error instanceof Error && NAMES.includes(error.name) && hasCode(error, DEVICE_CLIENT_ERROR_CODES);

/** Structural check for {@link CommandError}. */
export const isCommandError = (error: unknown): error is CommandError =>
  error instanceof Error && error.name === 'CommandError' && hasCode(error, COMMAND_ERROR_CODES);

/** Structural check for {@link UpdateError}. */
export const isUpdateError = (error: unknown): error is UpdateError =>
  error instanceof Error && error.name === 'UpdateError' && hasCode(error, UPDATE_ERROR_CODES);
