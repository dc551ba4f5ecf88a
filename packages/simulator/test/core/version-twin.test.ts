import { compareVersions, parseVersion } from '@secure-esp/firmware-image';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCoreModule } from '../../src/core/core-module.js';

const core = createCoreModule();
const encoder = new TextEncoder();

/** What the C core says of two texts: -1, 0, 1, or 2 when one of them is no version. */
function inC(a: string, b: string): number {
  const scratch = core.call('scratch');
  const [first, second] = [encoder.encode(a), encoder.encode(b)];
  const memory = new Uint8Array(core.memory.buffer);
  memory.set(first, scratch);
  memory.set(second, scratch + first.length);
  return core.call('version_compare', scratch, first.length, scratch + first.length, second.length);
}

function inTypeScript(a: string, b: string): number {
  const [first, second] = [parseVersion(a), parseVersion(b)];
  return first === undefined || second === undefined ? 2 : compareVersions(first, second);
}

const number = fc.oneof(
  fc.integer({ min: 0, max: 3 }).map(String),
  fc.constantFrom('00', '01', '10', '4294967295', '4294967296', '99999999999'),
);
const identifier = fc.oneof(
  number,
  fc.stringMatching(/^[0-9A-Za-z-]{0,4}$/),
  fc.constantFrom('rc', 'dirty', '1-3-gabcd'),
);
const numbers = fc.array(number, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));
const suffix = fc.oneof(
  fc.constant(''),
  fc.array(identifier, { minLength: 1, maxLength: 4 }).map((parts) => `-${parts.join('.')}`),
  fc
    .tuple(number, fc.stringMatching(/^[0-9a-fA-F]{2,6}$/), fc.constantFrom('', '-dirty', '-DIRTY'))
    .map(([n, hex, end]) => `-${n}-g${hex}${end}`),
);
const build = fc.oneof(fc.constant(''), fc.stringMatching(/^\+[0-9A-Za-z.-]{0,6}$/));
const version = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constantFrom('', 'v', 'V'), numbers, suffix, build).map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
);

describe('versions in C and in TypeScript', () => {
  it('are read and ordered the same', () => {
    let both = 0;
    const numRuns = Number(process.env['SECURE_ESP_CASES'] ?? 10_000);
    fc.assert(
      fc.property(version, version, (a, b) => {
        const expected = inTypeScript(a, b);
        if (expected !== 2) both += 1;
        expect([a, b, inC(a, b)]).toEqual([a, b, expected]);
        expect([a, inC(a, a)]).toEqual([a, inTypeScript(a, a)]);
      }),
      { numRuns },
    );
    // The generator is worth something only if many pairs are versions on both sides.
    expect(both).toBeGreaterThan(numRuns / 10);
  });
});
