/**
 * Every way this package fails. Closed: a new code is a new minor version. The README's table explains each one
 * (a test compares the two).
 */
export const PKI_ERROR_CODES = [
  'ERR_PKI_OPTION',
  'ERR_PKI_NAME',
  'ERR_PKI_SAN',
  'ERR_PKI_VALIDITY',
  'ERR_PKI_KEY',
  'ERR_PKI_PASSPHRASE',
  'ERR_PKI_PEM',
  'ERR_PKI_CERTIFICATE',
  'ERR_PKI_CSR',
  'ERR_PKI_NOT_CA',
  'ERR_PKI_ROLE',
  'ERR_PKI_EXPIRED',
  'ERR_PKI_SIGNER',
  'ERR_PKI_STORE',
  'ERR_PKI_EXISTS',
  'ERR_PKI_IO',
  'ERR_PKI_LOCKED',
  'ERR_PKI_NOT_FOUND',
  'ERR_PKI_UNKNOWN_DEVICE',
  'ERR_PKI_UNKNOWN_SERIAL',
  'ERR_PKI_REVOKED',
  'ERR_PKI_CRL',
  'ERR_PKI_ROLLOVER',
  'ERR_PKI_CLAIM',
  'ERR_PKI_EST_UNAVAILABLE',
  'ERR_PKI_EST_REFUSED',
  'ERR_PKI_EST_REPLY',
] as const;

/** One of {@link PKI_ERROR_CODES}. */
export type PkiErrorCode = (typeof PKI_ERROR_CODES)[number];

/** What a {@link PkiError} carries beside its code and message. */
export interface PkiErrorOptions {
  /** what was thrown below */
  cause?: unknown;
  /** the file it is about */
  path?: string | undefined;
  /** the option or subject field it is about */
  field?: string | undefined;
}

/**
 * The one error class of this package. `message` is a sentence for people and never contains a key or PEM text;
 * programs switch on `code`.
 */
export class PkiError extends Error {
  override readonly name = 'PkiError';
  readonly code: PkiErrorCode;
  /** the file the error is about, when there is one */
  readonly path: string | undefined;
  /** the option or subject field the error is about, when there is one */
  readonly field: string | undefined;

  constructor(code: PkiErrorCode, message: string, options: PkiErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.path = options.path;
    this.field = options.field;
  }
}

const codes: ReadonlySet<string> = new Set(PKI_ERROR_CODES);

/** True for a `PkiError` of any copy of this package (`instanceof` fails when ESM and CommonJS copies are both loaded). */
export function isPkiError(value: unknown): value is PkiError {
  return (
    value instanceof Error &&
    value.name === 'PkiError' &&
    'code' in value &&
    typeof value.code === 'string' &&
    codes.has(value.code)
  );
}
