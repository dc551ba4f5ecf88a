import { CLIENT_ROLES, type OtaClient } from '../http/ota-exchange.js';
import { PROBLEMS } from '../http/problem.js';

/**
 * Codes of `handshake_failed` that have a label of their own: what goes wrong with client certificates (OpenSSL's names),
 * with connections, and with what is no TLS of ours. All others count as `other`.
 */
export const HANDSHAKE_CODES = [
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_TLS_HANDSHAKE_TIMEOUT',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_NO_SHARED_CIPHER',
  'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
  'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_WRONG_VERSION_NUMBER',
] as const;

const NOT_OFFERED = [
  'wrong_project',
  'wrong_chip',
  'same_image',
  'not_newer',
  'version_unparsable',
  'not_from',
  'secure_version',
  'expired',
  'no_release',
] as const;

/** What is not on a list is `other`: a client must not be able to make time series. */
const oneOf = (known: readonly string[]): ((value: string) => string) => {
  const set = new Set(known);
  return (value) => (set.has(value) ? value : 'other');
};

export const closedLabel = oneOf(['revoked', 'too_slow']);
export const handshakeLabel = oneOf(HANDSHAKE_CODES);
export const methodLabel = oneOf(['GET', 'HEAD']);
export const notOfferedLabel = oneOf(NOT_OFFERED);
export const problemLabel = oneOf(Object.keys(PROBLEMS));
const knownRole = oneOf(CLIENT_ROLES);

export const roleLabel = (client: OtaClient | undefined): string =>
  client === undefined ? 'none' : knownRole(client.role);

export const statusLabel = (status: number): string =>
  Number.isInteger(status) && status >= 100 && status <= 599 ? String(status) : 'other';
