/**
 * Every way this package fails. Closed: a new code is a new minor version; the README explains each one.
 *
 * - `bad_option`: an option is missing or breaks its limit (the message names it)
 * - `not_bootable`: no slot of the flash holds an image that the bootloader model accepts
 * - `state_file`: the state file cannot be read or written, is no flash of this package, or belongs to another device
 * - `state_file_locked`: another device, in this process or another, has the state file open
 * - `flash_access`: a flash operation broke a rule of NOR flash (range, sector alignment, writing without erasing)
 * - `nvs_full`: the key/value store has no room for this value
 * - `power_cut`: the injected flash lost power (see `withPowerCut`)
 * - `core`: the firmware core refused its configuration, or trapped
 * - `wrong_state`: the call does not fit the device's power state
 * - `deadline`: an awaited event did not happen in time
 * - `aborted`: the caller's signal ended the wait
 */
export const SIMULATOR_ERROR_CODES = [
  'bad_option',
  'not_bootable',
  'state_file',
  'state_file_locked',
  'flash_access',
  'nvs_full',
  'power_cut',
  'core',
  'wrong_state',
  'deadline',
  'aborted',
] as const;

/** One of {@link SIMULATOR_ERROR_CODES}. */
export type SimulatorErrorCode = (typeof SIMULATOR_ERROR_CODES)[number];

/** The one error of this package. `message` is a sentence for people and never contains a key or PEM text. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError';
  constructor(
    readonly code: SimulatorErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

const codes: ReadonlySet<unknown> = new Set(SIMULATOR_ERROR_CODES);

/** Structural check: two copies of this package in one process defeat `instanceof`. */
export const isSimulatorError = (value: unknown): value is SimulatorError =>
  value instanceof Error && value.name === 'SimulatorError' && 'code' in value && codes.has(value.code);
