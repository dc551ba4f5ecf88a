import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimal, decimalText, fromScaled, isProtocolError, toFieldModel, toScaled } from '../src/index.js';

const DECIMALS = fc.integer({ min: 1, max: 9 });
const SCALED = fc.oneof(
  fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }),
  fc.integer({ min: -200, max: 200 }),
  fc.constantFrom(999_999_999_999_999, -999_999_999_999_999, 0),
);

describe('a scaled integer', () => {
  test('comes back from its double, and its text is that double', () => {
    fc.assert(
      fc.property(SCALED, DECIMALS, (scaled, decimals) => {
        const value = fromScaled(scaled, decimals);
        expect(toScaled(value, decimals)).toBe(scaled);
        const text = decimalText(scaled, decimals);
        expect(Number(text)).toBe(value);
        expect(text).toMatch(/^(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9])$/);
        const [whole = '', fraction = ''] = text.split('.');
        expect(BigInt(whole + fraction.padEnd(decimals, '0'))).toBe(BigInt(scaled));
      }),
      { numRuns: 2000 },
    );
  });

  test('is another double than its neighbours, each of which is a multiple too', () => {
    fc.assert(
      fc.property(SCALED, DECIMALS, (scaled, decimals) => {
        expect(fromScaled(scaled - 1, decimals)).toBeLessThan(fromScaled(scaled, decimals));
      }),
    );
  });

  test.each([
    [0.1 + 0.2, 1],
    [21.505, 2],
    [1e-10, 9],
    [0.05, 1],
    [100_000_000_000_000, 1],
    [Number.POSITIVE_INFINITY, 1],
    [Number.NaN, 1],
  ])('is none for %d with %i decimals', (value, decimals) => {
    expect(toScaled(value, decimals)).toBeUndefined();
  });

  test('is found by rounding for any number', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (value) => {
        expect(toScaled(Math.round(value * 100) / 100, 2)).toBeDefined();
      }),
    );
  });
});

describe('decimal', () => {
  test('is a model of scaled bounds', () => {
    expect(toFieldModel(decimal({ min: -40, max: 125.5, decimals: 2 }), 'x')).toStrictEqual({
      kind: 'decimal',
      min: -4000,
      max: 12_550,
      decimals: 2,
    });
  });

  test('takes multiples within its bounds and nothing else', () => {
    const schema = decimal({ min: -0.5, max: 1.25, decimals: 2 });
    for (const valid of [-0.5, -0, 0, 0.07, 0.29, 1.1, 1.25])
      expect(schema.safeParse(valid).success, String(valid)).toBe(true);
    for (const invalid of [-0.51, 1.26, 0.005, 0.1 + 0.2, 1e300, -1e300, Number.NaN, Infinity, '1', 1n, null])
      expect(schema.safeParse(invalid).success, String(invalid)).toBe(false);
  });

  test.each([
    ['no decimals', { min: 0, max: 1, decimals: 0 }, /decimals must be an integer in 1\.\.9, got 0/],
    ['ten decimals', { min: 0, max: 1, decimals: 10 }, /decimals/],
    ['half a decimal', { min: 0, max: 1, decimals: 1.5 }, /decimals/],
    ['a bound between two steps', { min: 0.05, max: 1, decimals: 1 }, /multiples of 0\.1 .*got 0\.05\.\.1/],
    ['bounds upside down', { min: 1, max: 0, decimals: 1 }, /min <= max/],
    ['more than 15 digits', { min: 0, max: 100_000_000_000_000, decimals: 1 }, /within ±99999999999999\.9/],
    ['no number', { min: Number.NaN, max: 0, decimals: 1 }, /multiples/],
    ['infinity', { min: 0, max: Infinity, decimals: 9 }, /multiples/],
  ])('refuses %s', (_what, bounds, message) => {
    let thrown: unknown;
    try {
      decimal(bounds);
    } catch (error) {
      thrown = error;
    }
    expect(isProtocolError(thrown) && [thrown.code, thrown.path]).toEqual(['invalid_definition', 'decimal']);
    expect((thrown as Error).message).toMatch(message);
  });
});
