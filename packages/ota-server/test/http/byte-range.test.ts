import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRange } from '../../src/http/byte-range.js';

const range = (start: number, end: number) => ({ kind: 'range', start, end });
const full = { kind: 'full' };
const unsatisfiable = { kind: 'unsatisfiable' };

describe('parseRange (RFC 9110 clause 14)', () => {
  it.each([
    [undefined, full],
    ['bytes=0-0', range(0, 0)],
    ['bytes=0-499', range(0, 499)],
    ['bytes=500-', range(500, 999)],
    ['bytes=500-99999999999999999999', range(500, 999)],
    ['BYTES= 5-6 ', range(5, 6)],
    ['bytes=-1', range(999, 999)],
    ['bytes=-5000', range(0, 999)],
    ['bytes=-0', unsatisfiable],
    ['bytes=1000-', unsatisfiable],
    ['bytes=99999999999999999999-', unsatisfiable],
    ['bytes=5-4', full],
    ['bytes=0-1,5-6', full],
    ['bytes=', full],
    ['bytes=-', full],
    ['bytes=a-b', full],
    ['bytes=0x1-5', full],
    ['bytes=1.5-6', full],
    ['bytes 0-5', full],
    ['lines=0-5', full],
    ['', full],
  ])('%j of 1000 bytes', (field, expected) => {
    expect(parseRange(field, 1000)).toEqual(expected);
  });

  it('has nothing to give of an empty file', () => {
    expect(parseRange('bytes=0-', 0)).toEqual(unsatisfiable);
    expect(parseRange('bytes=-5', 0)).toEqual(unsatisfiable);
  });

  it('never leaves the file, whatever the field says', () => {
    const part = fc.oneof(fc.bigInt({ min: 0n, max: 1n << 70n }).map(String), fc.constant(''));
    const field = fc.oneof(
      fc.tuple(part, part).map(([a, b]) => `bytes=${a}-${b}`),
      fc.string(),
    );
    fc.assert(
      fc.property(field, fc.nat(5000), (text, size) => {
        const verdict = parseRange(text, size);
        if (verdict.kind !== 'range') return;
        expect(verdict.start).toBeGreaterThanOrEqual(0);
        expect(verdict.start).toBeLessThanOrEqual(verdict.end);
        expect(verdict.end).toBeLessThan(size);
      }),
    );
  });
});
