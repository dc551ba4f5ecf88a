import type { SecureContextOptions } from 'node:tls';
import { OtaError } from '../errors.js';
import { type ClientAuthorities, readCertificates } from './client-certificate.js';

/** Certificate and key of an update server, and the CAs of its clients. */
export interface OtaServerTls {
  /** Certificate of the server in PEM, followed by its intermediates. */
  readonly cert: string;
  /** Its private key in PEM. */
  readonly key: string;
  /** CA certificates (PEM) that make devices. */
  readonly deviceCa: string;
  /** CA certificates (PEM) that make operators. Default: none, only devices can connect. */
  readonly operatorCa?: string;
}

/**
 * What a session belongs to. Node's default is a hash of the command line, which differs between processes that share
 * ticket keys.
 */
export const SESSION_ID_CONTEXT = 'secure-esp-ota';

const TICKET_KEY_BYTES = 48;

/** @throws OtaError `bad_certificate` */
export const readAuthorities = ({ deviceCa, operatorCa }: OtaServerTls): ClientAuthorities =>
  Object.freeze({
    device: readCertificates(deviceCa, 'tls.deviceCa'),
    operator: operatorCa === undefined ? [] : readCertificates(operatorCa, 'tls.operatorCa'),
  });

export const secureContextOf = ({ cert, key, deviceCa, operatorCa }: OtaServerTls): SecureContextOptions => ({
  cert,
  key,
  ca: [deviceCa, ...(operatorCa === undefined ? [] : [operatorCa])],
  minVersion: 'TLSv1.2',
  sessionIdContext: SESSION_ID_CONTEXT,
});

/** @throws OtaError `bad_certificate` */
export function withTlsErrors<T>(action: () => T): T {
  try {
    return action();
  } catch {
    // OpenSSL's error may quote its input: it is not passed on
    throw new OtaError('bad_certificate', 'tls.cert or tls.key does not parse, or they do not belong together');
  }
}

/** A copy, as the caller's may be wiped. @throws OtaError `bad_option` */
export function checkTicketKeys(keys: Buffer): Buffer {
  if (keys.length !== TICKET_KEY_BYTES) {
    throw new OtaError('bad_option', `ticketKeys must have ${TICKET_KEY_BYTES} bytes`);
  }
  return Buffer.from(keys);
}
