import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { BrokerError } from './errors.js';

/** Everything PEM. A CA may be several certificates one after the other, for rotation. */
export interface BrokerTls {
  /** The broker's certificate, with intermediates if there are any. */
  readonly cert: string;
  /** The broker's private key. */
  readonly key: string;
  /** CA of the operators' certificates (`ca/`). */
  readonly operatorCa: string;
  /** CA of the devices' certificates (`device-ca/`). */
  readonly deviceCa: string;
  /** Revocation lists, one of every operators' CA, one after the other. Default: nothing is revoked. */
  readonly operatorCrl?: string;
  /** Revocation lists, one of every devices' CA. Default: nothing is revoked. */
  readonly deviceCrl?: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Checks the material before anything listens, and throws `bad_tls` naming the field. Node treats an empty `ca` as "the
 * public CAs", and two roles with one CA are one role: both would let strangers in without a word.
 */
export function checkTls(tls: BrokerTls): void {
  const operatorCas = authorities('operatorCa', tls.operatorCa);
  const deviceCas = authorities('deviceCa', tls.deviceCa);
  const shared = operatorCas.some((one) => deviceCas.some((other) => one.publicKey.equals(other.publicKey)));
  if (shared) {
    throw new BrokerError('bad_tls', 'tls.operatorCa and tls.deviceCa must be different CAs: they separate the roles');
  }
  attempt('cert and key', () => createSecureContext({ cert: tls.cert, key: tls.key }));
  for (const field of ['operatorCrl', 'deviceCrl'] as const) {
    const crl = tls[field];
    if (crl !== undefined) checkCrl(`tls.${field}`, crl);
  }
}

/** Throws `bad_tls` unless `crl` is PEM revocation lists. Mosquitto accepts *everybody* if it cannot read its lists. */
export function checkCrl(name: string, crl: string): void {
  if (!crl.includes('-----BEGIN X509 CRL-----')) {
    throw new BrokerError('bad_tls', `${name}: not a PEM revocation list (X509 CRL)`);
  }
  attempt(name, () => createSecureContext({ crl: splitCrls(crl) }));
}

/** Of several lists in one text Node reads the first and forgets the rest, and then refuses the clients of the other CAs. */
export const splitCrls = (pem: string): string[] =>
  pem.split(/(?=-----BEGIN X509 CRL-----)/).filter((part) => part.includes('-----BEGIN X509 CRL-----'));

/** The CA certificates of one PEM text. */
export const splitCertificates = (pem: string): X509Certificate[] =>
  (pem.match(CERTIFICATE) ?? []).map((text) => new X509Certificate(text));

function authorities(field: 'operatorCa' | 'deviceCa', pem: string): X509Certificate[] {
  const certificates = attempt(`tls.${field}`, () => splitCertificates(pem));
  if (certificates.length === 0) throw new BrokerError('bad_tls', `tls.${field}: no PEM certificate found`);
  if (!certificates.every((certificate) => certificate.ca)) {
    throw new BrokerError('bad_tls', `tls.${field}: every certificate must be one of a CA`);
  }
  return certificates;
}

function attempt<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new BrokerError('bad_tls', `${name}: unreadable, or the parts do not belong together`, { cause });
  }
}
