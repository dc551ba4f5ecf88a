import { createECDH, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { PkiError } from '../errors.js';
import { decodePem, encodePem, type Pem } from '../pem.js';
import { type KeyAlgorithm, requireAlgorithm } from './key-algorithm.js';
import { p256Pkcs8, p256Sec1, p256Spki, type P256Key } from './p256-encoding.js';

const generateAsync = promisify(generateKeyPair);

/** How a private key is written: `pkcs8` for TLS and CA keys, `traditional` (SEC1, PKCS#1) for firmware keys. */
export type PrivateKeyEncoding = 'pkcs8' | 'traditional';

/** A private key, held in memory. */
export interface PrivateKey {
  readonly algorithm: KeyAlgorithm;
  readonly keyObject: KeyObject;
  /** as it was read, or in the encoding that was asked for */
  readonly pem: Pem;
}

function generateP256(): P256Key {
  const ecdh = createECDH('prime256v1');
  const point = ecdh.generateKeys();
  return { scalar: ecdh.getPrivateKey(), point };
}

/**
 * A fresh private key with its PEM text, unencrypted. P-256 takes well under a millisecond; P-384 a few, RSA 0.1 to 3 s
 * on a thread of the libuv pool.
 *
 * Keys are never exported as JWK: on Node 20 that can block for ever right after a synchronous key generation.
 */
export async function generatePrivateKey(
  algorithm: KeyAlgorithm,
  encoding: PrivateKeyEncoding = 'pkcs8',
): Promise<PrivateKey> {
  if (algorithm === 'ec-p256') {
    const key = generateP256();
    // OpenSSL 3 takes three times as long to read the same key as PKCS#8
    const keyObject = createPrivateKey({ key: p256Sec1(key), format: 'der', type: 'sec1' });
    rememberSpki(keyObject, p256Spki(key));
    const pem =
      encoding === 'pkcs8' ? encodePem('PRIVATE KEY', p256Pkcs8(key)) : encodePem('EC PRIVATE KEY', p256Sec1(key));
    return { algorithm, keyObject, pem };
  }
  if (algorithm === 'ec-p384') {
    const { privateKey } = await generateAsync('ec', { namedCurve: 'secp384r1' });
    const type = encoding === 'pkcs8' ? 'pkcs8' : 'sec1';
    return { algorithm, keyObject: privateKey, pem: privateKey.export({ type, format: 'pem' }).toString() };
  }
  const modulusLength = Number(algorithm.slice('rsa-'.length));
  const { privateKey } = await generateAsync('rsa', { modulusLength, publicExponent: 0x10001 });
  const type = encoding === 'pkcs8' ? 'pkcs8' : 'pkcs1';
  return { algorithm, keyObject: privateKey, pem: privateKey.export({ type, format: 'pem' }).toString() };
}

const LABELS = { pkcs8: ['PRIVATE KEY'], traditional: ['EC PRIVATE KEY', 'RSA PRIVATE KEY'] } as const;

/**
 * Reads an unencrypted private key in the given encoding. What OpenSSL says about a bad key stays in `cause`.
 *
 * @throws PkiError `ERR_PKI_PEM` (not a PEM block of that kind), `ERR_PKI_KEY` (not a supported key)
 */
export function parsePrivateKey(pem: Pem, encoding: PrivateKeyEncoding = 'pkcs8'): PrivateKey {
  const { label, der } = decodePem(pem, LABELS[encoding]);
  const type = label === 'EC PRIVATE KEY' ? 'sec1' : label === 'RSA PRIVATE KEY' ? 'pkcs1' : 'pkcs8';
  let keyObject: KeyObject;
  try {
    keyObject = createPrivateKey({ key: der, format: 'der', type });
  } catch (cause) {
    throw new PkiError('ERR_PKI_KEY', 'the private key is damaged', { cause });
  }
  return { algorithm: requireAlgorithm(keyObject), keyObject, pem };
}

/** What certifying a key takes, and the key itself as text: no `KeyObject`, which would cost more than the key. */
export interface GeneratedPair {
  readonly algorithm: KeyAlgorithm;
  /** SubjectPublicKeyInfo DER */
  readonly spki: Buffer;
  /** PKCS#8 */
  readonly pem: Pem;
}

/** A fresh key as in {@link generatePrivateKey}. */
export async function generatePair(algorithm: KeyAlgorithm): Promise<GeneratedPair> {
  if (algorithm === 'ec-p256') {
    const key = generateP256();
    return { algorithm, spki: p256Spki(key), pem: encodePem('PRIVATE KEY', p256Pkcs8(key)) };
  }
  const { keyObject, pem } = await generatePrivateKey(algorithm);
  return { algorithm, spki: spkiOf(keyObject), pem };
}

/** Key objects never change, and an export costs as much as two signatures. */
const knownSpkis = new WeakMap<KeyObject, Buffer>();

export function rememberSpki(key: KeyObject, spki: Buffer): void {
  knownSpkis.set(key, spki);
}

/** SubjectPublicKeyInfo DER of a public or private key. */
export function spkiOf(key: KeyObject): Buffer {
  let spki = knownSpkis.get(key);
  if (spki === undefined) {
    spki = (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
    rememberSpki(key, spki);
  }
  // a copy: what the caller does with it must not reach the next one
  return Buffer.from(spki);
}
