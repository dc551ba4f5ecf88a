import { PkiError } from '../errors.js';
import type { CertificateInfo } from './certificate-info.js';

/** Returns the key identifier that issued certificates name. @throws PkiError `ERR_PKI_NOT_CA` */
export function checkIsAuthority(info: CertificateInfo): Buffer {
  if (!info.isCa || !info.keyUsage.includes('keyCertSign') || info.subjectKeyId === undefined) {
    throw new PkiError(
      'ERR_PKI_NOT_CA',
      'not the certificate of an authority: basicConstraints CA, keyUsage keyCertSign or the subject key identifier is missing',
    );
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
