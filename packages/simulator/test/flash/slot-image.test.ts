import { parseImage } from '@secure-esp/firmware-image';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryFlash } from '../../src/index.js';
import { createLayout } from '../../src/flash/layout.js';
import { readSlotImage } from '../../src/flash/slot-image.js';
import { appImage } from '../support/images.js';

const SLOT_BYTES = 128 * 1024;
const slot = createLayout(SLOT_BYTES).slots.ota_0;

describe('the image of a slot', () => {
  it('is read without what stands behind it', async () => {
    const flash = createMemoryFlash(SLOT_BYTES);
    const image = await appImage('1.0.0');
    flash.write(slot.offset, image);
    flash.write(slot.offset + image.length, Uint8Array.of(1, 2, 3));
    const read = readSlotImage(flash, slot);
    expect(Buffer.compare(read, image)).toBe(0);
    expect(parseImage(read).imageLength).toBe(read.length);
  });

  it('is as much as the slot has, whatever its headers say', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (bytes) => {
        const flash = createMemoryFlash(SLOT_BYTES);
        flash.write(slot.offset, bytes);
        const read = readSlotImage(flash, slot);
        expect(read.length).toBeLessThanOrEqual(SLOT_BYTES);
        expect(Buffer.compare(read, flash.read(slot.offset, read.length))).toBe(0);
      }),
    );
  });
});
