import { alignUp, concatBytes } from './bytes.js';
import { chipById, type Chip, type SignatureScheme } from './chips.js';
import { FirmwareImageError } from './errors.js';
import { checkHash } from './image-inspector.js';
import { parseImage, type EspImage } from './image-parser.js';
import { SECTOR_BYTES, V2_BLOCK_BYTES } from './image-trailing.js';
import { findPrivateKeys } from './private-key-scan.js';
import { keyFitsScheme, type SigningPublicKey } from './public-key.js';
import { buildBlock, signatureBytes, type V2Scheme } from './signature-block-v2.js';
import { inspectSignature, isSoundBlock } from './signature-inspector.js';
import { verifySignature } from './webcrypto.js';

/** A private key, wherever it lives: a file (`signerFromPem` of the `node` entry), an HSM, a KMS. */
export interface Signer {
  /** Decides the format of the signature; must be one of the schemes of the image's chip. */
  readonly scheme: SignatureScheme;
  readonly publicKey: SigningPublicKey;
  /** eFuse digest of the public key, hex: {@link keyDigest}. */
  readonly keyDigest: string;
  /**
   * Signs `message` (not a digest). Big-endian result: r||s with 32 or 48 bytes each for ECDSA (SHA-256, P-384: SHA-384),
   * 384 bytes for RSASSA-PSS (SHA-256, MGF1-SHA-256, salt 32). May be slow; may reject with any error.
   */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** How {@link signImage} treats signatures and private keys that it finds in the image. */
export interface SignOptions {
  /**
   * What to do with an image that is signed already. `refuse` (default); `replace` drops every old signature; `append`
   * adds a block to a v2 sector of the same scheme, up to what the chip honours.
   */
  readonly existing?: 'refuse' | 'replace' | 'append';
  /** Sign although the image holds a private key that anybody who gets the image can read. Default false. */
  readonly dangerouslyAllowPrivateKey?: boolean;
}

const checkPrivateKeys = (bytes: Uint8Array, options: SignOptions): void => {
  if (options.dangerouslyAllowPrivateKey === true) return;
  const [found] = findPrivateKeys(bytes);
  if (found === undefined) return;
  throw new FirmwareImageError(
    'contains_private_key',
    `the image contains a private key (${found.format}) at offset ${found.offset}`,
  );
};

const checkScheme = (image: EspImage, signer: Signer): Chip => {
  const chip = chipById(image.chipId);
  if (chip === undefined) throw new FirmwareImageError('wrong_chip', `chip id ${image.chipId} is not known`);
  if (!chip.schemes.includes(signer.scheme)) {
    throw new FirmwareImageError('unsupported_scheme', `${chip.name} does not verify ${signer.scheme} signatures`);
  }
  if (!keyFitsScheme(signer.publicKey, signer.scheme)) {
    throw new FirmwareImageError('bad_key', `the key of the signer is not one for ${signer.scheme}`);
  }
  return chip;
};

/** Asks the signer and believes nothing: a block that does not verify would only be noticed by devices. */
const sign = async (signer: Signer, message: Uint8Array): Promise<Uint8Array> => {
  let signature: Uint8Array;
  try {
    signature = await signer.sign(message);
  } catch (cause) {
    throw new FirmwareImageError('signer_failed', 'the signer rejected', { cause });
  }
  const right =
    signature.length === signatureBytes(signer.scheme) && (await verifySignature(signer.publicKey, signature, message));
  if (!right) throw new FirmwareImageError('signer_failed', 'the signer made a signature that does not verify');
  return signature;
};

const signV1 = async (body: Uint8Array, signer: Signer): Promise<Uint8Array> =>
  concatBytes(body, new Uint8Array(4), await sign(signer, body));

const signV2 = async (
  message: Uint8Array,
  scheme: V2Scheme,
  signer: Signer,
  kept: readonly Uint8Array[],
): Promise<Uint8Array> => {
  const block = await buildBlock(scheme, signer.publicKey, await sign(signer, message), message);
  const sector = new Uint8Array(SECTOR_BYTES).fill(0xff);
  for (const [index, part] of [...kept, block].entries()) sector.set(part, index * V2_BLOCK_BYTES);
  return concatBytes(message, sector);
};

/** The blocks that an append keeps: all of the sector, which must be sound, of this scheme, and leave room. */
const blocksToKeep = async (
  bytes: Uint8Array,
  image: EspImage,
  signer: Signer,
  chip: Chip,
): Promise<{ message: Uint8Array; kept: Uint8Array[] }> => {
  const info = await inspectSignature(bytes, image);
  if (info.kind !== 'v2') throw new FirmwareImageError('already_signed', 'only v2 signatures can be appended to');
  const { blocks, offset } = info;
  if (blocks.some((block, index) => !isSoundBlock(block) || block.index !== index)) {
    throw new FirmwareImageError('bad_signature', 'an existing signature block is not valid');
  }
  if (blocks.some(({ scheme }) => scheme !== signer.scheme)) {
    throw new FirmwareImageError('already_signed', 'a device accepts one scheme only: the existing block has another');
  }
  if (blocks.some(({ keyDigest }) => keyDigest === signer.keyDigest)) {
    throw new FirmwareImageError('already_signed', 'the image is signed with this key already');
  }
  if (blocks.length >= chip.maxSignatureBlocks) {
    throw new FirmwareImageError(
      'already_signed',
      `${chip.name} honours ${chip.maxSignatureBlocks} signature block(s)`,
    );
  }
  const kept = blocks.map(({ index }) =>
    bytes.subarray(offset + index * V2_BLOCK_BYTES, offset + (index + 1) * V2_BLOCK_BYTES),
  );
  return { message: bytes.subarray(0, offset), kept };
};

/**
 * Signs an application image (or bootloader) and returns a new file: image, padding, signature. What the result is can be
 * flashed, and is what {@link verifyImage} and `espsecure verify-signature` accept.
 *
 * @throws FirmwareImageError the codes of {@link parseImage}, `bad_hash`, `wrong_chip` (unknown chip id),
 * `unsupported_scheme` (this chip does not verify it), `already_signed`, `trailing_data` (the file continues after the
 * image with something that is no signature), `contains_private_key`, `bad_key`, `bad_signature` (append to a broken
 * block), `signer_failed`.
 */
export const signImage = async (bytes: Uint8Array, signer: Signer, options: SignOptions = {}): Promise<Uint8Array> => {
  const image = parseImage(bytes);
  await checkHash(bytes, image);
  const chip = checkScheme(image, signer);
  checkPrivateKeys(bytes, options);
  const existing = options.existing ?? 'refuse';
  const signed = image.trailing === 'signature-v1' || image.trailing === 'signature-v2';
  if (image.trailing === 'unknown') {
    throw new FirmwareImageError('trailing_data', `${image.trailingLength} bytes after the image are no signature`);
  }
  if (signed && existing === 'refuse') throw new FirmwareImageError('already_signed', 'the image is signed already');

  const body = bytes.subarray(0, image.imageLength);
  const { scheme } = signer;
  if (signed && existing === 'append') {
    const { message, kept } = await blocksToKeep(bytes, image, signer, chip);
    if (scheme === 'v1-ecdsa-p256') throw new FirmwareImageError('already_signed', 'v1 knows one signature only');
    return signV2(message, scheme, signer, kept);
  }
  if (scheme === 'v1-ecdsa-p256') return signV1(body, signer);
  const padding = new Uint8Array(alignUp(body.length, SECTOR_BYTES) - body.length).fill(0xff);
  return signV2(concatBytes(body, padding), scheme, signer, []);
};
