import { concatBytes, reversed, toBigInt, toHex, toLittleEndian, viewOf } from './bytes.js';
import type { SignatureScheme } from './chips.js';
import { FirmwareImageError } from './errors.js';
import { digest } from './webcrypto.js';

/** A public firmware key. All numbers are big-endian and of full length: 32 or 48 bytes per coordinate, 384 for the modulus. */
export type SigningPublicKey =
  | { readonly type: 'ec'; readonly curve: 'P-256' | 'P-384'; readonly x: Uint8Array; readonly y: Uint8Array }
  | { readonly type: 'rsa'; readonly modulus: Uint8Array; readonly exponent: number };

export const RSA_BYTES = 384;

/** Bytes of one coordinate, and of r and s. */
export const coordinateBytes = (curve: 'P-256' | 'P-384'): 32 | 48 => (curve === 'P-256' ? 32 : 48);

const CURVE_IDS = { 'P-256': 2, 'P-384': 3 } as const;

/** True when the key is of the kind the scheme signs with. */
export const keyFitsScheme = (key: SigningPublicKey, scheme: SignatureScheme): boolean => {
  if (key.type === 'rsa') return scheme === 'v2-rsa-3072';
  return key.curve === 'P-384' ? scheme === 'v2-ecdsa-p384' : scheme === 'v2-ecdsa-p256' || scheme === 'v1-ecdsa-p256';
};

const assertKey = (key: SigningPublicKey): void => {
  if (key.type === 'ec') {
    const length = coordinateBytes(key.curve);
    if (key.x.length !== length || key.y.length !== length) {
      throw new FirmwareImageError('bad_key', `coordinates of ${key.curve} have ${length} bytes each`);
    }
    return;
  }
  const top = key.modulus[0] ?? 0;
  const bottom = key.modulus[RSA_BYTES - 1] ?? 0;
  if (key.modulus.length !== RSA_BYTES || top < 0x80 || bottom % 2 === 0) {
    throw new FirmwareImageError('bad_key', 'the RSA modulus must have exactly 3072 bits and be odd');
  }
  if (!Number.isInteger(key.exponent) || key.exponent < 3 || key.exponent > 0xffff_ffff || key.exponent % 2 === 0) {
    throw new FirmwareImageError('bad_key', 'the RSA exponent must be odd and fit 32 bits');
  }
};

/** -modulus^-1 mod 2^32 by Newton's iteration: each round doubles the correct low bits, and n is its own inverse mod 8. */
const montgomeryInverse = (modulus: bigint): bigint => {
  const mask = 0xffff_ffffn;
  const n = modulus & mask;
  let inverse = n;
  for (let round = 0; round < 4; round += 1) inverse = (inverse * (2n - n * inverse)) & mask;
  return -inverse & mask;
};

/**
 * The key as it stands inside a v2 signature block, which is also what its eFuse digest covers: n, e, rinv and m' for RSA
 * (776 bytes), curve id, X and Y for EC (65 or 97 bytes); every number little-endian.
 * @throws FirmwareImageError `bad_key`
 */
export const encodeKeyFields = (key: SigningPublicKey): Uint8Array => {
  assertKey(key);
  if (key.type === 'ec') return concatBytes(Uint8Array.of(CURVE_IDS[key.curve]), reversed(key.x), reversed(key.y));
  const modulus = toBigInt(key.modulus);
  const exponent = new Uint8Array(4);
  viewOf(exponent).setUint32(0, key.exponent, true);
  return concatBytes(
    reversed(key.modulus),
    exponent,
    toLittleEndian((1n << 6144n) % modulus, RSA_BYTES),
    toLittleEndian(montgomeryInverse(modulus), 4),
  );
};

/**
 * The eFuse digest of a public key, hex: SHA-256 over its fields in a signature block. The same as `espsecure
 * digest-sbv2-public-key`. (The esp32c2 stores only the first 16 bytes of it.)
 * @throws FirmwareImageError `bad_key`
 */
export const keyDigest = async (key: SigningPublicKey): Promise<string> =>
  toHex(await digest('SHA-256', encodeKeyFields(key)));

/** A P-256 key as the v1 scheme keeps it in the device: 64 bytes X||Y, big-endian. @throws FirmwareImageError `bad_key` */
export const rawV1Key = (key: SigningPublicKey): Uint8Array => {
  assertKey(key);
  if (key.type !== 'ec' || key.curve !== 'P-256') throw new FirmwareImageError('bad_key', 'v1 needs a P-256 key');
  return concatBytes(key.x, key.y);
};

/** The inverse of {@link rawV1Key}. @throws FirmwareImageError `bad_key` unless it has 64 bytes. */
export const fromRawV1Key = (raw: Uint8Array): SigningPublicKey => {
  if (raw.length !== 64) throw new FirmwareImageError('bad_key', 'a raw v1 key has 64 bytes: X||Y, big-endian');
  return { type: 'ec', curve: 'P-256', x: raw.slice(0, 32), y: raw.slice(32) };
};
