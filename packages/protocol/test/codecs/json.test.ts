import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { boundedString, createPayloadCodec, integer, json } from '../../src/index.js';
import { encodeUtf8 } from '../../src/utf8.js';

const schema = z.object({
  n: integer(-9_007_199_254_740_991, 9_007_199_254_740_991),
  s: boundedString({ maxBytes: 8 }).optional(),
  o: z.object({ m: integer(0, 9) }).optional(),
});
const codec = createPayloadCodec(json(schema, { maxBytes: 4096 }), 'x');
const decode = (text: string) => codec.decode(encodeUtf8(text));

describe('integers', () => {
  test.each([
    ['1e2', 100],
    ['1.0', 1],
    ['100e-2', 1],
    ['-0', 0],
    ['-0.0e5', 0],
    ['0e99999', 0],
    ['0e-99999999999999999999', 0],
    ['0.001e3', 1],
    [`0.${'0'.repeat(3000)}1e3001`, 1],
    [`1${'0'.repeat(3000)}e-3000`, 1],
    ['9007199254740991', 9_007_199_254_740_991],
    ['-9007199254740991', -9_007_199_254_740_991],
    ['9007199254740991.000', 9_007_199_254_740_991],
  ])('%s is %i', (number, n) => {
    const result = decode(`{"n":${number}}`);
    expect(result).toStrictEqual({ ok: true, value: { n } });
  });

  test.each([
    ['1.5', 'bad_payload'],
    ['1e-1', 'bad_payload'],
    ['1.00000000000000000000001', 'bad_payload'],
    ['4294967295.0000000001', 'bad_payload'],
    ['9007199254740990.5', 'bad_payload'],
    ['1e-999999999999', 'bad_payload'],
    ['9007199254740992', 'out_of_range'],
    ['9007199254740993', 'out_of_range'],
    ['-9007199254740993', 'out_of_range'],
    ['1e999999999999', 'out_of_range'],
    ['-1e400', 'out_of_range'],
    ['01', 'bad_payload'],
    ['1.', 'bad_payload'],
    ['.5', 'bad_payload'],
    ['+1', 'bad_payload'],
    ['"1"', 'bad_payload'],
    ['true', 'bad_payload'],
    ['null', 'bad_payload'],
    ['NaN', 'bad_payload'],
  ])('%s is %s', (number, code) => {
    expect(decode(`{"n":${number}}`)).toMatchObject({ ok: false, code });
  });

  test('are judged by their exact decimal value, however they are written', () => {
    const digits = fc.stringMatching(/^[0-9]{1,25}$/);
    fc.assert(
      fc.property(
        fc.boolean(),
        digits,
        fc.option(digits),
        fc.option(fc.integer({ min: -30, max: 30 })),
        (minus, whole, fraction, exponent) => {
          const lead = whole.replace(/^0+(?=.)/, '');
          const literal = `${minus ? '-' : ''}${lead}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${String(exponent)}`}`;
          // value = numerator / 10^places, exactly
          const places = (fraction ?? '').length - (exponent ?? 0);
          const significand = BigInt(lead + (fraction ?? '')) * 10n ** BigInt(Math.max(0, -places));
          const divisor = 10n ** BigInt(Math.max(0, places));
          const exact = significand % divisor === 0n ? (significand / divisor) * (minus ? -1n : 1n) : undefined;
          const safe = exact !== undefined && exact <= 9_007_199_254_740_991n && exact >= -9_007_199_254_740_991n;
          const result = decode(`{"n":${literal}}`);
          expect(result.ok).toBe(safe);
          if (result.ok) expect(result.value.n).toBe(Number(exact));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('the language', () => {
  test.each([
    ['a later duplicate', '{"n":"x","n":1}', { n: 1 }],
    ['a later duplicate of a fraction', '{"n":1.5,"n":1}', { n: 1 }],
    ['a duplicate with its key escaped', '{"n":1,"\\u006e":2}', { n: 2 }],
    ['a duplicate object, which is not merged', '{"n":1,"o":{"m":1,"x":1},"o":{"m":2}}', { n: 1, o: { m: 2 } }],
    ['unknown members', '{"n":1,"x":[1.5],"__proto__":{},"":null}', { n: 1 }],
    ['white space', ' {\n"n"\t:\r1 } ', { n: 1 }],
    ['escapes', '{"n":1,"s":"\\u00e9\\/\\ud83d\\ude00\\n"}', { n: 1, s: 'é/😀\n' }],
    ['the last code points', '{"n":1,"s":"\uffff\u{10ffff}"}', { n: 1, s: '\uffff\u{10ffff}' }],
  ])('takes %s', (_what, text, value) => {
    expect(decode(text)).toStrictEqual({ ok: true, value });
  });

  test.each([
    ['nothing', ''],
    ['white space alone', ' '],
    ['an array', '[]'],
    ['a scalar', '1'],
    ['text behind', '{"n":1}x'],
    ['two values', '{"n":1}{"n":1}'],
    ['a byte order mark', '\ufeff{"n":1}'],
    ['a no-break space', '\u00a0{"n":1}'],
    ['a comment', '{"n":1/**/}'],
    ['a trailing comma', '{"n":1,}'],
    ['single quotes', "{'n':1}"],
    ['a raw line feed in a string', '{"n":1,"s":"\n"}'],
    ['\\u0000', '{"n":1,"s":"\\u0000"}'],
    ['\\u0000 in an ignored member', '{"n":1,"x":"\\u0000"}'],
    ['\\u0000 in a key', '{"n":1,"\\u0000":1}'],
    ['\\u0000 in a value that a duplicate overrides', '{"s":"\\u0000","n":1,"s":"a"}'],
    ['a lone surrogate in an ignored array', '{"n":1,"x":["\\ud800"]}'],
    ['a surrogate pair the wrong way round', '{"n":1,"x":"\\udc00\\ud800"}'],
    ['deeper nesting than the schema has', '{"n":1,"x":{"y":{}}}'],
    ['an unclosed string', '{"n":1,"s":"a'],
    ['an unclosed string of quotes', `{"n":1,"s":"${'\\"'.repeat(1000)}`],
    ['null where it is not allowed', '{"n":1,"s":null}'],
  ])('refuses %s', (_what, text) => {
    expect(decode(text)).toMatchObject({ ok: false, code: 'bad_payload' });
  });

  test.each([[[0x7b, 0xff, 0x7d]], [[0xc0, 0x80]], [[0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22]]])(
    'refuses the bytes %j, no UTF-8',
    (raw) => {
      expect(codec.decode(Uint8Array.from(raw))).toMatchObject({ ok: false, code: 'bad_payload' });
    },
  );

  test('a strict object refuses unknown keys, and does not quote them', () => {
    const strict = createPayloadCodec(json(z.strictObject({ a: integer(0, 1) }), { maxBytes: 64 }), 'x');
    const refused = { ok: false, code: 'bad_payload', detail: 'has unknown keys' };
    expect(strict.decode(encodeUtf8('{"a":1,"hunter2":1}'))).toEqual(refused);
    expect(strict.decode(encodeUtf8('{"a":1,"__proto__":1}')).ok).toBe(false);
  });

  test('never throws, and takes nothing that JSON.parse would refuse', () => {
    const text = fc.oneof(fc.json(), fc.string({ unit: fc.constantFrom(...Array.from('{}[]",:\\un01.e-+ts')) }));
    fc.assert(
      fc.property(text, (source) => {
        if (decode(source).ok) expect(() => JSON.parse(source) as unknown).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });

  test('decides 64 KiB of the worst text at once', () => {
    const large = createPayloadCodec(json(schema, { maxBytes: 65_535 }), 'x');
    for (const text of [
      `{"n":1,"s":"${'\\"'.repeat(32_000)}`,
      '"'.repeat(65_535),
      '-'.repeat(65_535),
      '0'.repeat(65_535),
      '[{'.repeat(32_000),
    ]) {
      const start = performance.now();
      expect(large.decode(encodeUtf8(text)).ok).toBe(false);
      expect(performance.now() - start).toBeLessThan(2000);
    }
  });
});
