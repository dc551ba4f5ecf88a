import { DESCRIPTOR_BYTES, readAppDescriptor, type AppDescriptor } from './app-descriptor.js';
import { alignUp, toHex, viewOf } from './bytes.js';
import { chipById, type AddressRange, type Chip, type ChipName } from './chips.js';
import { FirmwareImageError } from './errors.js';
import {
  CHECKSUM_SEED,
  HASH_BYTES,
  HEADER_BYTES,
  IMAGE_MAGIC,
  MAX_SEGMENTS,
  SEGMENT_HEADER_BYTES,
  SEGMENT_LIMIT_BYTES,
} from './image-layout.js';
import { classifyTrailing, type Trailing } from './image-trailing.js';
import { findMergedImage, mergedImageError } from './merged-image.js';

const FIXED_MMU_PAGE_BYTES = 64 * 1024;

export interface Segment {
  /** 0 marks padding. */
  readonly loadAddress: number;
  /** Offset of the data in the file, bytes. */
  readonly offset: number;
  /** Length of the data in bytes, a multiple of 4. */
  readonly length: number;
}

export interface EspImage {
  readonly chipId: number;
  /** `undefined` for a chip id that {@link CHIPS} does not list. */
  readonly chip: ChipName | undefined;
  readonly segments: readonly Segment[];
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
  readonly trailing: Trailing;
  /** Bytes of the file behind `imageLength`. */
  readonly trailingLength: number;
}

const refuse = (message: string): never => {
  throw new FirmwareImageError('not_an_image', message);
};

const cutShort = (message: string): never => {
  throw new FirmwareImageError('truncated', message);
};

const checkHeader = (bytes: Uint8Array, view: DataView): void => {
  if (bytes.length > 0 && view.getUint8(0) !== IMAGE_MAGIC) refuse('byte 0 is not the image magic 0xE9');
  if (bytes.length < HEADER_BYTES) cutShort(`the file has ${bytes.length} bytes, the header alone has ${HEADER_BYTES}`);
  const count = view.getUint8(1);
  if (count < 1 || count > MAX_SEGMENTS) refuse(`segment count is ${count}, allowed are 1 to ${MAX_SEGMENTS}`);
  if (view.getUint8(23) > 1) refuse('hash_appended is neither 0 nor 1');
};

const readSegments = (bytes: Uint8Array, view: DataView): { segments: Segment[]; end: number } => {
  const segments: Segment[] = [];
  let position = HEADER_BYTES;
  for (let index = 0; index < view.getUint8(1); index += 1) {
    if (bytes.length - position < SEGMENT_HEADER_BYTES) cutShort(`the file ends inside the header of segment ${index}`);
    const loadAddress = view.getUint32(position, true);
    const length = view.getUint32(position + 4, true);
    const offset = position + SEGMENT_HEADER_BYTES;
    if (length % 4 !== 0) refuse(`segment ${index} has a length that is not a multiple of 4`);
    if (length >= SEGMENT_LIMIT_BYTES) refuse(`segment ${index} has ${length} bytes, the limit is 16 MiB`);
    if (bytes.length - offset < length) cutShort(`the file ends inside segment ${index}`);
    segments.push({ loadAddress, offset, length });
    position = offset + length;
  }
  return { segments, end: position };
};

/** XOR over the data of all segments, start value 0xEF. */
export const computeChecksum = (parts: Iterable<Uint8Array>): number => {
  let checksum = CHECKSUM_SEED;
  for (const part of parts) for (const byte of part) checksum ^= byte;
  return checksum;
};

const includes = ({ start, end }: AddressRange, address: number): boolean => address >= start && address < end;

const checkFlashMapping = (segments: readonly Segment[], chip: Chip, descriptor: AppDescriptor): void => {
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
  const view = viewOf(bytes);
  checkHeader(bytes, view);
  const { segments, end } = readSegments(bytes, view);
  const end16 = alignUp(end + 1, 16);
  const hashAppended = view.getUint8(23) === 1;
  const imageLength = end16 + (hashAppended ? HASH_BYTES : 0);
  if (bytes.length < end16) cutShort('the file ends before the checksum');
  const checksum = view.getUint8(end16 - 1);
  if (checksum !== computeChecksum(segments.map(({ offset, length }) => bytes.subarray(offset, offset + length)))) {
    throw new FirmwareImageError('bad_checksum', 'the XOR checksum does not match the segments');
  }
  if (bytes.length < imageLength) cutShort('the file ends inside the appended hash');

  const chipId = view.getUint16(12, true);
  const chip = chipById(chipId);
  const [first] = segments;
  const descriptor =
    first === undefined || first.length < DESCRIPTOR_BYTES
      ? undefined
      : readAppDescriptor(bytes.subarray(first.offset, first.offset + first.length));
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
