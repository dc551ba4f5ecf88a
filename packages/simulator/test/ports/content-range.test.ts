import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseContentRange } from '../../src/ports/content-range.js';

describe('Content-Range', () => {
  it('is read when the part goes up to the end of the file', () => {
    expect(parseContentRange('bytes 4096-8191/8192')).toEqual({ start: 4096, total: 8192 });
    expect(parseContentRange('Bytes 0-0/1')).toEqual({ start: 0, total: 1 });
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 2 ** 31 }), (start, length) => {
        const total = start + length;
        const value = `bytes ${String(start)}-${String(total - 1)}/${String(total)}`;
        expect(parseContentRange(value)).toEqual({ start, total });
        expect(parseContentRange(`${value}0`)).toBeUndefined();
      }),
    );
  });

  it.each([
    [undefined],
    [''],
    ['bytes */8192'],
    ['bytes 4096-8191/*'],
    ['bytes 4096-8190/8192'],
    ['bytes 8192-8191/8192'],
    ['bytes=4096-8191/8192'],
    ['bytes  4096-8191/8192'],
    ['bytes 4096 - 8191/8192'],
    ['bytes 4096-8191/8192 '],
    ['bytes 4096-8191/8192, bytes 4096-8191/8192'],
    ['bytes -1-8191/8192'],
    ['bytes 0x10-8191/8192'],
    ['items 4096-8191/8192'],
    ['bytes 4096-9999999999999999/10000000000000000'],
  ])('is nothing when it is %s', (value) => {
    expect(parseContentRange(value)).toBeUndefined();
  });

  it('is never read from other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const range = parseContentRange(text);
        expect(range === undefined || range.start < range.total).toBe(true);
      }),
    );
  });
});
