import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, MAX_VERSION_BYTES, parseVersion, type FirmwareVersion } from '@secure-esp/firmware-image';

const must = (text: string): FirmwareVersion => {
  const version = parseVersion(text);
  if (version === undefined) throw new Error(`${text} does not parse`);
  return version;
};
const compare = (a: string, b: string): number => compareVersions(must(a), must(b));

describe('parseVersion', () => {
  it.each<[string, Pick<FirmwareVersion, 'core' | 'pre' | 'commits'>]>([
    ['1', { core: [1, 0, 0, 0], pre: [], commits: 0 }],
    ['v1.2', { core: [1, 2, 0, 0], pre: [], commits: 0 }],
    ['1.2.3.4', { core: [1, 2, 3, 4], pre: [], commits: 0 }],
    ['0.0.0.0', { core: [0, 0, 0, 0], pre: [], commits: 0 }],
    ['4294967295.0', { core: [4_294_967_295, 0, 0, 0], pre: [], commits: 0 }],
    ['1.2.0-rc.1', { core: [1, 2, 0, 0], pre: ['rc', 1], commits: 0 }],
    ['1.2.0-rc.1+build.007', { core: [1, 2, 0, 0], pre: ['rc', 1], commits: 0 }],
    ['1.2.0+b-1', { core: [1, 2, 0, 0], pre: [], commits: 0 }],
    ['1.2.0-3-gabc123', { core: [1, 2, 0, 0], pre: [], commits: 3 }],
    ['2.70-10-g4488239d-dirty', { core: [2, 70, 0, 0], pre: [], commits: 10 }],
    ['1.2.0-3-gabc123+x', { core: [1, 2, 0, 0], pre: [], commits: 3 }],
    ['1.2.0-0-gabcd', { core: [1, 2, 0, 0], pre: [], commits: 0 }],
    ['1.2.0-4294967295-gabcd', { core: [1, 2, 0, 0], pre: [], commits: 4_294_967_295 }],
    // Near misses of git-describe are pre-releases.
    ['1.2.0-4294967296-gabcd', { core: [1, 2, 0, 0], pre: ['4294967296-gabcd'], commits: 0 }],
    ['1.2.0-03-gabcd', { core: [1, 2, 0, 0], pre: ['03-gabcd'], commits: 0 }],
    ['1.2.0-3-gabc', { core: [1, 2, 0, 0], pre: ['3-gabc'], commits: 0 }],
    ['1.2.0-3-gABCD', { core: [1, 2, 0, 0], pre: ['3-gABCD'], commits: 0 }],
    ['1.2.0-3-gabcd-Dirty', { core: [1, 2, 0, 0], pre: ['3-gabcd-Dirty'], commits: 0 }],
    ['1.2.0-3-gabcd-dirty.1', { core: [1, 2, 0, 0], pre: ['3-gabcd-dirty', 1], commits: 0 }],
    ['1.2.0-rc.1-3-gabcd', { core: [1, 2, 0, 0], pre: ['rc', '1-3-gabcd'], commits: 0 }],
    ['v5.2.2-dirty', { core: [5, 2, 2, 0], pre: ['dirty'], commits: 0 }],
    ['1--', { core: [1, 0, 0, 0], pre: ['-'], commits: 0 }],
    ['1-0', { core: [1, 0, 0, 0], pre: [0], commits: 0 }],
    ['1-0a', { core: [1, 0, 0, 0], pre: ['0a'], commits: 0 }],
  ])('reads %s', (text, fields) => {
    expect(parseVersion(text)).toEqual({ text, ...fields });
  });

  it.each([
    '',
    'v',
    'V1',
    'vv1',
    'x1',
    ' 1',
    '1 ',
    '1\n',
    '1\0',
    '01',
    '1.02',
    '1.',
    '.1',
    '1..2',
    '1.2.3.4.5',
    '4294967296',
    '99999999999',
    '1-',
    '1-.a',
    '1-a.',
    '1-a..b',
    '1-01',
    '1-4294967296',
    '1-a_b',
    '1-ä',
    '１',
    '1+',
    '1+a..b',
    '1+a+b',
    '1.2.0rc1',
    '-1',
    '1b1c75d1',
    'esp-idf: v4.4.4 e8bdaf9198',
    `1.${'1'.repeat(31)}`,
    `1-${'a'.repeat(31)}`,
  ])('refuses %j', (text) => {
    expect(parseVersion(text)).toBeUndefined();
  });

  it('takes 32 bytes and not one more', () => {
    expect(parseVersion(`1-${'a'.repeat(MAX_VERSION_BYTES - 2)}`)).toBeDefined();
    expect(parseVersion(`1-${'a'.repeat(MAX_VERSION_BYTES - 1)}`)).toBeUndefined();
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(parseVersion(text)?.text ?? text).toBe(text);
      }),
    );
  });
});

describe('compareVersions', () => {
  it('puts these in this order', () => {
    const ascending = [
      '0',
      '0.0.1-0',
      '0.0.1',
      '1.0.0-1',
      '1.0.0-2',
      '1.0.0-10',
      '1.0.0-A',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0-rc.1-3-gabcd',
      '1.0.0',
      '1.0.0-1-gffff',
      '1.0.0-12-gabcdef0-dirty',
      '1.0.0.1-rc.1',
      '1.0.0.1',
      '1.0.1-rc.1',
      '1.0.1',
      '1.2.0',
      '1.10.0',
      '4294967295',
    ];
    for (const [i, a] of ascending.entries()) {
      for (const [j, b] of ascending.entries()) expect(compare(a, b), `${a} and ${b}`).toBe(Math.sign(i - j));
    }
  });

  it.each([
    ['1.2', 'v1.2.0.0'],
    ['1.2.0', '1.2.0+build.7'],
    ['1.2.0', '1.2.0-0-gabcd'],
    ['1.2.0-3-gabcd', '1.2-3-g0123456-dirty'],
    ['1.2.0-rc.1', 'v1.2.0-rc.1+x'],
  ])('takes %s and %s for the same version', (a, b) => {
    expect(compare(a, b)).toBe(0);
  });

  const identifier = fc.oneof(fc.nat(12).map(String), fc.constantFrom('a', 'A', 'rc', 'rc-1', '-', '0a'));
  const anyVersion = fc
    .record({
      core: fc.array(fc.nat(2), { minLength: 1, maxLength: 4 }),
      suffix: fc.oneof(
        fc.constant(''),
        fc.array(identifier, { minLength: 1, maxLength: 3 }).map((ids) => `-${ids.join('.')}`),
        fc.nat(3).map((commits) => `-${commits}-gabcdef`),
      ),
    })
    .map(({ core, suffix }) => must(core.join('.') + suffix));

  it('is a total order: antisymmetric, transitive, and 0 exactly for what it cannot tell apart', () => {
    fc.assert(
      fc.property(anyVersion, anyVersion, anyVersion, (a, b, c) => {
        expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0);
        expect(compareVersions(a, a)).toBe(0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
        }
        if (compareVersions(a, b) === 0) {
          expect(compareVersions(a, c)).toBe(compareVersions(b, c));
          expect({ ...a, text: '' }).toEqual({ ...b, text: '' });
        }
      }),
      { numRuns: 3000 },
    );
  });
});
