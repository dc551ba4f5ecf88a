import { alignUp, isFilledWith, viewOf } from './bytes.js';
import type { ImageReason } from './errors.js';

export const SECTOR_BYTES = 4096;
export const V2_BLOCK_BYTES = 1216;
export const V2_BLOCK_COUNT = 3;
export const V2_BLOCK_MAGIC = 0xe7;
export const V1_BLOCK_BYTES = 68;

/** Bytes that `espsecure --secure-pad` may leave behind a v1 block; the device never reads them. */
export const V1_MAX_TRAILING_BYTES = 12;

/**
 * What follows the image: nothing, 0xFF up to the next 4 KiB boundary, a signature where the device looks for it, or
 * something else (a merged flash image, a torn or misplaced signature, garbage).
 */
export type Trailing = 'none' | 'erased' | 'signature-v1' | 'signature-v2' | 'unknown';

/** {@link Trailing} with what a verifier says about it when it is not a well-placed signature. */
export type TrailingFinding =
  | { readonly trailing: 'signature-v1' | 'signature-v2'; readonly offset: number }
  | {
      readonly trailing: 'none' | 'erased' | 'unknown';
      readonly reason: Extract<ImageReason, 'unsigned' | 'truncated' | 'bad_signature'>;
      readonly detail: string;
    };

const hasBlockMagic = (sector: Uint8Array): boolean =>
  Array.from({ length: V2_BLOCK_COUNT }, (_, index) => sector[index * V2_BLOCK_BYTES]).includes(V2_BLOCK_MAGIC);

const classifyV1 = (rest: Uint8Array, imageLength: number): TrailingFinding | undefined => {
  if (rest.length < 4 || rest.length > V1_BLOCK_BYTES + V1_MAX_TRAILING_BYTES) return undefined;
  const version = viewOf(rest).getUint32(0, true);
  if (rest.length >= V1_BLOCK_BYTES) {
    if (version === 0) return { trailing: 'signature-v1', offset: imageLength };
    return { trailing: 'unknown', reason: 'bad_signature', detail: 'the v1 signature block has an unknown version' };
  }
  if (version !== 0) return undefined;
  return { trailing: 'unknown', reason: 'truncated', detail: 'the file ends inside the v1 signature block' };
};

const classifyV2 = (bytes: Uint8Array, offset: number): TrailingFinding | undefined => {
  const found = bytes.subarray(offset);
  if (!hasBlockMagic(found)) return undefined;
  if (found.length === SECTOR_BYTES) return { trailing: 'signature-v2', offset };
  return found.length < SECTOR_BYTES
    ? { trailing: 'unknown', reason: 'truncated', detail: 'the file ends inside the v2 signature sector' }
    : { trailing: 'unknown', reason: 'bad_signature', detail: 'bytes follow the v2 signature sector' };
};

/**
 * Looks where the device looks: a v1 block directly at `imageLength`, a v2 sector at the next multiple of 4096. The end
 * of the file is never the reference, or a file with two signatures would mean different things to different readers.
 */
export const classifyTrailing = (bytes: Uint8Array, imageLength: number): TrailingFinding => {
  const rest = bytes.subarray(imageLength);
  if (rest.length === 0) return { trailing: 'none', reason: 'unsigned', detail: 'nothing follows the image' };
  const sectorOffset = alignUp(imageLength, SECTOR_BYTES);
  if (bytes.length === sectorOffset && isFilledWith(rest, 0xff)) {
    return { trailing: 'erased', reason: 'unsigned', detail: 'only padding follows the image' };
  }
  const v2 = classifyV2(bytes, sectorOffset);
  const v1 = classifyV1(rest, imageLength);
  // A v1 block may reach over a sector boundary and happen to hold the v2 magic there.
  if (v1?.trailing === 'signature-v1') return v1;
  return (
    v2 ??
    v1 ?? {
      trailing: 'unknown',
      reason: 'unsigned',
      detail: `the ${rest.length} bytes after the image are not a signature`,
    }
  );
};
