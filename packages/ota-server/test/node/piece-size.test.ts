import { describe, expect, it } from 'vitest';
import { FIRST_PIECE, nextPiece } from '../../src/node/piece-size.js';

const KIB = 1024;
const after = (waitedMs: number, pieces: number) =>
  Array.from({ length: pieces }).reduce<number>((bytes) => nextPiece(bytes, waitedMs), FIRST_PIECE);

describe('the size of the next piece', () => {
  it('grows to 256 KiB while the client takes all at once', () => {
    expect(after(0, 3)).toBe(256 * KIB);
    expect(after(0, 10)).toBe(256 * KIB);
  });

  it('shrinks to 16 KiB while the client is slow', () => {
    expect(after(500, 1)).toBe(16 * KIB);
    expect(after(500, 10)).toBe(16 * KIB);
    expect(nextPiece(256 * KIB, 500)).toBe(128 * KIB);
  });

  it('stays as it is in between', () => {
    expect(after(50, 10)).toBe(FIRST_PIECE);
  });
});
