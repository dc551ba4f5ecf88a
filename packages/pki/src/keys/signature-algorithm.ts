import { type DerNode, encodeDer, nullValue, oid, sequence } from '../asn1/der.js';
import { KEY_ALGORITHMS, type KeyAlgorithm } from './key-algorithm.js';

/** The hash a key of this algorithm signs with: as strong as the curve, SHA-256 for every RSA size. */
export const signatureDigest = (algorithm: KeyAlgorithm): 'sha256' | 'sha384' =>
  algorithm === 'ec-p384' ? 'sha384' : 'sha256';

const OIDS = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  sha256WithRsa: '1.2.840.113549.1.1.11',
} as const;

/** The AlgorithmIdentifier of signatures by such a key. RFC 5758 3.2: no parameters for ECDSA; RFC 4055 5: NULL for RSA. */
export function signatureAlgorithm(algorithm: KeyAlgorithm): DerNode {
  if (algorithm === 'ec-p256') return sequence(oid(OIDS.ecdsaWithSha256));
  if (algorithm === 'ec-p384') return sequence(oid(OIDS.ecdsaWithSha384));
  return sequence(oid(OIDS.sha256WithRsa), nullValue());
}

const ENCODED = Object.fromEntries(
  KEY_ALGORITHMS.map((algorithm) => [algorithm, encodeDer(signatureAlgorithm(algorithm))]),
) as Readonly<Record<KeyAlgorithm, Buffer>>;

/** The same as bytes. */
export const signatureAlgorithmDer = (algorithm: KeyAlgorithm): Buffer => ENCODED[algorithm];
