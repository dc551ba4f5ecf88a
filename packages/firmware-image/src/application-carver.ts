import { alignUp, isFilledWith, viewOf } from './bytes.js';
import { chipById } from './chips.js';
import { FirmwareImageError } from './errors.js';
import { parseImage, type EspImage } from './image-parser.js';
import { SECTOR_BYTES, V1_BLOCK_BYTES } from './image-trailing.js';
import { findMergedImage, mergedImageError, type MergedApplication, type MergedImage } from './merged-image.js';
import type { ApplicationSlot } from './partition-table.js';
import { readBlocks } from './signature-inspector.js';

/** Which application to cut out of a merged file. */
export interface CarveOptions {
  /** Which application, where the file holds several. */
  readonly slot?: ApplicationSlot;
}

const choose = (merged: MergedImage, slot: ApplicationSlot | undefined): MergedApplication => {
  const { applications } = merged;
  const [first, ...more] = applications;
  if (first === undefined) throw mergedImageError(merged);
  const slots = applications.map((application) => application.slot).join(', ');
  if (slot === undefined) {
    if (more.length === 0) return first;
    throw new FirmwareImageError('bad_option', `the file holds several applications (${slots}): say which slot`);
  }
  const chosen = applications.find((application) => application.slot === slot);
  if (chosen === undefined) {
    throw new FirmwareImageError('bad_option', `the file holds no application in that slot, only in ${slots}`);
  }
  return chosen;
};

const hasV1Block = (bytes: Uint8Array, image: EspImage): boolean => {
  const block = bytes.subarray(image.imageLength, image.imageLength + V1_BLOCK_BYTES);
  if (block.length < V1_BLOCK_BYTES || viewOf(block).getUint32(0, true) !== 0) return false;
  const mayBeSigned = chipById(image.chipId)?.schemes.includes('v1-ecdsa-p256') === true;
  return mayBeSigned && !isFilledWith(block, 0) && !isFilledWith(block.subarray(4), 0xff);
};

/** The end of image and signature; what follows is erased flash or a leftover of an older, longer image. */
const endOf = (bytes: Uint8Array, image: EspImage): number => {
  const { imageLength } = image;
  const sector = alignUp(imageLength, SECTOR_BYTES);
  const hasSector = bytes.length >= sector + SECTOR_BYTES;
  if (hasSector && readBlocks(bytes, sector).some(({ intact }) => intact)) return sector + SECTOR_BYTES;
  return hasV1Block(bytes, image) ? imageLength + V1_BLOCK_BYTES : imageLength;
};

/**
 * The application image inside a merged one: its exact bytes, with padding and signature where it is signed, as a copy.
 * Structure and XOR checksum are checked, hash and signature are not: {@link verifyImage} does that.
 *
 * The up to 12 bytes that `espsecure --secure-pad` leaves behind a v1 signature are not kept; no device reads them.
 * @throws FirmwareImageError `bad_option` (not a merged image, several applications and no `slot`, or none in that slot),
 * `merged_image` (no application inside), and the codes of {@link parseImage} for a damaged application.
 */
export const carveApplication = (bytes: Uint8Array, options: CarveOptions = {}): Uint8Array => {
  const merged = findMergedImage(bytes);
  if (merged === undefined) throw new FirmwareImageError('bad_option', 'the file is not a merged flash image');
  const { offset, partitionBytes } = choose(merged, options.slot);
  const partition = bytes.subarray(offset, offset + partitionBytes);
  return partition.slice(0, endOf(partition, parseImage(partition)));
};
