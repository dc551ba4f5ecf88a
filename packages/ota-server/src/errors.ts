import { IMAGE_REASONS } from '@secure-esp/firmware-image';

/**
 * Why an upload is refused. Where the device has a word for the same finding (`UPDATE_REASONS` of the contract), it is
 * the same word.
 *
 * - `not_an_image`, `truncated`, `bad_checksum`, `bad_hash`: the bytes are no intact application image
 * - `unsigned`, `bad_signature`, `untrusted_key`: no signature, an invalid one, or one by a key that is not trusted.
 *   A v1 signature carries no key, so a v1 signature by a foreign key is `bad_signature`
 * - `wrong_chip`: unknown chip, or another one than asked for
 * - `wrong_project`: another project than the stated one, than the channel's, or none at all
 * - `same_version`, `lower_version`: not higher than the newest release for this project and chip
 * - `version_unparsable`: neither the descriptor nor the caller gives a version in the contract's grammar
 * - `secure_version`: the anti-rollback counter is lower than the newest release's
 * - `too_large`: more bytes than the limit
 * - `contains_private_key`: the image holds a private key that decodes
 */
export const GATE_CODES = [
  ...IMAGE_REASONS,
  'wrong_project',
  'same_version',
  'lower_version',
  'version_unparsable',
  'secure_version',
  'contains_private_key',
] as const;
/** One of {@link GATE_CODES}. */
export type GateCode = (typeof GATE_CODES)[number];

/**
 * Every code of {@link OtaError}: those of the upload gate, then
 *
 * - `bad_option`: an option is missing or out of range; the message names it
 * - `bad_release_key`: not a P-256 private key in PEM, or not readable with the passphrase given
 * - `bad_manifest`: a value does not fit the contract's manifest, or the signed manifest exceeds 2048 bytes
 * - `bad_certificate`: a certificate or key of the server does not parse or does not match
 * - `conflict`: another publisher was faster, too often in a row
 * - `upload_stalled`: the stream of an upload gave no byte for too long, or took too long in all
 * - `upload_aborted`: the stream of an upload failed or ended in the middle; the cause says how
 * - `unknown_release`: no release with that sequence number
 * - `store_damaged`: a stored record or image is not what was written
 * - `store_failed`: the medium failed; the cause says how
 * - `not_listening`, `closed`: the server is not, or no longer, in the state that the call needs
 */
export const OTA_ERROR_CODES = [
  ...GATE_CODES,
  'bad_option',
  'bad_release_key',
  'bad_manifest',
  'bad_certificate',
  'conflict',
  'upload_stalled',
  'upload_aborted',
  'unknown_release',
  'store_damaged',
  'store_failed',
  'not_listening',
  'closed',
] as const;
/** One of {@link OTA_ERROR_CODES}. */
export type OtaErrorCode = (typeof OTA_ERROR_CODES)[number];

/** The one error of this package. Messages hold no key material, no bytes of an image and no path of the store. */
export class OtaError extends Error {
  override readonly name = 'OtaError';
  constructor(
    readonly code: OtaErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Structural check: two copies of this package in one process defeat `instanceof`. */
export const isOtaError = (error: unknown): error is OtaError =>
  error instanceof Error &&
  error.name === 'OtaError' &&
  'code' in error &&
  OTA_ERROR_CODES.some((code) => code === error.code);

/** True for the codes that say something about an image rather than about the caller or the medium. */
export const isGateCode = (code: string): code is GateCode => GATE_CODES.some((known) => known === code);
