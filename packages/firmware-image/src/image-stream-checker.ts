import { DESCRIPTOR_BYTES } from './app-descriptor.js';
import { chipById } from './chips.js';
import { FirmwareImageError, isFirmwareImageError } from './errors.js';
import { readClaims } from './image-claims.js';
import { FIRST_SEGMENT_OFFSET, HEADER_BYTES } from './image-layout.js';
import { checkFlashMapping, checkHeader, checkMagic, parseImage, readFirstDescriptor } from './image-parser.js';
import { checkChip, checkOptions, DEFAULT_MAX_BYTES, type VerifyOptions } from './image-verifier.js';
import { beginsApplication } from './merged-image.js';
import { createSegmentWalker, type SegmentWalker } from './segment-walker.js';

/** As in {@link VerifyOptions}. */
export type ImageStreamOptions = Pick<VerifyOptions, 'chip' | 'chipRevision' | 'maxBytes'>;

/** Takes an image in pieces and throws as soon as it cannot become a good one. */
export interface ImageStreamChecker {
  /**
   * Takes the next bytes, in pieces of any size; keeps none of them.
   * @throws FirmwareImageError `too_large`, `not_an_image`, `wrong_chip`, `bad_checksum`, as soon as that is certain; from
   * then on the same error again.
   */
  push(chunk: Uint8Array): void;
  /** There are no more bytes. @throws FirmwareImageError `truncated`, `not_an_image`, `bad_checksum` for short files */
  end(): void;
}

const HEAD_BYTES = FIRST_SEGMENT_OFFSET + DESCRIPTOR_BYTES;

/** What a flash dump begins with: erased flash, or a partition table. Only the whole file tells what it is then. */
const DUMP_BYTES: readonly number[] = [0xff, 0xaa];

/**
 * Checks an application image while it arrives, so that an upload which cannot become a good one ends early: size, magic,
 * header, chip, every segment header, XOR checksum, mapping. Holds 288 bytes and the list of segments.
 *
 * It refuses only what {@link verifyImage} refuses, with the same code; only `wrong_chip` comes first here (as on a
 * device, which reads it in the first 288 bytes) where a later fault of the same file may come first there. What it lets
 * pass is not good yet: hash, signature and everything about files without a descriptor (merged images, bootloaders) need
 * the whole file, {@link verifyImage}.
 *
 * @throws FirmwareImageError `bad_option`
 */
export const createImageStreamChecker = (options: ImageStreamOptions = {}): ImageStreamChecker => {
  const { chip, chipRevision, maxBytes = DEFAULT_MAX_BYTES } = options;
  const wanted = {
    ...(chip === undefined ? {} : { chip }),
    ...(chipRevision === undefined ? {} : { chipRevision }),
  };
  checkOptions({}, { ...wanted, maxBytes });
  const head = new Uint8Array(HEAD_BYTES);
  let length = 0;
  /** Set when 288 bytes are there: how to go on with an application, or `whole file` for everything else. */
  let rest: SegmentWalker | 'whole file' | undefined;
  let mapped = false;

  const walk = (walker: SegmentWalker, bytes: Uint8Array): void => {
    const found = walker.push(bytes);
    if (found === undefined || mapped) return;
    mapped = true;
    const claims = readClaims(head);
    const known = claims && chipById(claims.chipId);
    const descriptor = readFirstDescriptor(head, found.segments);
    if (known !== undefined && descriptor !== undefined) checkFlashMapping(found.segments, known, descriptor);
  };

  const judgeHead = (): SegmentWalker | 'whole file' => {
    const claims = readClaims(head);
    if (claims === undefined || !beginsApplication(head, 0)) return 'whole file';
    checkChip(claims, wanted);
    return createSegmentWalker(checkHeader(head));
  };

  /** Each rule has its offset in the file: how the bytes are cut into chunks changes nothing. */
  const takeHead = (chunk: Uint8Array): number => {
    const from = length;
    const taken = chunk.subarray(0, HEAD_BYTES - from);
    const reaches = (offset: number): boolean => from < offset && from + taken.length >= offset;
    head.set(taken, from);
    if (reaches(1) && DUMP_BYTES.includes(head[0] ?? 0)) rest = 'whole file';
    else if (reaches(1)) checkMagic(head);
    if (rest === undefined && reaches(HEADER_BYTES)) checkHeader(head);
    if (rest === undefined && reaches(HEAD_BYTES)) {
      rest = judgeHead();
      if (rest !== 'whole file') walk(rest, head.subarray(HEADER_BYTES));
    }
    return taken.length;
  };

  const take = (chunk: Uint8Array): void => {
    const allowed = chunk.subarray(0, maxBytes - length);
    const taken = rest === undefined ? takeHead(allowed) : 0;
    if (rest !== undefined && rest !== 'whole file') walk(rest, allowed.subarray(taken));
    length += allowed.length;
    if (allowed.length < chunk.length) {
      throw new FirmwareImageError('too_large', `the file has more than ${maxBytes} bytes, which is the limit`);
    }
  };

  const end = (): void => {
    if (rest === undefined) parseImage(head.subarray(0, length));
    else if (rest !== 'whole file') rest.end();
  };

  let refusal: FirmwareImageError | undefined;
  const remember = (work: () => void): void => {
    if (refusal !== undefined) throw refusal;
    try {
      work();
    } catch (error) {
      if (isFirmwareImageError(error)) refusal = error;
      throw error;
    }
  };
  return {
    push: (chunk) => {
      remember(() => {
        take(chunk);
      });
    },
    end: () => {
      remember(end);
    },
  };
};
