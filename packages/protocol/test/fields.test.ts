import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundedString, hex, httpsUrl, identifier, integer, isHttpsUrl, isProtocolError, u32 } from '../src/index.js';

const thrownBy = (body: () => unknown): unknown => {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('boundedString', () => {
  test.each([
    ['abc', 3, true],
    ['abcd', 3, false],
    ['é', 1, false],
    ['é', 2, true],
    ['😀', 4, true],
    ['', 0, true],
    ['a\u0000', 9, false],
    ['\ud800', 9, false],
  ])('counts %j in bytes of UTF-8 against %i and takes only what UTF-8 and C hold', (text, maxBytes, valid) => {
    expect(boundedString({ maxBytes }).safeParse(text).success).toBe(valid);
  });

  test.each([
    { maxBytes: -1 },
    { maxBytes: 1.5 },
    { maxBytes: 65_536 },
    { minBytes: 4, maxBytes: 3 },
    { minBytes: Number.NaN, maxBytes: 3 },
  ])('refuses the bounds %j', (bounds) => {
    const error = thrownBy(() => boundedString(bounds));
    expect(isProtocolError(error) && error.code).toBe('invalid_definition');
  });
});

test.each([
  ['hex', hex(4), ['00ff', 'abcd'], ['00FF', '0ff', '00fff', '00fg', '']],
  ['identifier', identifier(2, 4), ['a_', 'A-9', 'abcd'], ['a', 'abcde', 'a.b', 'é1', 'a b']],
  ['integer', integer(-2, 3), [-2, 0, 3], [-3, 4, 0.5, Number.NaN, '1', 2n]],
  ['u32', u32(), [0, 4_294_967_295], [-1, 4_294_967_296]],
  ['httpsUrl', httpsUrl(12), ['https://a', 'https://a/bc'], ['https://a/bcd', 'http://a', '']],
] as const)('%s takes what it says and nothing else', (_name, schema, valid, invalid) => {
  for (const value of valid) expect(schema.safeParse(value).success, String(value)).toBe(true);
  for (const value of invalid) expect(schema.safeParse(value).success, String(value)).toBe(false);
});

test.each([
  [0.5, 2],
  [3, 2],
  [0, 2 ** 53],
  [Number.NEGATIVE_INFINITY, 0],
])('integer refuses the bounds %d..%d', (min, max) => {
  expect(isProtocolError(thrownBy(() => integer(min, max)))).toBe(true);
});

describe('isHttpsUrl', () => {
  test.each([
    'https://domain.de:8070/secure_esp.bin',
    'HTTPS://EXAMPLE.com',
    'https://192.168.1.10:1/',
    'https://[::1]:65535/a?b=c&d=%20',
    'https://h?x',
    "https://a-b.c/~u/(x)!$',;=:@*+_[]",
    `https://${'a'.repeat(253)}/`,
  ])('takes %s', (url) => {
    expect(isHttpsUrl(url)).toBe(true);
    expect(() => new URL(url)).not.toThrow();
  });

  test.each([
    ['another scheme', 'http://a/'],
    ['no host', 'https:///a'],
    ['user information', 'https://u@h/'],
    ['user and password', 'https://u:p@h/'],
    ['a fragment', 'https://h/#f'],
    ['port 0', 'https://h:0/'],
    ['port 65536', 'https://h:65536/'],
    ['six digits of port', 'https://h:008070/'],
    ['no port after the colon', 'https://h:/'],
    ['a space', 'https://h/a b'],
    ['a line feed', 'https://h/\n'],
    ['a final line feed', 'https://h\n'],
    ['a backslash', 'https://h/\\a'],
    ['a backslash for a slash', 'https:\\\\h'],
    ['a non-ASCII host', 'https://é/'],
    ['a non-ASCII path', 'https://h/é'],
    ['an underscore in the host', 'https://a_b/'],
    ['a long s for an s', 'httpſ://h/'],
    ['an unclosed address', 'https://[::1/'],
    ['a short address', 'https://[:]/'],
    ['254 bytes of host', `https://${'a'.repeat(254)}/`],
    ...Array.from('"<>^`{|}\u007f').map((char) => [`the character ${char}`, `https://h/${char}`]),
  ])('refuses %s', (_why, url) => {
    expect(isHttpsUrl(url)).toBe(false);
  });

  test('decides any text in linear time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => !isHttpsUrl(text) || text.length >= 9),
    );
    expect(isHttpsUrl(`https://${'a:'.repeat(30_000)}`)).toBe(false);
  });
});
