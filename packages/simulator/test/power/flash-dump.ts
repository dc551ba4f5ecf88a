import type { ByteStore } from '../../src/flash/byte-store.js';
import { createLayout } from '../../src/flash/layout.js';
import { createNorFlash, type Flash } from '../../src/flash/nor-flash.js';
import { SLOT_BYTES } from './materials.js';

export const LAYOUT = createLayout(SLOT_BYTES);

/** All bytes of a flash. */
export type FlashDump = Uint8Array;

export const blankDump = (): FlashDump => new Uint8Array(LAYOUT.sizeBytes).fill(0xff);

/** A flash on these bytes, which it changes. */
export const flashOn = (dump: FlashDump): Flash => {
  const store: ByteStore = {
    read: (offset, length) => dump.slice(offset, offset + length),
    put: (offset, bytes) => {
      dump.set(bytes, offset);
    },
    sync: () => undefined,
    close: () => undefined,
  };
  return createNorFlash(store, dump.length);
};

/** An erase or a write, as a device does it. */
export interface Operation {
  readonly kind: 'erase' | 'write';
  readonly offset: number;
  readonly length: number;
}

/** Tells of every operation before it happens. */
export const observed = (flash: Flash, saw: (operation: Operation) => void): Flash => ({
  ...flash,
  erase(offset, length) {
    saw({ kind: 'erase', offset, length });
    flash.erase(offset, length);
  },
  write(offset, bytes) {
    saw({ kind: 'write', offset, length: bytes.length });
    flash.write(offset, bytes);
  },
});

/** An operation on an image, as opposed to one on records. */
export const isImage = ({ offset }: Operation): boolean => offset >= LAYOUT.slots.ota_0.offset;
