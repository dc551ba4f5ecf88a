import { PkiError } from '../errors.js';

const MIN_BYTES = 8;
/** OpenSSL's prompt and `-passin` stop at 1,023 bytes. */
const MAX_BYTES = 1000;

/**
 * The bytes of a passphrase.
 *
 * @throws PkiError `ERR_PKI_PASSPHRASE`
 */
export function checkedPassphrase(passphrase: string, minBytes = MIN_BYTES): Buffer {
  const bytes = Buffer.from(passphrase, 'utf8');
  if (bytes.length < minBytes || bytes.length > MAX_BYTES || !passphrase.isWellFormed()) {
    const message = `the passphrase must be ${minBytes}..${MAX_BYTES} bytes of UTF-8`;
    throw new PkiError('ERR_PKI_PASSPHRASE', message, { field: 'passphrase' });
  }
  return bytes;
}
