import { concatBytes, equalBytes, isFilledWith, reversed, toHex, viewOf } from './bytes.js';
import type { SignatureScheme } from './chips.js';
import { crc32 } from './crc32.js';
import { V2_BLOCK_BYTES, V2_BLOCK_MAGIC } from './image-trailing.js';
import { coordinateBytes, encodeKeyFields, RSA_BYTES, type SigningPublicKey } from './public-key.js';
import { digest, type HashName } from './webcrypto.js';

export type V2Scheme = Exclude<SignatureScheme, 'v1-ecdsa-p256'>;

/** What a block claims to be. P-192 existed in older ESP-IDF versions; this package names it but does not verify it. */
export type BlockScheme = V2Scheme | 'v2-ecdsa-p192' | 'unknown';

/** Where the fields of a block are. Everything up to `CRC_OFFSET` is under the CRC, the bytes after the CRC are zero. */
interface Layout {
  readonly version: 2 | 3;
  /** Byte 2, called `sha_version`: 1 = SHA-384. */
  readonly shaVersion: 0 | 1;
  readonly hash: HashName;
  readonly keyOffset: number;
  readonly keyLength: number;
  readonly signatureLength: number;
}

const DIGEST_OFFSET = 4;
const CRC_OFFSET = 1196;
const CURVE_ID_P192 = 1;

const LAYOUTS: Record<V2Scheme, Layout> = {
  'v2-rsa-3072': { version: 2, shaVersion: 0, hash: 'SHA-256', keyOffset: 36, keyLength: 776, signatureLength: 384 },
  'v2-ecdsa-p256': { version: 3, shaVersion: 0, hash: 'SHA-256', keyOffset: 36, keyLength: 65, signatureLength: 64 },
  'v2-ecdsa-p384': { version: 3, shaVersion: 1, hash: 'SHA-384', keyOffset: 52, keyLength: 97, signatureLength: 96 },
};

/** A slot of the signature sector that begins with the block magic. */
export interface V2Block {
  /** 0 to 2. */
  readonly index: number;
  readonly version: number;
  readonly scheme: BlockScheme;
  /** CRC right and the 16 bytes behind it zero. */
  readonly intact: boolean;
  readonly bytes: Uint8Array;
}

const schemeOf = (block: Uint8Array): BlockScheme => {
  const view = viewOf(block);
  const version = view.getUint8(1);
  const shaVersion = view.getUint8(2);
  if (view.getUint8(3) !== 0) return 'unknown';
  if (version === 2 && shaVersion === 0) return 'v2-rsa-3072';
  if (version !== 3) return 'unknown';
  if (shaVersion === 1) return view.getUint8(52) === 3 ? 'v2-ecdsa-p384' : 'unknown';
  if (shaVersion !== 0) return 'unknown';
  const curve = view.getUint8(36);
  if (curve === CURVE_ID_P192) return 'v2-ecdsa-p192';
  return curve === 2 ? 'v2-ecdsa-p256' : 'unknown';
};

/** The slot at `index` of a whole sector, `undefined` when it holds no block. */
export const readBlock = (sector: Uint8Array, index: number): V2Block | undefined => {
  const bytes = sector.subarray(index * V2_BLOCK_BYTES, (index + 1) * V2_BLOCK_BYTES);
  const view = viewOf(bytes);
  if (view.getUint8(0) !== V2_BLOCK_MAGIC) return undefined;
  const crcRight = view.getUint32(CRC_OFFSET, true) === crc32(bytes.subarray(0, CRC_OFFSET));
  return {
    index,
    version: view.getUint8(1),
    scheme: schemeOf(bytes),
    intact: crcRight && isFilledWith(bytes.subarray(CRC_OFFSET + 4), 0),
    bytes,
  };
};

export const hasLayout = (scheme: BlockScheme): scheme is V2Scheme => Object.hasOwn(LAYOUTS, scheme);

/** The key a block carries, or `undefined` when its fields contradict each other (rinv, m', size of n). */
const decodeKey = (scheme: V2Scheme, fields: Uint8Array): SigningPublicKey | undefined => {
  const key = ((): SigningPublicKey => {
    if (scheme === 'v2-rsa-3072') {
      const exponent = viewOf(fields).getUint32(RSA_BYTES, true);
      return { type: 'rsa', modulus: reversed(fields.subarray(0, RSA_BYTES)), exponent };
    }
    const curve = scheme === 'v2-ecdsa-p384' ? 'P-384' : 'P-256';
    const end = 1 + coordinateBytes(curve);
    return { type: 'ec', curve, x: reversed(fields.subarray(1, end)), y: reversed(fields.subarray(end)) };
  })();
  try {
    return equalBytes(encodeKeyFields(key), fields) ? key : undefined;
  } catch {
    return undefined;
  }
};

/** Reverses each half on its own: r and s are separate little-endian numbers. */
const reverseHalves = (bytes: Uint8Array): Uint8Array =>
  concatBytes(reversed(bytes.subarray(0, bytes.length / 2)), reversed(bytes.subarray(bytes.length / 2)));

/** The readable fields of a block with a known layout. */
export interface V2BlockFields {
  readonly hash: HashName;
  readonly storedDigest: Uint8Array;
  /** eFuse digest of the key, hex. */
  readonly keyDigest: string;
  readonly key: SigningPublicKey | undefined;
  /** Big-endian. */
  readonly signature: Uint8Array;
}

export const readBlockFields = async (scheme: V2Scheme, block: Uint8Array): Promise<V2BlockFields> => {
  const { hash, keyOffset, keyLength, signatureLength } = LAYOUTS[scheme];
  const keyEnd = keyOffset + keyLength;
  const keyFields = block.subarray(keyOffset, keyEnd);
  const signature = block.subarray(keyEnd, keyEnd + signatureLength);
  return {
    hash,
    storedDigest: block.subarray(DIGEST_OFFSET, keyOffset),
    keyDigest: toHex(await digest('SHA-256', keyFields)),
    key: decodeKey(scheme, keyFields),
    signature: scheme === 'v2-rsa-3072' ? reversed(signature) : reverseHalves(signature),
  };
};

/** Builds one 1216-byte block; `signature` is big-endian and covers `message` = the file up to its signature sector. */
export const buildBlock = async (
  scheme: V2Scheme,
  key: SigningPublicKey,
  signature: Uint8Array,
  message: Uint8Array,
): Promise<Uint8Array> => {
  const layout = LAYOUTS[scheme];
  const block = new Uint8Array(V2_BLOCK_BYTES);
  block.set([V2_BLOCK_MAGIC, layout.version, layout.shaVersion, 0]);
  block.set(await digest(layout.hash, message), DIGEST_OFFSET);
  block.set(encodeKeyFields(key), layout.keyOffset);
  block.set(
    scheme === 'v2-rsa-3072' ? reversed(signature) : reverseHalves(signature),
    layout.keyOffset + layout.keyLength,
  );
  viewOf(block).setUint32(CRC_OFFSET, crc32(block.subarray(0, CRC_OFFSET)), true);
  return block;
};

/** Bytes a signer returns for this scheme. */
export const signatureBytes = (scheme: SignatureScheme): number =>
  scheme === 'v1-ecdsa-p256' ? 64 : LAYOUTS[scheme].signatureLength;
