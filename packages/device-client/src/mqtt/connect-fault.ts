import { DeviceClientError } from '../errors.js';

/** A reset after TCP was established is not among them: that is how a broker's refusal of a TLS client can end. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
]);

/** Verdicts of OpenSSL's chain verification, as Node names them (https://nodejs.org/api/tls.html, "X509 certificate error codes"). */
const CERTIFICATE = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CRL_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** What was seen before the connection was refused. */
export interface ConnectFault {
  /** The first error that the transport reported, if any. */
  readonly error: unknown;
  /** Reason code of a CONNACK or DISCONNECT packet. */
  readonly reasonCode?: number | undefined;
}

/** One table from what mqtt.js, TLS and the network report to this package's codes. `where` is `host:port`. */
export function toConnectError(where: string, fault: ConnectFault): DeviceClientError {
  const { error, reasonCode } = fault;
  const options = error === undefined ? undefined : { cause: error };
  const code = codeOf(error);
  const reason = reasonCode ?? (typeof code === 'number' ? code : undefined);
  if (reason !== undefined) {
    return new DeviceClientError(
      'refused',
      `${where}: the broker refused the connection with reason code ${String(reason)}`,
      options,
    );
  }
  if (typeof code === 'string' && isTlsCode(code)) {
    return new DeviceClientError('tls', `${where}: the TLS handshake failed (${code})`, options);
  }
  if (typeof code === 'string' && UNREACHABLE.has(code)) {
    return new DeviceClientError('unreachable', `${where}: the broker is not reachable (${code})`, options);
  }
  return new DeviceClientError(
    'refused',
    `${where}: the broker ended the connection before it accepted it (it may not speak MQTT 5, or not trust this client certificate)`,
    options,
  );
}

/** Why an accepted connection ended. */
export function toLossError(where: string, fault: ConnectFault): DeviceClientError {
  const { error, reasonCode } = fault;
  const options = error === undefined ? undefined : { cause: error };
  return reasonCode === undefined
    ? new DeviceClientError('unreachable', `${where}: the connection was lost`, options)
    : new DeviceClientError(
        'refused',
        `${where}: the broker ended the connection with reason code ${String(reasonCode)}`,
        options,
      );
}

const isTlsCode = (code: string): boolean =>
  CERTIFICATE.has(code) || code === 'EPROTO' || /^ERR_(TLS|SSL|OSSL|CRYPTO)/.test(code);

function codeOf(error: unknown): string | number | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' || typeof code === 'number' ? code : undefined;
}
