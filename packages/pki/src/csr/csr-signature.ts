import { verify } from 'node:crypto';
import { content, type DerNode, DerType, encodeDer, nullValue, oid, sequence } from '../asn1/der.js';
import type { PublicKeyInfo } from '../keys/public-key-info.js';
import { csrError } from './csr-error.js';

/** How a request may be signed. No SHA-1 or MD5, and no RSA-PSS: its parameters are a format of their own. */
export const CSR_SIGNATURE_ALGORITHMS = [
  'ecdsa-sha256',
  'ecdsa-sha384',
  'ecdsa-sha512',
  'rsa-sha256',
  'rsa-sha384',
  'rsa-sha512',
] as const;
/** One of the ways in which a request may be signed. */
export type CsrSignatureAlgorithm = (typeof CSR_SIGNATURE_ALGORITHMS)[number];

/** RFC 5758 3.2 (parameters absent) and RFC 4055 5 (parameters NULL), byte for byte. */
const IDENTIFIERS: Readonly<Record<CsrSignatureAlgorithm, Buffer>> = {
  'ecdsa-sha256': encodeDer(sequence(oid('1.2.840.10045.4.3.2'))),
  'ecdsa-sha384': encodeDer(sequence(oid('1.2.840.10045.4.3.3'))),
  'ecdsa-sha512': encodeDer(sequence(oid('1.2.840.10045.4.3.4'))),
  'rsa-sha256': encodeDer(sequence(oid('1.2.840.113549.1.1.11'), nullValue())),
  'rsa-sha384': encodeDer(sequence(oid('1.2.840.113549.1.1.12'), nullValue())),
  'rsa-sha512': encodeDer(sequence(oid('1.2.840.113549.1.1.13'), nullValue())),
};

/** @throws PkiError `ERR_PKI_CSR`, field `signatureAlgorithm` */
export function readSignatureAlgorithm(node: DerNode): CsrSignatureAlgorithm {
  const der = encodeDer(node);
  const algorithm = CSR_SIGNATURE_ALGORITHMS.find((known) => IDENTIFIERS[known].equals(der));
  if (algorithm !== undefined) return algorithm;
  throw csrError(
    'signatureAlgorithm',
    `the certificate request must be signed with one of ${CSR_SIGNATURE_ALGORITHMS.join(', ')}`,
  );
}

export interface ProofOfPossession {
  algorithm: CsrSignatureAlgorithm;
  /** the CertificationRequestInfo, exactly as signed */
  signed: Buffer;
  signature: DerNode;
  key: PublicKeyInfo;
}

/**
 * RFC 2986 4.2: the signature shows that the sender holds the private key. Checked by OpenSSL.
 *
 * @throws PkiError `ERR_PKI_CSR`, field `signatureAlgorithm` or `signature`
 */
export function checkProofOfPossession({ algorithm, signed, signature, key }: ProofOfPossession): void {
  const kind = algorithm.startsWith('ecdsa-') ? 'ec-' : 'rsa-';
  if (!key.algorithm.startsWith(kind)) {
    throw csrError('signatureAlgorithm', `a key of ${key.algorithm} cannot have signed with ${algorithm}`);
  }
  const bits = content(signature, DerType.BITSTRING);
  if (bits[0] !== 0) throw csrError('signature', 'the signature of the certificate request is not whole bytes');
  const digest = algorithm.slice(algorithm.indexOf('-') + 1);
  if (!verify(digest, signed, key.publicKey, bits.subarray(1))) {
    throw csrError('signature', 'the certificate request is not signed by the private key of its public key');
  }
}
