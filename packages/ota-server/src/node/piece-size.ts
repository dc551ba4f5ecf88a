/** Pieces of a body, in bytes. What a connection has not yet sent of a piece is kept for it in memory, encrypted. */
const SMALLEST_PIECE = 16 * 1024;
const LARGEST_PIECE = 256 * 1024;

/** Taken within this time, a piece went out without waiting for the client. */
const AT_ONCE_MS = 10;
const SLOW_MS = 100;

/** What the first piece of a body may have. */
export const FIRST_PIECE = 32 * 1024;

/**
 * What the next piece may have, after one of `bytes` was taken in `waitedMs`: large pieces cost fewer system calls for fast
 * clients, small ones hold less memory for the many slow ones.
 */
export function nextPiece(bytes: number, waitedMs: number): number {
  if (waitedMs < AT_ONCE_MS) return Math.min(bytes * 2, LARGEST_PIECE);
  return waitedMs > SLOW_MS ? Math.max(bytes / 2, SMALLEST_PIECE) : bytes;
}
