import type { MergedImage } from './merged-image.js';

/** Why an image is not accepted: a normal outcome, reported in verdicts. The device and the server use the same words. */
export const IMAGE_REASONS = [
  'not_an_image',
  'truncated',
  'bad_checksum',
  'bad_hash',
  'unsigned',
  'bad_signature',
  'untrusted_key',
  'wrong_chip',
  'too_large',
] as const;

/**
 * - `not_an_image`: the bytes break a rule of the format (magic, counts, lengths, alignment, no application descriptor), or
 *   are a merged flash image: errors call that `merged_image` and say where the application is
 * - `truncated`: the file ends before what its header or its signature block promises
 * - `bad_checksum`, `bad_hash`: the XOR checksum or the appended SHA-256 does not match
 * - `unsigned`: no signature block where one has to be
 * - `bad_signature`: a block is there, but nothing in it is valid under the accepted schemes. A v1 block carries no key,
 *   so a v1 signature by a foreign key is reported like this too
 * - `untrusted_key`: a v2 block is valid, but the key in it is not trusted
 * - `wrong_chip`: unknown chip id, another chip than asked for, or a revision range that excludes the chip
 * - `too_large`: longer than `maxBytes`
 */
export type ImageReason = (typeof IMAGE_REASONS)[number];

/** Every code of {@link FirmwareImageError}: the reasons an image is refused for, then the ways to misuse this package. */
export const FIRMWARE_IMAGE_ERROR_CODES = [
  ...IMAGE_REASONS,
  'merged_image',
  'unsupported_scheme',
  'already_signed',
  'contains_private_key',
  'trailing_data',
  'bad_key',
  'bad_option',
  'signer_failed',
  'no_webcrypto',
] as const;

/** One of {@link FIRMWARE_IMAGE_ERROR_CODES}. */
export type FirmwareImageErrorCode = (typeof FIRMWARE_IMAGE_ERROR_CODES)[number];

/** The one error of this package. Messages never contain key material or bytes of an image. */
export class FirmwareImageError extends Error {
  override readonly name = 'FirmwareImageError';
  readonly code: FirmwareImageErrorCode;
  /** With `merged_image`: where the applications are. */
  readonly merged: MergedImage | undefined;

  constructor(code: FirmwareImageErrorCode, message: string, options?: { cause?: unknown; merged?: MergedImage }) {
    super(message, options);
    this.code = code;
    this.merged = options?.merged;
  }
}

/** True for a {@link FirmwareImageError} of any copy of this package (`instanceof` fails between ESM and CommonJS copies). */
export const isFirmwareImageError = (value: unknown): value is FirmwareImageError =>
  value instanceof Error &&
  value.name === 'FirmwareImageError' &&
  'code' in value &&
  FIRMWARE_IMAGE_ERROR_CODES.some((code) => code === value.code);

/** True for the codes that describe an image rather than a mistake of the caller. */
export const isImageReason = (code: string): code is ImageReason => IMAGE_REASONS.some((reason) => reason === code);
