import { SimulatorError } from '../errors.js';
import type { ByteStore } from './byte-store.js';
import { isErased } from './erased.js';

/** Erase unit in bytes, as on every flash chip that ESP-IDF supports. */
export const SECTOR_BYTES = 4096;

/**
 * A NOR flash: erasing a sector sets its bytes to 0xFF, writing can only clear bits. Synchronous, like ESP-IDF's
 * `esp_partition_*` calls seen from the caller.
 */
export interface Flash {
  /** A multiple of {@link SECTOR_BYTES}. */
  readonly sizeBytes: number;
  /** A copy of `length` bytes. @throws SimulatorError `flash_access` outside the flash */
  read(offset: number, length: number): Uint8Array;
  /** Both arguments are multiples of {@link SECTOR_BYTES}. */
  erase(offset: number, length: number): void;
  /** @throws SimulatorError `flash_access` when a bit would have to change from 0 to 1 */
  write(offset: number, bytes: Uint8Array): void;
  /** Everything written so far is durable when it returns. */
  sync(): void;
  /** Releases what holds the bytes. Idempotent; nothing else may be called afterwards. */
  close(): void;
}

/** Adds the rules of NOR flash to a byte store. Breaking one throws: on a chip it would silently corrupt data. */
export const createNorFlash = (store: ByteStore, sizeBytes: number): Flash => {
  const check = (offset: number, length: number): void => {
    if (offset < 0 || length < 0 || offset + length > sizeBytes) {
      throw new SimulatorError('flash_access', `flash range ${offset}+${length} is outside of ${sizeBytes} bytes`);
    }
  };
  return {
    sizeBytes,
    read(offset, length) {
      check(offset, length);
      return store.read(offset, length);
    },
    erase(offset, length) {
      check(offset, length);
      if (offset % SECTOR_BYTES !== 0 || length % SECTOR_BYTES !== 0) {
        throw new SimulatorError('flash_access', `erase range ${offset}+${length} is not made of whole sectors`);
      }
      store.put(offset, new Uint8Array(length).fill(0xff));
    },
    write(offset, bytes) {
      check(offset, bytes.length);
      const before = store.read(offset, bytes.length);
      if (!isErased(before) && bytes.some((byte, index) => ((before[index] ?? 0) & byte) !== byte)) {
        throw new SimulatorError('flash_access', `flash at ${offset} was written without being erased`);
      }
      store.put(offset, bytes);
    },
    sync: () => {
      store.sync();
    },
    close: () => {
      store.close();
    },
  };
};
