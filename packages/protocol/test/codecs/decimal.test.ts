import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { boundedString, createPayloadCodec, decimal, fromScaled, integer, json, text } from '../../src/index.js';
import { encodeUtf8 } from '../../src/utf8.js';
import { Random } from '../support/random.js';
import { spellJson } from '../support/spell-json.js';

const SAFE = Number.MAX_SAFE_INTEGER;
const fields = {
  i: integer(-SAFE, SAFE),
  a: decimal({ min: -99_999_999_999_999.9, max: 99_999_999_999_999.9, decimals: 1 }),
  b: decimal({ min: -40, max: 125.5, decimals: 2 }),
  c: decimal({ min: -999_999.999999999, max: 999_999.999999999, decimals: 9 }),
};
/** What exactness means: the scaled bounds of each field. */
const EXACT = {
  i: { decimals: 0, min: -BigInt(SAFE), max: BigInt(SAFE) },
  a: { decimals: 1, min: -999_999_999_999_999n, max: 999_999_999_999_999n },
  b: { decimals: 2, min: -4000n, max: 12_550n },
  c: { decimals: 9, min: -999_999_999_999_999n, max: 999_999_999_999_999n },
} as const;
const schema = z.object(fields).partial();
const codec = createPayloadCodec(json(schema, { maxBytes: 4096 }), 'x');
const decode = (source: string) => codec.decode(encodeUtf8(source));
const decoded = (payload: Uint8Array): string => new TextDecoder().decode(payload);

const digits = fc.stringMatching(/^[0-9]{1,18}$/);
/** A number in all the ways JSON has, and its exact value: `significand / 10^places`. */
const numbers = fc
  .record({
    minus: fc.boolean(),
    whole: digits.map((run) => run.replace(/^0+(?=.)/, '')),
    fraction: fc.option(digits),
    exponent: fc.option(fc.integer({ min: -20, max: 20 })),
  })
  .map(({ minus, whole, fraction, exponent }) => ({
    source: `${minus ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${String(exponent)}`}`,
    significand: BigInt(whole + (fraction ?? '')) * (minus ? -1n : 1n),
    places: (fraction ?? '').length - (exponent ?? 0),
  }));

/** The scaled value, or `undefined` if it is no multiple. */
function scaledExactly(significand: bigint, places: number, decimals: number): bigint | undefined {
  const shift = decimals - places;
  if (shift >= 0) return significand * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return significand % divisor === 0n ? significand / divisor : undefined;
}

describe('a decimal in JSON', () => {
  test.each([
    ['21.5', 21.5],
    ['21.50', 21.5],
    ['2.15e1', 21.5],
    ['2150e-2', 21.5],
    ['0.2150000e+2', 21.5],
    ['-40', -40],
    ['-0.0', 0],
    ['125.5', 125.5],
    [`0.${'0'.repeat(1000)}7e1000`, 0.7],
  ])('%s is %d', (number, b) => {
    expect(decode(`{"b":${number}}`)).toStrictEqual({ ok: true, value: { b } });
  });

  test.each([
    ['21.505', 'bad_payload'],
    ['200.505', 'bad_payload'],
    ['21.5000000000000001', 'bad_payload'],
    ['1e-10', 'bad_payload'],
    ['125.51', 'out_of_range'],
    ['-40.01', 'out_of_range'],
    ['1e15', 'out_of_range'],
    ['1e400', 'out_of_range'],
    ['9007199254740993', 'out_of_range'],
    ['12345678901234567890.25', 'out_of_range'],
    ['"21.5"', 'bad_payload'],
    ['1.', 'bad_payload'],
    ['.5', 'bad_payload'],
    ['00.5', 'bad_payload'],
  ])('%s is %s', (number, code) => {
    expect(decode(`{"b":${number}}`)).toMatchObject({ ok: false, code });
  });

  test('says what it has to be, never what it was', () => {
    expect(decode('{"b":21.505}')).toStrictEqual({
      ok: false,
      code: 'bad_payload',
      detail: 'b: must be a multiple of 0.01',
    });
  });

  test('is judged by its exact value, whatever other fields allow and however it is written', () => {
    fc.assert(
      fc.property(fc.constantFrom('i', 'a', 'b', 'c'), numbers, (name, { source, significand, places }) => {
        const { decimals, min, max } = EXACT[name];
        const exact = scaledExactly(significand, places, decimals);
        const result = decode(`{"${name}":${source}}`);
        if (exact === undefined) expect(result).toMatchObject({ ok: false, code: 'bad_payload' });
        else if (exact < min || exact > max) expect(result).toMatchObject({ ok: false, code: 'out_of_range' });
        else expect(result).toStrictEqual({ ok: true, value: { [name]: fromScaled(Number(exact), decimals) } });
      }),
      { numRuns: 5000 },
    );
  });

  test('comes back as it was, in any spelling, and is written without an exponent', () => {
    const scaled = fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 });
    const tiny = fc.integer({ min: -2000, max: 2000 });
    fc.assert(
      fc.property(fc.oneof(scaled, tiny), fc.oneof(scaled, tiny), fc.integer(), (one, other, seed) => {
        const value = { a: fromScaled(one, 1), c: fromScaled(other, 9) };
        const payload = codec.encode(value);
        expect(decoded(payload)).not.toMatch(/e[-+0-9]/);
        expect(codec.decode(payload)).toEqual({ ok: true, value: { a: value.a + 0, c: value.c + 0 } });
        const spell = (number: number): string => spellJson(number, new Random(seed), false);
        expect(decode(`{"a":${spell(value.a)},"c":${spell(value.c)}}`)).toEqual(codec.decode(payload));
      }),
      { numRuns: 1000 },
    );
  });

  test('is written as short as it can be', () => {
    expect(decoded(codec.encode({ a: 21, b: -0.5, c: 1e-7 }))).toBe('{"a":21,"b":-0.5,"c":0.0000001}');
    expect(decoded(codec.encode({ c: -0.000000001 }))).toBe('{"c":-0.000000001}');
    expect(decoded(codec.encode({ b: -0 }))).toBe('{"b":0}');
  });

  test('leaves strings alone that look like one', () => {
    const other = createPayloadCodec(
      json(z.object({ s: boundedString({ maxBytes: 40 }), c: fields.c }), { maxBytes: 99 }),
      'x',
    );
    const value = { s: '1e-7 "1e-7" \\"1e-7', c: 1e-9 };
    expect(decoded(other.encode(value))).toBe(`{"s":${JSON.stringify(value.s)},"c":0.000000001}`);
    expect(other.decode(other.encode(value))).toEqual({ ok: true, value });
  });

  test.each([0.1 + 0.2, 21.505, Number.NaN])('%d is refused when written', (b) => {
    expect(() => codec.encode({ b })).toThrow(expect.objectContaining({ code: 'invalid_value', path: 'x' }));
  });

  test('tells the writer what a multiple is', () => {
    expect(() => codec.encode({ a: 0.1 + 0.2 })).toThrow('x: a: must be a multiple of 0.1');
  });
});

describe('a decimal as text', () => {
  const level = createPayloadCodec(text(fields.b, { maxBytes: 600 }), 'level');

  test.each([
    ['21.5', 21.5],
    ['21.50', 21.5],
    ['21', 21],
    ['21.0', 21],
    ['-0', 0],
    ['-0.00', 0],
    ['-0.5', -0.5],
    ['125.5', 125.5],
  ])('%j is %d', (payload, value) => {
    expect(level.decode(encodeUtf8(payload))).toStrictEqual({ ok: true, value });
  });

  test.each([
    ['21.505', 'bad_payload'],
    ['21.500', 'bad_payload'],
    ['021.5', 'bad_payload'],
    ['-01', 'bad_payload'],
    ['21.', 'bad_payload'],
    ['.5', 'bad_payload'],
    ['+1', 'bad_payload'],
    ['2.1e1', 'bad_payload'],
    ['21,5', 'bad_payload'],
    [' 1', 'bad_payload'],
    ['1.5\n', 'bad_payload'],
    ['-', 'bad_payload'],
    ['', 'bad_payload'],
    ['NaN', 'bad_payload'],
    ['125.51', 'out_of_range'],
    ['-40.01', 'out_of_range'],
    ['99999999999999999999.25', 'out_of_range'],
    ['9'.repeat(500), 'out_of_range'],
  ])('%j is %s', (payload, code) => {
    expect(level.decode(encodeUtf8(payload))).toMatchObject({ ok: false, code });
  });

  test('is written as short as it can be, and comes back', () => {
    const tiny = createPayloadCodec(text(fields.c, { maxBytes: 32 }), 'tiny');
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: -2000, max: 2000 }), fc.maxSafeInteger()), (number) => {
        const value = fromScaled(number % 1_000_000_000_000_000, 9);
        const payload = tiny.encode(value);
        expect(decoded(payload)).toMatch(/^(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]{0,8}[1-9])$/);
        expect(tiny.decode(payload)).toEqual({ ok: true, value: value + 0 });
      }),
    );
    expect(decoded(tiny.encode(1e-9))).toBe('0.000000001');
    expect(decoded(level.encode(21))).toBe('21');
  });
});
