import { DESCRIPTOR_BYTES, DESCRIPTOR_MAGIC } from './app-descriptor.js';
import { viewOf } from './bytes.js';
import { FirmwareImageError } from './errors.js';
import { FIRST_SEGMENT_OFFSET, IMAGE_MAGIC } from './image-layout.js';
import { SECTOR_BYTES } from './image-trailing.js';
import { readAppPartitions, type AppPartition, type ApplicationSlot } from './partition-table.js';

/** An application inside a merged image. */
export interface MergedApplication {
  readonly slot: ApplicationSlot;
  /** What the partition table calls it; at most 16 bytes, decoded as Latin-1. Escape before showing it. */
  readonly label: string;
  /** Where it begins in the file. */
  readonly offset: number;
  /** Where it begins in flash. */
  readonly address: number;
  /** Size of its partition in bytes; the file may end earlier. */
  readonly partitionBytes: number;
}

/** Bootloader, partition table and applications in one file, as `esptool merge-bin` and flash dumps make it. */
export interface MergedImage {
  /** Where the partition table is in the file. */
  readonly partitionTableOffset: number;
  /** Flash address of byte 0 of the file: 0, 0x1000 (esp32, esp32s2), 0x2000 (esp32c5, esp32p4) or what was asked for. */
  readonly baseAddress: number;
  /** Those that are really there, in the order of the table: partitions that the file leaves empty are not listed. */
  readonly applications: readonly MergedApplication[];
}

/** The largest flash there is: a hostile table must not make the search longer. */
const MAX_FLASH_BYTES = 128 * 1024 * 1024;

/** True when an application image begins at `offset`: only there do both magics meet. */
export const beginsApplication = (bytes: Uint8Array, offset: number): boolean => {
  const descriptor = offset + FIRST_SEGMENT_OFFSET;
  if (offset < 0 || descriptor + DESCRIPTOR_BYTES > bytes.length || bytes[offset] !== IMAGE_MAGIC) return false;
  return viewOf(bytes).getUint32(descriptor, true) === DESCRIPTOR_MAGIC;
};

const locate = (
  bytes: Uint8Array,
  partitions: readonly AppPartition[],
): Pick<MergedImage, 'baseAddress' | 'applications'> => {
  const highest = Math.min(MAX_FLASH_BYTES, Math.max(...partitions.map(({ address }) => address)));
  // Nothing in the file says where it is flashed to: the first address that puts an application into a partition does.
  for (let baseAddress = 0; baseAddress <= highest; baseAddress += SECTOR_BYTES) {
    const applications = partitions
      .filter(({ address }) => beginsApplication(bytes, address - baseAddress))
      .map(({ slot, label, address, length }) => ({
        slot,
        label,
        offset: address - baseAddress,
        address,
        partitionBytes: length,
      }));
    if (applications.length > 0) return { baseAddress, applications };
  }
  return { baseAddress: 0, applications: [] };
};

/**
 * Recognises a merged image by its partition table, at whatever multiple of 4096 it lies; `undefined` for everything else,
 * application images first of all. Reads a few bytes per sector, so it is fast for any input.
 */
export const findMergedImage = (bytes: Uint8Array): MergedImage | undefined => {
  if (beginsApplication(bytes, 0)) return undefined;
  for (let offset = 0; offset < bytes.length; offset += SECTOR_BYTES) {
    const partitions = readAppPartitions(bytes, offset);
    if (partitions !== undefined) return { partitionTableOffset: offset, ...locate(bytes, partitions) };
  }
  return undefined;
};

const hex = (value: number): string => `0x${value.toString(16)}`;

/** Why a merged image is refused, with the offsets of its applications. */
export const mergedImageError = (merged: MergedImage): FirmwareImageError => {
  const { applications, partitionTableOffset } = merged;
  const places = applications.map(({ slot, offset }) => `${slot} at offset ${hex(offset)}`).join(', ');
  const message =
    applications.length === 0
      ? `this is a merged flash image (partition table at offset ${hex(partitionTableOffset)}) that holds no application`
      : `this is a merged flash image, not an application image: carve the application out first (${places})`;
  return new FirmwareImageError('merged_image', message, { merged });
};
