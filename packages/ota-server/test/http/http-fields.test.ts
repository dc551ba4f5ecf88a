import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptsExplicitly } from '../../src/http/accept.js';
import { isSameRepresentation, matchesStrongly, matchesWeakly } from '../../src/http/entity-tag.js';
import { parseTarget } from '../../src/http/request-target.js';

describe('entity tags (RFC 9110 clause 13)', () => {
  it.each([
    ['"a"', true, true],
    ['W/"a"', true, false],
    ['"b", "a"', true, true],
    ['"b","c" , W/"a"', true, false],
    ['*', true, true],
    [' * ', true, true],
    ['"b"', false, false],
    ['a', false, false],
    ['', false, false],
    ['"a', false, false],
    ['"a"junk', false, false],
  ])('%j against "a"', (list, weakly, strongly) => {
    expect(matchesWeakly(list, '"a"')).toBe(weakly);
    expect(matchesStrongly(list, '"a"')).toBe(strongly);
  });

  it('takes If-Range for the same file only with exactly its strong tag', () => {
    expect(isSameRepresentation('"a"', '"a"')).toBe(true);
    for (const other of ['W/"a"', '"b"', '*', 'Sun, 22 Nov 2026 12:00:00 GMT', '']) {
      expect(isSameRepresentation(other, '"a"')).toBe(false);
    }
  });
});

describe('Accept', () => {
  it.each([
    ['application/jose, application/octet-stream', true],
    ['Application/JOSE;q=0.5', true],
    ['application/octet-stream', false],
    ['*/*', false],
    ['application/*', false],
    ['application/jose;q=0', false],
    ['application/jose;q=0.000', false],
    [undefined, false],
  ])('%j', (field, expected) => {
    expect(acceptsExplicitly(field, 'application/jose')).toBe(expected);
  });
});

describe('request targets', () => {
  it('splits path and query, and decodes the path once', () => {
    expect(parseTarget('/a%2562.bin?chip=esp32')?.path).toBe('/a%62.bin');
    expect(parseTarget('/app.bin?chip=esp32&x=%20')?.query.get('chip')).toBe('esp32');
    expect(parseTarget('https://host:8070/app.bin')?.path).toBe('/app.bin');
  });

  it.each(['', 'app.bin', '*', 'https://host', '/%', '/%zz', '/%c3%28', `/${'a'.repeat(2048)}`])(
    'refuses %j',
    (target) => {
      expect(parseTarget(target)).toBeUndefined();
    },
  );

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (target) => {
        const path = parseTarget(target)?.path;
        expect(path === undefined || path.startsWith('/')).toBe(true);
      }),
    );
  });
});
