/** Sizes and fixed bytes of the image format. */
export const IMAGE_MAGIC = 0xe9;
export const HEADER_BYTES = 24;
export const SEGMENT_HEADER_BYTES = 8;
export const MAX_SEGMENTS = 16;
export const HASH_BYTES = 32;
export const CHECKSUM_SEED = 0xef;

/** ESP-IDF's loader refuses a segment of 16 MiB or more. */
export const SEGMENT_LIMIT_BYTES = 16 * 1024 * 1024;

/** Offset of what segment 0 holds: in applications the descriptor. */
export const FIRST_SEGMENT_OFFSET = HEADER_BYTES + SEGMENT_HEADER_BYTES;
