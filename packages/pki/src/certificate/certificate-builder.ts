import { createHash } from 'node:crypto';
import {
  bitString,
  content,
  context,
  decodeDer,
  DerType,
  encodeDer,
  integer,
  sequence,
  sequenceItems,
  time,
  unsignedInteger,
} from '../asn1/der.js';
import { encodeExtensions, type Extension } from '../asn1/extensions.js';
import { isPkiError, PkiError } from '../errors.js';
import { signatureAlgorithm } from '../keys/signature-algorithm.js';
import type { Signer } from '../keys/signer.js';
import type { ValidityPeriod } from './validity.js';

/** The decided content of a certificate; nothing in here is a default any more. */
export interface CertificateContent {
  /** big-endian, positive */
  serial: Buffer;
  /** Name DER, byte for byte the issuer's subject */
  issuer: Buffer;
  subject: Buffer;
  validity: ValidityPeriod;
  /** SubjectPublicKeyInfo DER */
  spki: Buffer;
  extensions: readonly Extension[];
}

/** Certificate DER of RFC 5280 4.1. @throws PkiError `ERR_PKI_SIGNER` when the signer rejects */
export async function signCertificate(certificate: CertificateContent, signer: Signer): Promise<Buffer> {
  const algorithm = signatureAlgorithm(signer.algorithm);
  const tbs = sequence(
    context(0, integer(2)),
    unsignedInteger(certificate.serial),
    algorithm,
    decodeDer(certificate.issuer),
    sequence(time(certificate.validity.notBefore), time(certificate.validity.notAfter)),
    decodeDer(certificate.subject),
    decodeDer(certificate.spki),
    encodeExtensions(certificate.extensions),
  );
  let signature: Buffer;
  try {
    signature = await signer.sign(encodeDer(tbs));
  } catch (cause) {
    if (isPkiError(cause)) throw cause;
    throw new PkiError('ERR_PKI_SIGNER', 'the signer failed', { cause });
  }
  return encodeDer(sequence(tbs, algorithm, bitString(signature)));
}

/** RFC 5280 4.2.1.2 method (1): SHA-1 over the content of the public key BIT STRING, without the unused-bits octet. */
export function keyIdentifier(spki: Buffer): Buffer {
  const key = content(sequenceItems(decodeDer(spki))[1], DerType.BITSTRING).subarray(1);
  return createHash('sha1').update(key).digest();
}
