import { PkiError } from '../errors.js';
import type { CertificateInfo } from './certificate-info.js';

const POSITIVE_SERIAL = /^(?=.*[1-9A-F])(?:[0-9A-F]{1,39}|[0-7][0-9A-F]{39})$/;

/** Returns the key identifier that issued certificates name. @throws PkiError `ERR_PKI_NOT_CA` */
export function checkIsAuthority(info: CertificateInfo): Buffer {
  if (!info.isCa || !info.keyUsage.includes('keyCertSign') || !info.subjectKeyId) {
    throw new PkiError(
      'ERR_PKI_NOT_CA',
      'not the certificate of an authority: basicConstraints CA, keyUsage keyCertSign or the subject key identifier is missing',
    );
  }
  // RFC 5280 4.1.2.2 and 4.1.2.6: else strict clients refuse what it signs
  if (Object.keys(info.subject).length === 0 || !POSITIVE_SERIAL.test(info.serial)) {
    const message =
      'not the certificate of an authority: its subject is empty, or its serial number is not 1..20 positive octets';
    throw new PkiError('ERR_PKI_NOT_CA', message);
  }
  return Buffer.from(info.subjectKeyId, 'hex');
}

/** @throws PkiError `ERR_PKI_EXPIRED` */
export function checkCurrent(info: CertificateInfo, now: Date, what: string): void {
  if (now > info.notAfter) {
    throw new PkiError('ERR_PKI_EXPIRED', `${what} expired on ${info.notAfter.toISOString()}`);
  }
  if (now < info.notBefore) {
    const from = info.notBefore.toISOString();
    throw new PkiError('ERR_PKI_EXPIRED', `${what} is valid from ${from} only; check this machine's clock`);
  }
}
