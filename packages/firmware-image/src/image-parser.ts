import { DESCRIPTOR_BYTES, readAppDescriptor, type AppDescriptor } from './app-descriptor.js';
import { toHex, viewOf } from './bytes.js';
import { chipById, type AddressRange, type Chip, type ChipName } from './chips.js';
import { CHECKSUM_SEED, HEADER_BYTES, IMAGE_MAGIC, MAX_SEGMENTS } from './image-layout.js';
import { classifyTrailing, type Trailing } from './image-trailing.js';
import { findMergedImage, mergedImageError } from './merged-image.js';
import { createSegmentWalker, cutShort, refuse, xorBytes, type Segment } from './segment-walker.js';

const FIXED_MMU_PAGE_BYTES = 64 * 1024;

/**
 * The header, segments and application descriptor of an image whose structure and XOR checksum hold. Offsets and
 * lengths are bytes; nothing here says who made the image.
 */
export interface EspImage {
  /** Chip number of the header, bytes 12 and 13; see {@link CHIPS}. */
  readonly chipId: number;
  /** `undefined` for a chip id that {@link CHIPS} does not list. */
  readonly chip: ChipName | undefined;
  readonly segments: readonly Segment[];
  /** Address at which the code begins to run. */
  readonly entry: number;
  /** Raw header bytes 2 and 3: SPI mode, flash frequency (low nibble) and flash size (high nibble). */
  readonly spiMode: number;
  readonly flashFrequencyAndSize: number;
  /** Header byte 14. ESP-IDF before 4.4 used only this one; its unit differs between chips. */
  readonly legacyMinChipRevision: number;
  /** `major * 100 + minor`. */
  readonly minChipRevision: number;
  /** `major * 100 + minor`; 0 and 65535 mean "not set". */
  readonly maxChipRevision: number;
  /** True when a SHA-256 of `[0, end16)` follows the image; {@link inspectImage} compares it. */
  readonly hashAppended: boolean;
  /** That stored hash, hex. */
  readonly appendedHash: string | undefined;
  /** XOR checksum, already compared. */
  readonly checksum: number;
  /** End of the checksum byte, a multiple of 16: what the image identity covers. */
  readonly end16: number;
  /** `end16`, plus 32 when a hash is appended. A v1 signature begins here. */
  readonly imageLength: number;
  /** `undefined` in bootloaders and RAM images. */
  readonly descriptor: AppDescriptor | undefined;
  /** What follows the image: a signature, padding, or something else. */
  readonly trailing: Trailing;
  /** Bytes of the file behind `imageLength`. */
  readonly trailingLength: number;
}

export const checkHeader = (bytes: Uint8Array): { segmentCount: number; hashAppended: boolean } => {
  const view = viewOf(bytes);
  if (bytes.length > 0) checkMagic(bytes);
  if (bytes.length < HEADER_BYTES) cutShort(`the file has ${bytes.length} bytes, the header alone has ${HEADER_BYTES}`);
  const segmentCount = view.getUint8(1);
  if (segmentCount < 1 || segmentCount > MAX_SEGMENTS) {
    refuse(`segment count is ${segmentCount}, allowed are 1 to ${MAX_SEGMENTS}`);
  }
  if (view.getUint8(23) > 1) refuse('hash_appended is neither 0 nor 1');
  return { segmentCount, hashAppended: view.getUint8(23) === 1 };
};

export const checkMagic = (bytes: Uint8Array): void => {
  if (bytes[0] !== IMAGE_MAGIC) refuse('byte 0 is not the image magic 0xE9');
};

/** XOR over the data of all segments, start value 0xEF. */
export const computeChecksum = (parts: Iterable<Uint8Array>): number => {
  let checksum = CHECKSUM_SEED;
  for (const part of parts) checksum = xorBytes(checksum, part);
  return checksum;
};

const includes = ({ start, end }: AddressRange, address: number): boolean => address >= start && address < end;

export const checkFlashMapping = (segments: readonly Segment[], chip: Chip, descriptor: AppDescriptor): void => {
  const { minMmuPageBytes: smallest } = chip;
  // Where the page size is configurable, older images do not state theirs (0): every larger page implies the smallest.
  const page = smallest === FIXED_MMU_PAGE_BYTES ? smallest : Math.max(smallest, 2 ** descriptor.mmuPageSizeLog2);
  for (const [index, { loadAddress, offset, length }] of segments.entries()) {
    const mapped = length > 0 && (includes(chip.irom, loadAddress) || includes(chip.drom, loadAddress));
    if (mapped && offset % page !== loadAddress % page) {
      refuse(`segment ${index} is mapped from flash, but its offset does not match its address within an MMU page`);
    }
  }
};

/** The descriptor that segment 0 begins with. */
export const readFirstDescriptor = (bytes: Uint8Array, [first]: readonly Segment[]): AppDescriptor | undefined =>
  first === undefined || first.length < DESCRIPTOR_BYTES
    ? undefined
    : readAppDescriptor(bytes.subarray(first.offset, first.offset + DESCRIPTOR_BYTES));

/**
 * Parses an ESP32-family application image (or bootloader: then without descriptor) and checks its structure and its XOR
 * checksum, but neither hash nor signature. Every rule of ESP-IDF's loader that does not need a chip is applied; all
 * arithmetic is bounded by the file.
 *
 * @throws FirmwareImageError `not_an_image`, `truncated`, `bad_checksum`, or `merged_image` with where its applications are.
 * @see https://docs.espressif.com/projects/esp-idf/en/stable/esp32/api-reference/system/app_image_format.html
 */
export const parseImage = (bytes: Uint8Array): EspImage => {
  const merged = findMergedImage(bytes);
  if (merged !== undefined) throw mergedImageError(merged);
  const header = checkHeader(bytes);
  const walker = createSegmentWalker(header);
  walker.push(bytes.subarray(HEADER_BYTES));
  const { segments, checksum, end16, imageLength } = walker.end();
  const { hashAppended } = header;

  const view = viewOf(bytes);
  const chipId = view.getUint16(12, true);
  const chip = chipById(chipId);
  const descriptor = readFirstDescriptor(bytes, segments);
  if (chip !== undefined && descriptor !== undefined) checkFlashMapping(segments, chip, descriptor);
  return {
    chipId,
    chip: chip?.name,
    segments,
    entry: view.getUint32(4, true),
    spiMode: view.getUint8(2),
    flashFrequencyAndSize: view.getUint8(3),
    legacyMinChipRevision: view.getUint8(14),
    minChipRevision: view.getUint16(15, true),
    maxChipRevision: view.getUint16(17, true),
    hashAppended,
    appendedHash: hashAppended ? toHex(bytes.subarray(end16, imageLength)) : undefined,
    checksum,
    end16,
    imageLength,
    descriptor,
    trailing: classifyTrailing(bytes, imageLength).trailing,
    trailingLength: bytes.length - imageLength,
  };
};
