import { isFilledWith } from './bytes.js';
import { chipById, SIGNATURE_SCHEMES, type Chip, type ChipName, type SignatureScheme } from './chips.js';
import { FirmwareImageError, isFirmwareImageError, isImageReason, type ImageReason } from './errors.js';
import { checkHash } from './image-inspector.js';
import { parseImage, type EspImage } from './image-parser.js';
import { classifyTrailing, V2_BLOCK_BYTES, V2_BLOCK_COUNT } from './image-trailing.js';
import { fromRawV1Key, keyDigest } from './public-key.js';
import { readBlock } from './signature-block-v2.js';
import { isSoundBlock, judgeBlock, readBlocks, readV1Signature } from './signature-inspector.js';
import { verifySignature } from './webcrypto.js';

/** The keys a device or a project believes. */
export interface TrustedKeys {
  /** P-256 keys of the v1 scheme, 64 bytes X||Y, big-endian. */
  readonly v1?: readonly Uint8Array[];
  /** eFuse digests of v2 keys, hex SHA-256, any case. */
  readonly v2Digests?: readonly string[];
}

/** Which schemes, blocks and images {@link verifyImage} accepts. The defaults are the device's rules. */
export interface VerifyOptions {
  /** Schemes to accept. Default: those of the image's chip. */
  readonly schemes?: readonly SignatureScheme[];
  /**
   * How many v2 blocks count, 1 to 3. Default: what the chip's ROM honours (esp32 and esp32c2: 1, others: 3). A device
   * that checks signatures without hardware secure boot honours 1.
   */
  readonly maxBlocks?: number;
  /** Refuse images for another chip (`wrong_chip`). Default: any known chip. */
  readonly chip?: ChipName;
  /** Refuse images that exclude this chip revision, `major * 100 + minor` (`wrong_chip`). Default: not checked. */
  readonly chipRevision?: number;
  /** Default 16 MiB. Longer files are `too_large`. */
  readonly maxBytes?: number;
  /** `app` (default) insists on an application descriptor; `any` also verifies bootloaders and RAM images. */
  readonly kind?: 'app' | 'any';
}

/** What a device would say to an image. `detail` is a sentence for people; programs switch on `reason`. */
export type Verdict =
  | {
      readonly ok: true;
      readonly scheme: SignatureScheme;
      /** eFuse digest of the key that verified, hex; for v1 the digest the same P-256 key has in v2. */
      readonly keyDigest: string;
      readonly image: EspImage;
      readonly identity: string;
    }
  | { readonly ok: false; readonly reason: ImageReason; readonly detail: string };

export const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

export const checkOptions = (trusted: TrustedKeys, options: VerifyOptions): void => {
  const bad = (message: string): never => {
    throw new FirmwareImageError('bad_option', message);
  };
  if (trusted.v1?.some((key) => key.length !== 64) === true) bad('every trusted v1 key has 64 bytes');
  if (trusted.v2Digests?.some((digest) => !/^[0-9a-f]{64}$/i.test(digest)) === true) {
    bad('every trusted v2 digest is a SHA-256 in hex');
  }
  const { maxBlocks, maxBytes, chipRevision, schemes } = options;
  if (maxBlocks !== undefined && ![1, 2, 3].includes(maxBlocks)) bad('maxBlocks is 1, 2 or 3');
  if (maxBytes !== undefined && !(maxBytes >= 0)) bad('maxBytes is a number of bytes');
  if (chipRevision !== undefined && !(chipRevision >= 0 && chipRevision < 65_535)) {
    bad('chipRevision is major * 100 + minor');
  }
  if (schemes?.some((scheme) => !SIGNATURE_SCHEMES.includes(scheme)) === true) bad('schemes holds an unknown scheme');
};

export const checkChip = (
  image: Pick<EspImage, 'chipId' | 'minChipRevision' | 'maxChipRevision'>,
  options: Pick<VerifyOptions, 'chip' | 'chipRevision'>,
): Chip => {
  const chip = chipById(image.chipId);
  if (chip === undefined) throw new FirmwareImageError('wrong_chip', `chip id ${image.chipId} is not known`);
  if (options.chip !== undefined && options.chip !== chip.name) {
    throw new FirmwareImageError('wrong_chip', `the image is for ${chip.name}, not for ${options.chip}`);
  }
  const { minChipRevision: min, maxChipRevision: max } = image;
  const limited = max !== 0 && max !== 65_535;
  if (limited && min > max) {
    throw new FirmwareImageError('wrong_chip', 'the revision range of the image excludes every chip');
  }
  const { chipRevision } = options;
  if (chipRevision !== undefined && (chipRevision < min || (limited && chipRevision > max))) {
    throw new FirmwareImageError('wrong_chip', `the image excludes ${chip.name} revision ${chipRevision}`);
  }
  return chip;
};

interface Signed {
  readonly scheme: SignatureScheme;
  readonly keyDigest: string;
}

const verifyV1 = async (message: Uint8Array, signature: Uint8Array, trusted: TrustedKeys): Promise<Signed> => {
  for (const raw of trusted.v1 ?? []) {
    const key = fromRawV1Key(raw);
    if (await verifySignature(key, signature, message)) {
      return { scheme: 'v1-ecdsa-p256', keyDigest: await keyDigest(key) };
    }
  }
  throw new FirmwareImageError('bad_signature', 'the v1 signature verifies with none of the trusted keys');
};

/** The device stops at the first good block. Nobody ever checks what lies behind it, so that must be empty or intact. */
const checkUnreadSlots = (sector: Uint8Array, winner: number): void => {
  for (let index = winner + 1; index < V2_BLOCK_COUNT; index += 1) {
    const slot = sector.subarray(index * V2_BLOCK_BYTES, (index + 1) * V2_BLOCK_BYTES);
    if (!isFilledWith(slot, 0xff) && readBlock(sector, index)?.intact !== true) {
      throw new FirmwareImageError(
        'bad_signature',
        `slot ${index} of the signature sector is neither empty nor an intact block`,
      );
    }
  }
  if (!isFilledWith(sector.subarray(V2_BLOCK_COUNT * V2_BLOCK_BYTES), 0xff)) {
    throw new FirmwareImageError('bad_signature', 'the end of the signature sector is not empty');
  }
};

const verifyV2 = async (
  bytes: Uint8Array,
  offset: number,
  accepted: { trusted: TrustedKeys; schemes: readonly SignatureScheme[]; maxBlocks: number },
): Promise<Signed> => {
  const digests = new Set(accepted.trusted.v2Digests?.map((hex) => hex.toLowerCase()));
  const message = bytes.subarray(0, offset);
  const candidates = readBlocks(bytes, offset).filter(({ index }) => index < accepted.maxBlocks);
  if (candidates.length === 0) {
    throw new FirmwareImageError('unsigned', `none of the first ${accepted.maxBlocks} signature slots holds a block`);
  }
  let foreign = false;
  let supported = false;
  for (const candidate of candidates) {
    const { scheme } = candidate;
    const usable = accepted.schemes.find((name) => name === scheme);
    if (usable === undefined) continue;
    supported = true;
    if (!candidate.intact) continue;
    const block = await judgeBlock(candidate, message);
    if (!isSoundBlock(block) || block.keyDigest === undefined) continue;
    if (digests.has(block.keyDigest)) {
      checkUnreadSlots(bytes.subarray(offset), block.index);
      return { scheme: usable, keyDigest: block.keyDigest };
    }
    foreign = true;
  }
  if (foreign) throw new FirmwareImageError('untrusted_key', 'the image is signed with a key that is not trusted');
  throw new FirmwareImageError(
    'bad_signature',
    supported ? 'no signature block is valid' : 'the scheme of the signature is not accepted',
  );
};

const verify = async (bytes: Uint8Array, trusted: TrustedKeys, options: VerifyOptions): Promise<Verdict> => {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  if (bytes.length > maxBytes) {
    throw new FirmwareImageError('too_large', `the file has ${bytes.length} bytes, the limit is ${maxBytes}`);
  }
  const image = parseImage(bytes);
  const identity = await checkHash(bytes, image);
  if (image.descriptor === undefined && (options.kind ?? 'app') === 'app') {
    throw new FirmwareImageError('not_an_image', 'there is no application descriptor (a bootloader?)');
  }
  const chip = checkChip(image, options);
  const schemes = options.schemes ?? chip.schemes;
  const found = classifyTrailing(bytes, image.imageLength);
  if (!('offset' in found)) throw new FirmwareImageError(found.reason, found.detail);
  if (found.trailing === 'signature-v2') {
    const maxBlocks = options.maxBlocks ?? chip.maxSignatureBlocks;
    return { ok: true, ...(await verifyV2(bytes, found.offset, { trusted, schemes, maxBlocks })), image, identity };
  }
  if (!schemes.includes('v1-ecdsa-p256')) {
    throw new FirmwareImageError('bad_signature', 'the scheme of the signature is not accepted');
  }
  const signature = readV1Signature(bytes, found.offset);
  return { ok: true, ...(await verifyV1(bytes.subarray(0, found.offset), signature, trusted)), image, identity };
};

/**
 * Verifies an image by the rules of the *device* (ESP-IDF `secure_boot_v1/v2`, `esp_image_format.c`), which are stricter
 * than `espsecure verify-signature`: signatures are located from the image, never from the end of the file; a v2 block
 * must verify with the key it carries and that key must be trusted; the digest it stores must be right.
 *
 * Two things go beyond the device: the file may not continue after the signature sector, and what follows the block that
 * wins must be empty or an intact block. Up to 12 bytes after a v1 block are ignored (`espsecure --secure-pad`).
 *
 * Order: size, header, segments, checksum, hash, descriptor, chip, signature. Version, project and `secureVersion` are
 * the caller's policy.
 *
 * `bytes` must not change until the promise settles.
 *
 * @returns a verdict, also for hostile bytes.
 * @throws FirmwareImageError `bad_option` for impossible options, `no_webcrypto`.
 */
export const verifyImage = async (
  bytes: Uint8Array,
  trusted: TrustedKeys,
  options: VerifyOptions = {},
): Promise<Verdict> => {
  checkOptions(trusted, options);
  try {
    return await verify(bytes, trusted, options);
  } catch (error) {
    if (!isFirmwareImageError(error)) throw error;
    if (isImageReason(error.code)) return { ok: false, reason: error.code, detail: error.message };
    // Devices have one word for all that is no application image; the detail says what this one is.
    if (error.code === 'merged_image') return { ok: false, reason: 'not_an_image', detail: error.message };
    throw error;
  }
};
