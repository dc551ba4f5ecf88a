import { DESCRIPTOR_BYTES, readAppDescriptor, type AppDescriptor } from './app-descriptor.js';
import { viewOf } from './bytes.js';
import { FIRST_SEGMENT_OFFSET, HEADER_BYTES, IMAGE_MAGIC } from './image-layout.js';

/** What header and descriptor say, whether or not the rest of the file is intact. */
export interface ImageClaims {
  readonly chipId: number;
  readonly minChipRevision: number;
  readonly maxChipRevision: number;
  readonly descriptor: AppDescriptor | undefined;
}

/** `undefined` for bytes that do not begin with an image header. */
export const readClaims = (bytes: Uint8Array): ImageClaims | undefined => {
  if (bytes.length < HEADER_BYTES || bytes[0] !== IMAGE_MAGIC) return undefined;
  const view = viewOf(bytes);
  return {
    chipId: view.getUint16(12, true),
    minChipRevision: view.getUint16(15, true),
    maxChipRevision: view.getUint16(17, true),
    descriptor: readAppDescriptor(bytes.subarray(FIRST_SEGMENT_OFFSET, FIRST_SEGMENT_OFFSET + DESCRIPTOR_BYTES)),
  };
};
