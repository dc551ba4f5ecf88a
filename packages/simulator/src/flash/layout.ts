import { SECTOR_BYTES } from './nor-flash.js';

/** A stretch of the flash, bytes. */
export interface Partition {
  readonly offset: number;
  readonly length: number;
}

export const SLOTS = ['ota_0', 'ota_1'] as const;
/** One of the two partitions between which updates alternate. */
export type Slot = (typeof SLOTS)[number];

/** Where everything lies. The label sector stands where a chip has its bootloader; the model boots without one. */
export interface FlashLayout {
  readonly label: Partition;
  readonly nvs: Partition;
  readonly otaData: Partition;
  readonly slots: Readonly<Record<Slot, Partition>>;
  readonly sizeBytes: number;
}

const APP_ALIGNMENT_BYTES = 64 * 1024;

/** Two app slots of equal size, NVS of 24 KiB and `otadata` of two sectors, as in the firmware's partition table. */
export const createLayout = (slotBytes: number): FlashLayout => {
  const label = { offset: 0, length: SECTOR_BYTES };
  const nvs = { offset: SECTOR_BYTES, length: 6 * SECTOR_BYTES };
  const otaData = { offset: nvs.offset + nvs.length, length: 2 * SECTOR_BYTES };
  const first = { offset: APP_ALIGNMENT_BYTES, length: slotBytes };
  const behind = first.offset + Math.ceil(slotBytes / APP_ALIGNMENT_BYTES) * APP_ALIGNMENT_BYTES;
  const second = { offset: behind, length: slotBytes };
  return { label, nvs, otaData, slots: { ota_0: first, ota_1: second }, sizeBytes: behind + slotBytes };
};

export const otherSlot = (slot: Slot): Slot => (slot === 'ota_0' ? 'ota_1' : 'ota_0');
