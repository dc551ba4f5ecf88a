import type { Partition } from './layout.js';
import type { Flash } from './nor-flash.js';

const HEADER_BYTES = 24;
const SEGMENT_HEADER_BYTES = 8;
const MAX_SEGMENTS = 16;
const HASH_BYTES = 32;

/**
 * The image that a slot holds, by the lengths in its headers, without the erased flash and the signatures behind it; the
 * whole slot where the headers lead out of it. Says nothing about whether the image is any good.
 */
export const readSlotImage = (flash: Flash, { offset, length }: Partition): Uint8Array => {
  const segments = flash.read(offset + 1, 1)[0] ?? 0;
  let end = HEADER_BYTES;
  for (let index = 0; index < segments && end + SEGMENT_HEADER_BYTES <= length; index += 1) {
    const header = flash.read(offset + end, SEGMENT_HEADER_BYTES);
    end += SEGMENT_HEADER_BYTES + new DataView(header.buffer, header.byteOffset).getUint32(4, true);
  }
  // The checksum ends a block of 16 bytes; a hash may follow.
  const whole = Math.ceil((end + 1) / 16) * 16 + HASH_BYTES;
  return flash.read(offset, segments > MAX_SEGMENTS || whole > length ? length : whole);
};
