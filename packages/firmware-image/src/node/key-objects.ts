import { createHash, createPublicKey, ECDH, type KeyObject } from 'node:crypto';
import type { KeyType } from '../chips.js';
import { readChildren, readTlv, TAG, type Tlv } from '../der.js';
import { FirmwareImageError } from '../errors.js';
import { coordinateBytes, encodeKeyFields, RSA_BYTES, type SigningPublicKey } from '../public-key.js';

const unreadable = (): never => {
  throw new FirmwareImageError('bad_key', 'the public key has an unknown structure');
};

const childrenOf = (der: Uint8Array, outer: Tlv | undefined): readonly Tlv[] =>
  (outer?.tag === TAG.sequence ? readChildren(der, outer) : undefined) ?? unreadable();

/** An unsigned big-endian number without the sign byte of DER. */
const integer = (der: Uint8Array, tlv: Tlv | undefined): Uint8Array => {
  if (tlv?.tag !== TAG.integer) return unreadable();
  const bytes = der.slice(tlv.start, tlv.end);
  return bytes[0] === 0 ? bytes.subarray(1) : bytes;
};

/** RFC 5280: SEQUENCE { algorithm, BIT STRING key }; the key comes without the byte that counts unused bits. */
const keyBits = (key: KeyObject): Uint8Array => {
  const der = key.export({ type: 'spki', format: 'der' });
  const [, bits] = childrenOf(der, readTlv(der, 0, der.length));
  return bits?.tag === TAG.bitString ? der.subarray(bits.start + 1, bits.end) : unreadable();
};

/**
 * RFC 8017: SEQUENCE { n, e }. Out of the SPKI: Node.js 24 does not export a public key as PKCS#1 that it has read as
 * PKCS#1, and on Node.js 20 an export as JWK can block for ever right after a synchronous key generation.
 */
const readRsa = (key: KeyObject): SigningPublicKey => {
  const der = keyBits(key);
  const [modulus, exponent] = childrenOf(der, readTlv(der, 0, der.length));
  const n = integer(der, modulus);
  if (n.length !== RSA_BYTES) return unreadable();
  return { type: 'rsa', modulus: n, exponent: integer(der, exponent).reduce((value, byte) => value * 256 + byte, 0) };
};

/** RFC 5480: the key is a point, which keeps the form, compressed or not, that the PEM had. */
const readEc = (key: KeyObject, name: string, curve: 'P-256' | 'P-384'): SigningPublicKey => {
  const point = ECDH.convertKey(keyBits(key), name, undefined, undefined, 'uncompressed');
  const bytes = typeof point === 'string' ? unreadable() : Uint8Array.from(point);
  const middle = 1 + coordinateBytes(curve);
  return { type: 'ec', curve, x: bytes.slice(1, middle), y: bytes.slice(middle) };
};

/** @throws FirmwareImageError `bad_key` for anything but RSA-3072, P-256 and P-384. */
export const toSigningPublicKey = (key: KeyObject): SigningPublicKey => {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type === 'rsa' && details?.modulusLength === 3072) return readRsa(publicKey);
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return readEc(publicKey, 'prime256v1', 'P-256');
  if (type === 'ec' && details?.namedCurve === 'secp384r1') return readEc(publicKey, 'secp384r1', 'P-384');
  const size = String(details?.namedCurve ?? details?.modulusLength ?? '');
  throw new FirmwareImageError(
    'bad_key',
    `firmware keys are RSA-3072, P-256 or P-384, this one is ${`${String(type)} ${size}`.trim()}`,
  );
};

export const keyTypeOfPublicKey = (key: SigningPublicKey): KeyType => {
  if (key.type === 'rsa') return 'rsa3072';
  return key.curve === 'P-256' ? 'p256' : 'p384';
};

/** {@link keyDigest} of the main entry, without waiting. */
export const keyDigestSync = (key: SigningPublicKey): string =>
  createHash('sha256').update(encodeKeyFields(key)).digest('hex');
