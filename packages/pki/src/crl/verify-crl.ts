import { verify } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { encodeDer } from '../asn1/der.js';
import type { ParsedCertificate } from '../certificate/certificate-info.js';
import { parseCertificatePem } from '../certificate/certificate-info.js';
import { PkiError } from '../errors.js';
import { signatureAlgorithm, signatureDigest } from '../keys/signature-algorithm.js';
import type { Pem } from '../pem.js';
import { type CrlInfo, parseCrlPem } from './parse-crl.js';

/**
 * Reads a revocation list and checks that this CA signed it. Dates are not checked here. A list that passes is one that
 * a TLS server can load: OpenSSL reads it too.
 *
 * @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_CRL`; for `ca` those of `parseCertificate`
 */
export const verifyCrl = (crl: Pem, ca: Pem): CrlInfo => verifyCrlOf(crl, parseCertificatePem(ca));

/** @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_CRL` */
export function verifyCrlOf(crl: Pem, { info: ca, publicKey, subjectDer }: ParsedCertificate): CrlInfo {
  const { info, issuerDer, algorithm, tbs, signature } = parseCrlPem(crl);
  const sameIssuer = issuerDer.equals(subjectDer) && info.issuerKeyId === ca.subjectKeyId;
  if (!sameIssuer || !ca.isCa || !ca.keyUsage.includes('cRLSign')) {
    throw new PkiError('ERR_PKI_CRL', 'the revocation list is of another issuer');
  }
  const expected = encodeDer(signatureAlgorithm(ca.keyAlgorithm));
  if (!algorithm.equals(expected) || !verify(signatureDigest(ca.keyAlgorithm), tbs, publicKey, signature)) {
    throw new PkiError('ERR_PKI_CRL', 'the signature of the revocation list does not verify');
  }
  try {
    createSecureContext({ crl });
  } catch (cause) {
    throw new PkiError('ERR_PKI_CRL', 'the revocation list cannot be loaded by OpenSSL', { cause });
  }
  return info;
}
