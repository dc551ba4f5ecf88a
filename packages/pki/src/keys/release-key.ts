import { createHash, createPublicKey } from 'node:crypto';
import { PkiError } from '../errors.js';
import { decodePem, encodePem, type Pem } from '../pem.js';
import { generatePrivateKey, parsePrivateKey, spkiOf } from './key-pair.js';

/** The P-256 key that signs release manifests (JWS ES256); apart from the firmware key. */
export interface ReleaseKey {
  /** PKCS#8 */
  readonly privateKey: Pem;
  /** SubjectPublicKeyInfo */
  readonly publicKey: Pem;
  /** `kid`: SHA-256 of the SubjectPublicKeyInfo DER, lower-case hex */
  readonly id: string;
}

/** @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_KEY` */
export function parseReleaseKey(pem: Pem): ReleaseKey {
  const key = parsePrivateKey(pem);
  if (key.algorithm !== 'ec-p256') {
    throw new PkiError('ERR_PKI_KEY', `a release key is of ec-p256, this one is ${key.algorithm}`);
  }
  const spki = spkiOf(createPublicKey(key.keyObject));
  return Object.freeze({ privateKey: pem, publicKey: encodePem('PUBLIC KEY', spki), id: keyId(spki) });
}

/** Makes a new release key. */
export const generateReleaseKey = async (): Promise<ReleaseKey> =>
  parseReleaseKey((await generatePrivateKey('ec-p256')).pem);

/** `kid` of a public key (PEM, SubjectPublicKeyInfo). @throws PkiError `ERR_PKI_PEM` */
export const publicKeyId = (publicKey: Pem): string => keyId(decodePem(publicKey, ['PUBLIC KEY']).der);

const keyId = (spki: Buffer): string => createHash('sha256').update(spki).digest('hex');
