import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { toJsonText, type JsonBounds } from '../../src/codecs/json-text.js';
import { ordinaryJson } from '../../src/codecs/ordinary-json.js';
import { boundedString, createPayloadCodec, decimal, integer, json } from '../../src/index.js';
import { encodeUtf8 } from '../../src/utf8.js';
import { growth } from './growth.js';

const parsed = (text: string): unknown => {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return 'not JSON';
  }
};

function* textsOf(alphabet: readonly string[], maxLength: number, prefix = ''): Generator<string> {
  yield prefix;
  if (maxLength > 0) for (const char of alphabet) yield* textsOf(alphabet, maxLength - 1, prefix + char);
}

describe('a text that is ordinary', () => {
  const flat = ordinaryJson({ maxDepth: 1, maxDecimals: 0 });
  const deep = ordinaryJson({ maxDepth: 3, maxDecimals: 2 });

  test.each([
    '{"online":true,"bootId":4294967295,"version":"1.4.2-7e3"}',
    ' { "a" : 0 , "b" : -1 , "c" : null }\n',
    '{"é":"€ 😀 [{]}"}',
    '{"n":999999999999999}',
  ])('is %s', (text) => {
    expect(flat.test(text)).toBe(true);
    expect(deep.test(text.replace('999999999999999', '9999999999999.25'))).toBe(true);
  });

  test.each([
    '{"a":"\\n"}',
    '{"a":{}}',
    '[[]]',
    '{"n":1000000000000000}',
    '{"n":1.0}',
    '{"n":1e2}',
    '{"n":-0}',
    '{"n":01}',
    '{"a":"b}',
    '{"a":1',
    ']',
  ])('is not %s', (text) => {
    expect(flat.test(text)).toBe(false);
  });

  test('takes decimals where the schema has them, as many, and no more digits than a double keeps', () => {
    for (const number of ['0.1', '0.0', '-1.25', '1234567890123.25']) expect(deep.test(`[${number}]`)).toBe(true);
    for (const number of ['0.125', '-0.1', '-0.0', '1.', '1.2.3', '1.5e1', '12345678901234.2']) {
      expect(deep.test(`[${number}]`)).toBe(false);
    }
  });

  test.each<[string, JsonBounds, string, number]>([
    ['brackets and strings', { maxDepth: 2, maxDecimals: 0 }, '{}[]":,\\a1 ', 5],
    ['numbers', { maxDepth: 1, maxDecimals: 0 }, '019-+.eE,[', 5],
    ['decimals', { maxDepth: 1, maxDecimals: 2 }, '01-+.e,', 6],
  ])(
    'is one that toJsonText leaves as it is to JSON.parse: all short texts of %s',
    (_what, bounds, alphabet, length) => {
      const ordinary = ordinaryJson(bounds);
      let count = 0;
      for (const text of textsOf(Array.from(alphabet), length)) {
        for (const each of [text, `[${text}]`]) {
          if (!ordinary.test(each)) continue;
          count++;
          const careful = toJsonText(each, bounds);
          if (!careful.ok) expect.fail(`${each} is refused: ${careful.detail}`);
          if (careful.text !== each) expect(parsed(careful.text), each).toStrictEqual(parsed(each));
        }
      }
      expect(count).toBeGreaterThan(1000);
    },
  );
});

describe('the worst text of 64 kB takes about eight times as long as that of 8 kB', () => {
  const [small, large] = [8_000, 64_000];
  /** Of what is linear the times are 1 : 8, or somewhat more where a cache is too small; of what is quadratic 1 : 64. */
  const LIMIT = 24;
  /** A text of `length` characters: the repeated part, behind a start and before an end. */
  const filled = (part: string, start = '', end = '') => {
    return (length: number): string =>
      start + part.repeat(Math.ceil(length / part.length)).slice(0, length - start.length - end.length) + end;
  };
  const texts: readonly [string, (length: number) => string][] = [
    ['opening brackets', filled('[')],
    ['opening brackets of both kinds', filled('{"a":[')],
    ['pairs of brackets', filled('[]', '[', '\\')],
    ['brackets as deep as allowed', filled('[[[[[[]]]]]]', '', '"')],
    ['closing brackets', filled(']', '[')],
    ['quotes', filled('"', '', '\\')],
    ['an unterminated string', filled('a', '{"a":"')],
    ['an unterminated string after others', filled('"a",', '[', '"')],
    ['a string of brackets, cut off', filled('[{', '"')],
    ['a string that ends in a backslash', filled('a', '{"a":"', '\\')],
    ['backslashes', filled('\\', '"')],
    ['escaped quotes', filled('\\"', '"')],
    ['digits', filled('1')],
    ['zeros', filled('0', '[1', ']')],
    ['digits behind a point', filled('1', '[0.')],
    ['digits of an exponent', filled('1', '[1e')],
    ['numbers of fifteen digits, the last with an exponent', filled('123456789012345,', '[', '1e')],
    ['decimals, the last too fine', filled('1.123456789,', '[', '1.1234567891')],
    ['minus signs', filled('-')],
    ['commas', filled(',', '[')],
    ['white space', filled(' ', '{', '\\')],
    ['letters', filled('e', '[')],
    ['letters of two bytes', filled('é', '["', '\\')],
    ['unknown members', filled('"a":1,', '{', '"z":01}')],
  ];
  const codec = createPayloadCodec(
    json(
      z.object({
        n: integer(0, 9).optional(),
        s: boundedString({ maxBytes: 65_535 }).optional(),
        a: z
          .array(z.object({ d: z.array(decimal({ min: 0, max: 1, decimals: 9 })).max(9) }))
          .max(9)
          .optional(),
      }),
      { maxBytes: 65_535 },
    ),
    'x',
  );
  const patterns = [
    ordinaryJson({ maxDepth: 1, maxDecimals: 0 }),
    ordinaryJson({ maxDepth: 6, maxDecimals: 0 }),
    ordinaryJson({ maxDepth: 16, maxDecimals: 9 }),
  ];

  test.each(texts)('%s', (_what, text) => {
    for (const ordinary of patterns) {
      const [short, long] = [text(small), text(large)];
      expect(
        growth(
          () => ordinary.test(short),
          () => ordinary.test(long),
          LIMIT,
        ),
      ).toBeLessThan(LIMIT);
    }
    const [short, long] = [encodeUtf8(text(small).slice(0, small)), encodeUtf8(text(large).slice(0, 65_535))];
    expect(
      growth(
        () => codec.decode(short),
        () => codec.decode(long),
        LIMIT,
      ),
    ).toBeLessThan(LIMIT);
  });
});
