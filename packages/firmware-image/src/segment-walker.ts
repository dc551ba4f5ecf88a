import { alignUp, viewOf } from './bytes.js';
import { FirmwareImageError } from './errors.js';
import { CHECKSUM_SEED, HASH_BYTES, HEADER_BYTES, SEGMENT_HEADER_BYTES, SEGMENT_LIMIT_BYTES } from './image-layout.js';

/** A piece of an image that is loaded, or mapped, at one address. */
export interface Segment {
  /** 0 marks padding. */
  readonly loadAddress: number;
  /** Offset of the data in the file, bytes. */
  readonly offset: number;
  /** Length of the data in bytes, a multiple of 4. */
  readonly length: number;
}

export interface WalkedSegments {
  readonly segments: readonly Segment[];
  /** The XOR checksum, already compared. */
  readonly checksum: number;
  /** End of the checksum byte, a multiple of 16. */
  readonly end16: number;
  /** `end16`, plus 32 when a hash is appended. */
  readonly imageLength: number;
}

export interface SegmentWalker {
  /**
   * Takes the bytes behind the header, in pieces of any size.
   * @returns what was found, from the moment that the appended hash (without one: the checksum) is complete.
   * @throws FirmwareImageError `not_an_image`, `bad_checksum`
   */
  push(bytes: Uint8Array): WalkedSegments | undefined;
  /** There are no more bytes. @throws FirmwareImageError `truncated` */
  end(): WalkedSegments;
}

export const refuse = (message: string): never => {
  throw new FirmwareImageError('not_an_image', message);
};

export const cutShort = (message: string): never => {
  throw new FirmwareImageError('truncated', message);
};

/** XOR of `seed` and all bytes: word by word, because in which order a word holds its bytes makes no difference. */
export const xorBytes = (seed: number, bytes: Uint8Array): number => {
  const lead = Math.min(-bytes.byteOffset & 3, bytes.length);
  const words = (bytes.length - lead) >>> 2;
  let sum = seed;
  const add = (some: Uint8Array): void => {
    for (const byte of some) sum ^= byte;
  };
  add(bytes.subarray(0, lead));
  add(bytes.subarray(lead + 4 * words));
  if (words > 0) {
    const view = new Int32Array(bytes.buffer, bytes.byteOffset + lead, words);
    let wide = 0;
    // by index: an iterator takes five times as long
    for (let index = 0; index < words; index += 1) wide ^= view[index] ?? 0;
    add(new Uint8Array(Int32Array.of(wide).buffer));
  }
  return sum;
};

type Part = 'header' | 'data' | 'padding' | 'hash' | 'rest';

/** Walks from segment to segment and keeps the sum: whole files and streams are read by the same rules. */
export const createSegmentWalker = (header: {
  readonly segmentCount: number;
  readonly hashAppended: boolean;
}): SegmentWalker => {
  const segments: Segment[] = [];
  const pending = new Uint8Array(SEGMENT_HEADER_BYTES);
  let part: Part = 'header';
  let position = HEADER_BYTES;
  /** Where the current part ends. */
  let boundary = position + SEGMENT_HEADER_BYTES;
  let checksum = CHECKSUM_SEED;
  let lastByte = 0;
  let end16 = 0;
  let found: WalkedSegments | undefined;

  const take = (piece: Uint8Array): void => {
    if (part === 'header') pending.set(piece, SEGMENT_HEADER_BYTES - (boundary - position));
    else if (part === 'data') checksum = xorBytes(checksum, piece);
    else if (part === 'padding') lastByte = piece.at(-1) ?? lastByte;
  };
  const enter = (next: Part, length: number): void => {
    part = next;
    boundary = position + length;
  };
  const finish = (): void => {
    found = { segments, checksum, end16, imageLength: position };
    enter('rest', Infinity);
  };
  /** The current part is complete. */
  const advance = (): void => {
    if (part === 'header') {
      const segment = readSegmentHeader(pending, segments.length, position);
      segments.push(segment);
      enter('data', segment.length);
    } else if (part === 'data') {
      if (segments.length < header.segmentCount) enter('header', SEGMENT_HEADER_BYTES);
      else {
        end16 = alignUp(position + 1, 16);
        enter('padding', end16 - position);
      }
    } else if (part === 'padding') {
      if (lastByte !== checksum) {
        throw new FirmwareImageError('bad_checksum', 'the XOR checksum does not match the segments');
      }
      if (header.hashAppended) enter('hash', HASH_BYTES);
      else finish();
    } else finish();
  };
  const explainEnd = (): never => {
    if (part === 'header') return cutShort(`the file ends inside the header of segment ${segments.length}`);
    if (part === 'data') return cutShort(`the file ends inside segment ${segments.length - 1}`);
    return cutShort(`the file ends ${part === 'padding' ? 'before the checksum' : 'inside the appended hash'}`);
  };

  return {
    push(bytes) {
      let at = 0;
      while (at < bytes.length && found === undefined) {
        const piece = bytes.subarray(at, at + boundary - position);
        take(piece);
        at += piece.length;
        position += piece.length;
        while (position === boundary) advance();
      }
      return found;
    },
    end: () => found ?? explainEnd(),
  };
};

const readSegmentHeader = (bytes: Uint8Array, index: number, offset: number): Segment => {
  const view = viewOf(bytes);
  const length = view.getUint32(4, true);
  if (length % 4 !== 0) refuse(`segment ${index} has a length that is not a multiple of 4`);
  if (length >= SEGMENT_LIMIT_BYTES) refuse(`segment ${index} has ${length} bytes, the limit is 16 MiB`);
  return { loadAddress: view.getUint32(0, true), offset, length };
};
