import fc from 'fast-check';
import { expect, it } from 'vitest';
import { xorBytes } from '../src/segment-walker.js';

it('sums the bytes of every part of a buffer as one by one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(9), fc.nat(255), (buffer, from, seed) => {
      const bytes = buffer.subarray(from);
      expect(xorBytes(seed, bytes)).toBe(bytes.reduce((sum, byte) => sum ^ byte, seed));
    }),
  );
});
