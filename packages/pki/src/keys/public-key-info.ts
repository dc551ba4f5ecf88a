import { createPublicKey, type KeyObject } from 'node:crypto';
import { PkiError } from '../errors.js';
import { type KeyAlgorithm, requireAlgorithm } from './key-algorithm.js';
import { rememberSpki, spkiOf } from './key-pair.js';

/**
 * Everything of a SubjectPublicKeyInfo before the key itself, in the one encoding every TLS stack reads: named curve,
 * uncompressed point (RFC 5480 2.1.1, 2.2); RSA with NULL parameters (RFC 3279 2.3.1).
 */
const HEADS: Readonly<Record<KeyAlgorithm, Buffer>> = {
  'ec-p256': Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'),
  'ec-p384': Buffer.from('3076301006072a8648ce3d020106052b8104002203620004', 'hex'),
  'rsa-2048': Buffer.from('30820122300d06092a864886f70d01010105000382010f003082010a02820101', 'hex'),
  'rsa-3072': Buffer.from('308201a2300d06092a864886f70d01010105000382018f003082018a02820181', 'hex'),
  'rsa-4096': Buffer.from('30820222300d06092a864886f70d01010105000382020f003082020a02820201', 'hex'),
};

export interface PublicKeyInfo {
  readonly algorithm: KeyAlgorithm;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo DER */
  readonly spki: Buffer;
}

/**
 * The public half of a key with its SubjectPublicKeyInfo. OpenSSL also reads explicit curve parameters, compressed points
 * and odd sizes; mbedTLS does not, so they end here.
 *
 * @throws PkiError `ERR_PKI_KEY`
 */
export function publicKeyInfo(key: KeyObject): PublicKeyInfo {
  if (key.type === 'secret') throw new PkiError('ERR_PKI_KEY', 'a secret key cannot be certified', { field: 'key' });
  const algorithm = requireAlgorithm(key);
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const spki = spkiOf(key);
  if (!spki.subarray(0, HEADS[algorithm].length).equals(HEADS[algorithm])) {
    const message = 'the public key is not in its usual encoding (named curve and uncompressed point, or plain RSA)';
    throw new PkiError('ERR_PKI_KEY', message, { field: 'key' });
  }
  return { algorithm, publicKey, spki };
}

const P256_BYTES = 91;

/** A point of 65 octets whose first says that it is not compressed: there is one way to write it. */
const isPlainP256 = (spki: Buffer): boolean =>
  spki.length === P256_BYTES && spki.subarray(0, HEADS['ec-p256'].length).equals(HEADS['ec-p256']);

/**
 * Reads a SubjectPublicKeyInfo, which must be byte for byte what OpenSSL writes for that key.
 *
 * @throws PkiError `ERR_PKI_KEY`
 */
export function parsePublicKeyInfo(spki: Buffer): PublicKeyInfo {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    // OpenSSL read a point on the curve, so it would write these very bytes; writing takes it as long as reading
    if (isPlainP256(spki)) rememberSpki(key, Buffer.from(spki));
  } catch (cause) {
    throw new PkiError('ERR_PKI_KEY', 'the public key is damaged', { cause, field: 'key' });
  }
  const info = publicKeyInfo(key);
  if (!info.spki.equals(spki)) {
    throw new PkiError('ERR_PKI_KEY', 'the public key is not in its usual encoding', { field: 'key' });
  }
  return info;
}
