import { isCommandError, isUpdateError, type FleetResult } from '@secure-esp/device-client';

/** What became of a call to many devices. */
export interface FleetReport<T> {
  /** Of the devices that were begun with, in the order of the ids. */
  readonly results: readonly FleetResult<T>[];
  /** Not begun with: too many failed before, or the command was stopped. */
  readonly skipped: readonly string[];
}

export function toReport<T>(all: readonly FleetResult<T>[]): FleetReport<T> {
  const isSkipped = (result: FleetResult<T>): boolean => !result.ok && result.error.code === 'skipped';
  return {
    results: all.filter((result) => !isSkipped(result)),
    skipped: all.filter(isSkipped).map(({ device }) => device),
  };
}

/** A result for `--json`. */
export function resultToJson(result: FleetResult<object>): object {
  if (result.ok) return { device: result.device, ok: true, ...result.value };
  const { device, error } = result;
  return {
    device,
    ok: false,
    error: {
      code: error.code,
      ...(isUpdateError(error) ? { reason: error.reason, run: error.run } : {}),
      ...(isCommandError(error) ? { replyCode: error.replyCode } : {}),
      message: error.message,
    },
  };
}
