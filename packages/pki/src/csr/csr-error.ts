import { isPkiError, PkiError } from '../errors.js';

/** The part of a certificate request that an `ERR_PKI_CSR` blames. */
export type CsrField =
  | 'csr'
  | 'pem'
  | 'der'
  | 'version'
  | 'subject'
  | 'publicKey'
  | 'attributes'
  | 'extensions'
  | 'subjectAltName'
  | 'signatureAlgorithm'
  | 'signature';

export const csrError = (field: CsrField, message: string, cause?: unknown): PkiError =>
  new PkiError('ERR_PKI_CSR', message, { field, ...(cause === undefined ? {} : { cause }) });

/** Runs one step of reading; what the readers below it throw becomes the request's error, with the part it is about. */
export function reading<T>(field: CsrField, what: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    if (isPkiError(cause) && cause.code === 'ERR_PKI_CSR') throw cause;
    throw csrError(field, `the certificate request ${what}`, cause);
  }
}
