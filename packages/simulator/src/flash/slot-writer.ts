import type { Partition } from './layout.js';
import { SECTOR_BYTES, type Flash } from './nor-flash.js';

/**
 * Writes an image into a slot, a sector at a time: erased, then written once. However the bytes arrive, the same image
 * makes the same flash operations. It begins at the slot's beginning, or at a later sector behind which the image goes on.
 */
export interface SlotWriter {
  /** Bytes of the image so far, with those that were in the slot already. */
  readonly bytesWritten: number;
  /** So many of them survive a loss of power; follows `bytesWritten` at most 64 KiB behind. */
  readonly bytesDurable: number;
  /** @throws RangeError when the slot is full; errors of the flash */
  write(bytes: Uint8Array): void;
  /** Makes the whole sectors durable. */
  sync(): void;
  /** Writes the last, partial sector and makes the slot durable. */
  finish(): void;
}

const SYNC_BYTES = 64 * 1024;

/** @param from a multiple of the sector size; what is in the slot before it is not touched */
export const createSlotWriter = (flash: Flash, slot: Partition, from = 0): SlotWriter => {
  if (from % SECTOR_BYTES !== 0 || from > slot.length) throw new RangeError('a slot is written from a sector on');
  const sector = new Uint8Array(SECTOR_BYTES);
  let filled = 0;
  let flushed = from;
  let durable = from;
  const sync = (): void => {
    if (durable === flushed) return;
    flash.sync();
    durable = flushed;
  };
  const flush = (): void => {
    if (filled === 0) return;
    flash.erase(slot.offset + flushed, SECTOR_BYTES);
    flash.write(slot.offset + flushed, sector.subarray(0, filled));
    flushed += filled;
    filled = 0;
    if (flushed - durable >= SYNC_BYTES) sync();
  };
  return {
    get bytesWritten() {
      return flushed + filled;
    },
    get bytesDurable() {
      return durable;
    },
    write(bytes) {
      if (flushed + filled + bytes.length > slot.length) throw new RangeError('the image is larger than its slot');
      for (let done = 0; done < bytes.length;) {
        const part = bytes.subarray(done, done + SECTOR_BYTES - filled);
        sector.set(part, filled);
        filled += part.length;
        done += part.length;
        if (filled === SECTOR_BYTES) flush();
      }
    },
    sync,
    finish() {
      flush();
      sync();
    },
  };
};
