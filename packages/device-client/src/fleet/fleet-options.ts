import type { EventDefinition, Protocol, SecureEspV1 } from '@secure-esp/protocol';
import { checkDevice } from '../commands/command-sender.js';
import { DeviceClientError } from '../errors.js';
import type { UpdateProgress } from '../update/update-progress.js';
import { checkMs, type WaitOptions } from '../wait.js';

/** Devices at the same time, unless told otherwise. */
export const DEFAULT_CONCURRENCY = 16;

/** True if the contract's devices tell whether they are there: it has the event `status`. */
export type HasPresence<P extends Protocol> = P['topics'] extends { readonly status: EventDefinition } ? true : false;

/** Which devices: these ids (each once, whatever the list), or all that are online when the call begins. */
export type FleetTarget<P extends Protocol = SecureEspV1> =
  readonly string[] | (HasPresence<P> extends true ? { readonly present: true } : never);

/** For `client.fleet`. */
export interface FleetOptions {
  /** Most devices at the same time, at least 1. Default 16. */
  readonly concurrency?: number | undefined;
}

/** For every call to a fleet. */
export interface FleetCallOptions extends WaitOptions {
  /**
   * Stops at once: no further device is started (`skipped`), and those under way are not waited for (`aborted`). What was
   * sent already is not taken back.
   */
  readonly signal?: AbortSignal | undefined;
  /** For each device, from its own start, milliseconds. Default: that of the same call on one device. */
  readonly deadlineMs?: number | undefined;
  /** For all devices together, milliseconds: then those under way end with `deadline`, the rest is `skipped`. Default: none. */
  readonly totalDeadlineMs?: number | undefined;
  /** Starts no further device once so many have failed, at least 1: those not started are `skipped`. Default: never. */
  readonly stopAfterFailures?: number | undefined;
}

/** For commands to a fleet. */
export interface FleetCommandOptions extends FleetCallOptions {
  /** False sends without looking at each device's `status` first. Default true. */
  readonly requireOnline?: boolean | undefined;
}

/** One step of one device's update run. */
export interface FleetUpdateProgress extends UpdateProgress {
  readonly device: string;
}

/** For `fleet.update.run`. */
export interface FleetUpdateOptions extends FleetCommandOptions {
  /** Called for every reported step of every device's run, in order for each device. */
  readonly onProgress?: ((progress: FleetUpdateProgress) => void) | undefined;
  /** For each device's whole run, milliseconds. Default 20 minutes. */
  readonly deadlineMs?: number | undefined;
}

export function checkFleetTarget(target: FleetTarget): readonly string[] | 'present' {
  if (!Array.isArray(target)) {
    if ((Object(target) as { present?: unknown }).present === true) return 'present';
    throw new DeviceClientError('invalid_argument', 'a fleet is an array of device ids or {present: true}');
  }
  for (const id of target as readonly string[]) checkDevice(id);
  return Object.freeze([...new Set(target as readonly string[])]);
}

export function checkConcurrency(options: FleetOptions = {}): number {
  return checkCount('concurrency', options.concurrency ?? DEFAULT_CONCURRENCY);
}

export function checkCallOptions(options: FleetCallOptions): void {
  const { deadlineMs, totalDeadlineMs, stopAfterFailures } = options;
  if (deadlineMs !== undefined) checkMs('deadlineMs', deadlineMs);
  if (totalDeadlineMs !== undefined) checkMs('totalDeadlineMs', totalDeadlineMs);
  if (stopAfterFailures !== undefined) checkCount('stopAfterFailures', stopAfterFailures);
}

function checkCount(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new DeviceClientError('invalid_argument', `${name} must be an integer of at least 1`);
}
