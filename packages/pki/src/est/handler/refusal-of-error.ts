import { isPkiError } from '../../errors.js';
import { type EstProblemCode, EstRefusal } from '../http/problem.js';

const RETRY_AFTER_SECONDS = '30';

const REFUSED: Readonly<Record<string, EstProblemCode>> = {
  ERR_PKI_CSR: 'bad_csr',
  ERR_PKI_NAME: 'name_refused',
  ERR_PKI_REVOKED: 'revoked',
};
/** What passes by itself, or once an operator has put something right. */
const UNAVAILABLE: ReadonlySet<string> = new Set([
  'ERR_PKI_LOCKED',
  'ERR_PKI_IO',
  'ERR_PKI_STORE',
  'ERR_PKI_KEY',
  'ERR_PKI_PEM',
  'ERR_PKI_CERTIFICATE',
  'ERR_PKI_CRL',
  'ERR_PKI_NOT_CA',
  'ERR_PKI_NOT_FOUND',
  'ERR_PKI_SIGNER',
  'ERR_PKI_EXPIRED',
]);

/** What a client is told of an error: whether it is its own, ours for a while, or ours. */
export function refusalOf(error: unknown): EstRefusal {
  if (!isPkiError(error)) return new EstRefusal('internal');
  if (UNAVAILABLE.has(error.code)) {
    return new EstRefusal('unavailable', { headers: { 'retry-after': RETRY_AFTER_SECONDS } });
  }
  return new EstRefusal(REFUSED[error.code] ?? 'internal');
}
