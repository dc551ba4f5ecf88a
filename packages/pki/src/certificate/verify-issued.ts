import { createPublicKey, type KeyObject } from 'node:crypto';
import { PkiError } from '../errors.js';
import { type ParsedCertificate, parseCertificateDer } from './certificate-info.js';
import type { CertificateContent } from './certificate-builder.js';

export interface Expected {
  content: CertificateContent;
  /** DER SubjectPublicKeyInfo the signature must verify with */
  issuerSpki: Buffer;
  /** the subject's private key, when we made it */
  privateKey?: KeyObject | undefined;
}

/**
 * Reads a fresh certificate back with another implementation (OpenSSL, through Node) before anybody gets it: a signer
 * that answers nonsense, or a slip in our encoder, ends here and not on a device.
 *
 * @throws PkiError `ERR_PKI_SIGNER`, `ERR_PKI_CERTIFICATE`
 */
export function verifyIssued(der: Buffer, { content, issuerSpki, privateKey }: Expected): ParsedCertificate {
  const parsed = parseCertificateDer(der);
  const { x509, info } = parsed;
  if (!x509.verify(createPublicKey({ key: issuerSpki, format: 'der', type: 'spki' }))) {
    throw new PkiError('ERR_PKI_SIGNER', 'the signer returned a signature that does not verify');
  }
  const same =
    info.serial === content.serial.toString('hex').toUpperCase() &&
    Date.parse(x509.validFrom) === content.validity.notBefore.getTime() &&
    Date.parse(x509.validTo) === content.validity.notAfter.getTime() &&
    parsed.subjectDer.equals(content.subject) &&
    parsed.spki.equals(content.spki);
  if (!same) throw new PkiError('ERR_PKI_CERTIFICATE', 'the certificate reads back differently than it was written');
  if (privateKey && !x509.checkPrivateKey(privateKey)) {
    throw new PkiError('ERR_PKI_KEY', 'the private key does not belong to the certificate');
  }
  return parsed;
}
