import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { PkiError } from '../errors.js';
import type { Pem } from '../pem.js';
import { type KeyAlgorithm, requireAlgorithm } from './key-algorithm.js';
import { spkiOf } from './key-pair.js';
import { signatureDigest } from './signature-algorithm.js';

const signOffThread = promisify<string, Buffer, KeyObject, Buffer>(sign);

/**
 * The port a CA signs through, so its key can live in a file, an HSM or a KMS.
 *
 * - `spki`: SubjectPublicKeyInfo DER of the signing key; constant.
 * - `sign(tbs)`: signs `tbs` (the bytes themselves are passed, not the hash) with SHA-256, or SHA-384 when `algorithm` is
 *   `ec-p384`. ECDSA: the DER pair (r, s); RSA: PKCS#1 v1.5. May take as long as it needs, may reject; is never called with an empty buffer. The result is
 *   verified before it is used.
 */
export interface Signer {
  /** of the key; decides the hash */
  readonly algorithm: KeyAlgorithm;
  /** constant */
  readonly spki: Buffer;
  /** see above; the result is verified before it is used */
  sign(tbs: Buffer): Promise<Buffer>;
}

/**
 * A signer over a private key in memory. The key is imported once: signing with a PEM string costs 14 times as much.
 *
 * @throws PkiError `ERR_PKI_KEY`
 */
export function keySigner(key: KeyObject | Pem): Signer {
  const privateKey = typeof key === 'string' ? importKey(key) : key;
  if (privateKey.type !== 'private')
    throw new PkiError('ERR_PKI_KEY', 'a signer needs a private key', { field: 'key' });
  const algorithm = requireAlgorithm(privateKey);
  const spki = spkiOf(privateKey);
  const digest = signatureDigest(algorithm);
  return Object.freeze({
    algorithm,
    spki,
    // P-256 takes less time than handing it to another thread; P-384 and RSA take milliseconds
    sign:
      algorithm === 'ec-p256'
        ? (tbs: Buffer) => Promise.resolve().then(() => sign(digest, tbs, privateKey))
        : (tbs: Buffer) => signOffThread(digest, tbs, privateKey),
  });
}

function importKey(pem: Pem): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new PkiError('ERR_PKI_KEY', 'the private key cannot be read', { cause, field: 'key' });
  }
}
