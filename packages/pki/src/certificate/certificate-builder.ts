import { createHash } from 'node:crypto';
import { DerCursor, TAG, wrap, wrapTime, wrapUnsigned } from '../asn1/der-bytes.js';
import { isPkiError, PkiError } from '../errors.js';
import { signatureAlgorithmDer } from '../keys/signature-algorithm.js';
import type { Signer } from '../keys/signer.js';
import type { ValidityPeriod } from './validity.js';

/** The decided content of a certificate; nothing in here is a default any more. */
export interface CertificateContent {
  /** big-endian, positive */
  readonly serial: Buffer;
  /** Name DER, byte for byte the issuer's subject */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly validity: ValidityPeriod;
  /** SubjectPublicKeyInfo DER */
  readonly spki: Buffer;
  /** the members of `Extensions`, one after the other */
  readonly extensions: Buffer;
}

/** `[0] INTEGER 2`: version 3 */
export const VERSION_3 = Buffer.from('a003020102', 'hex');
/** how many of the BIT STRING's last bits do not count */
const NO_UNUSED_BITS = Buffer.of(0);

/** Certificate DER of RFC 5280 4.1. @throws PkiError `ERR_PKI_SIGNER` when the signer rejects */
export async function signCertificate(certificate: CertificateContent, signer: Signer): Promise<Buffer> {
  const algorithm = signatureAlgorithmDer(signer.algorithm);
  const { notBefore, notAfter } = certificate.validity;
  const tbs = wrap(
    TAG.sequence,
    VERSION_3,
    wrapUnsigned(certificate.serial),
    algorithm,
    certificate.issuer,
    wrap(TAG.sequence, wrapTime(notBefore), wrapTime(notAfter)),
    certificate.subject,
    certificate.spki,
    wrap(TAG.explicit3, wrap(TAG.sequence, certificate.extensions)),
  );
  let signature: Buffer;
  try {
    signature = await signer.sign(tbs);
  } catch (cause) {
    if (isPkiError(cause)) throw cause;
    throw new PkiError('ERR_PKI_SIGNER', 'the signer failed', { cause });
  }
  return wrap(TAG.sequence, tbs, algorithm, wrap(TAG.bitString, NO_UNUSED_BITS, signature));
}

/** RFC 5280 4.2.1.2 method (1): SHA-1 over the content of the public key BIT STRING, without the unused-bits octet. */
export function keyIdentifier(spki: Buffer): Buffer {
  const members = new DerCursor(spki).members(TAG.sequence);
  members.whole(TAG.sequence);
  return createHash('sha1').update(members.content(TAG.bitString).subarray(1)).digest();
}
