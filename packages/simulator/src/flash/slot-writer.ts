import type { Partition } from './layout.js';
import { SECTOR_BYTES, type Flash } from './nor-flash.js';

/**
 * Writes an image into a slot from its beginning, a sector at a time: erased, then written once. However the bytes
 * arrive, the same image makes the same flash operations.
 */
export interface SlotWriter {
  /** Bytes accepted so far. */
  readonly bytesWritten: number;
  /** @throws RangeError when the slot is full; errors of the flash */
  write(bytes: Uint8Array): void;
  /** Writes the last, partial sector and makes the slot durable. */
  finish(): void;
}

export const createSlotWriter = (flash: Flash, slot: Partition): SlotWriter => {
  const sector = new Uint8Array(SECTOR_BYTES);
  let filled = 0;
  let flushed = 0;
  const flush = (): void => {
    if (filled === 0) return;
    flash.erase(slot.offset + flushed, SECTOR_BYTES);
    flash.write(slot.offset + flushed, sector.subarray(0, filled));
    flushed += filled;
    filled = 0;
  };
  return {
    get bytesWritten() {
      return flushed + filled;
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
    finish() {
      flush();
      flash.sync();
    },
  };
};
