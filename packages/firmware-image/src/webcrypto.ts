import { toBase64Url } from './bytes.js';
import { FirmwareImageError } from './errors.js';
import type { SigningPublicKey } from './public-key.js';

/** The part of `SubtleCrypto` that this package calls: the same in browsers and in Node. */
interface Subtle {
  digest(algorithm: string, data: Uint8Array): Promise<ArrayBuffer>;
  importKey(
    format: 'jwk',
    key: Record<string, string>,
    algorithm: Record<string, string>,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<object>;
  verify(algorithm: Record<string, unknown>, key: object, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
}

const subtle = (): Subtle => {
  const found = (globalThis as { crypto?: { subtle?: unknown } }).crypto?.subtle;
  if (found === undefined) {
    throw new FirmwareImageError('no_webcrypto', 'WebCrypto is missing (browsers offer it on https pages only)');
  }
  return found as Subtle;
};

export type HashName = 'SHA-256' | 'SHA-384';

export const digest = async (hash: HashName, bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await subtle().digest(hash, bytes));

const toJwk = (key: SigningPublicKey): Record<string, string> => {
  if (key.type === 'ec') return { kty: 'EC', crv: key.curve, x: toBase64Url(key.x), y: toBase64Url(key.y) };
  const exponent = key.exponent.toString(16);
  const bytes = (exponent.length % 2 ? `0${exponent}` : exponent).match(/../g) ?? [];
  return {
    kty: 'RSA',
    n: toBase64Url(key.modulus),
    e: toBase64Url(Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16))),
  };
};

const algorithmsOf = (
  key: SigningPublicKey,
): { importWith: Record<string, string>; verifyWith: Record<string, unknown> } => {
  if (key.type === 'rsa') {
    // A verifier that took any salt length would accept signatures that the boot ROM refuses.
    return { importWith: { name: 'RSA-PSS', hash: 'SHA-256' }, verifyWith: { name: 'RSA-PSS', saltLength: 32 } };
  }
  return {
    importWith: { name: 'ECDSA', namedCurve: key.curve },
    verifyWith: { name: 'ECDSA', hash: key.curve === 'P-384' ? 'SHA-384' : 'SHA-256' },
  };
};

/**
 * Verifies `signature` (big-endian: r||s for EC, RSA-PSS with a 32-byte salt) over `message`.
 * False also for keys that no library imports: a point off the curve, a nonsensical modulus.
 */
export const verifySignature = async (
  key: SigningPublicKey,
  signature: Uint8Array,
  message: Uint8Array,
): Promise<boolean> => {
  const { importWith, verifyWith } = algorithmsOf(key);
  const crypto = subtle();
  let imported: object;
  try {
    imported = await crypto.importKey('jwk', toJwk(key), importWith, false, ['verify']);
  } catch {
    return false;
  }
  try {
    return await crypto.verify(verifyWith, imported, signature, message);
  } catch {
    return false;
  }
};
