import { compareVersions, parseVersion } from '@secure-esp/firmware-image';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCoreModule } from '../../src/core/core-module.js';

const wasm = createCoreModule();
const encoder = new TextEncoder();

/** What the C core says of two texts: -1, 0, 1, or 2 when one of them is no version. */
function inC(a: string, b: string): number {
  const scratch = wasm.call('scratch');
  const [first, second] = [encoder.encode(a), encoder.encode(b)];
  const memory = new Uint8Array(wasm.memory.buffer);
  memory.set(first, scratch);
  memory.set(second, scratch + first.length);
  return wasm.call('version_compare', scratch, first.length, scratch + first.length, second.length);
}

function inTypeScript(a: string, b: string): number {
  const [first, second] = [parseVersion(a), parseVersion(b)];
  return first === undefined || second === undefined ? 2 : compareVersions(first, second);
}

/** Mostly what is allowed, and now and then what is not. */
const mostly = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 30, arbitrary: good }, { weight: 1, arbitrary: bad });

const number = mostly(
  fc.constantFrom('0', '1', '2', '10', '4294967295'),
  fc.constantFrom('00', '01', '4294967296', '99999999999', ''),
);
const identifier = mostly(
  fc.oneof(number, fc.stringMatching(/^[0-9A-Za-z-]{1,4}$/), fc.constantFrom('rc', 'dirty', '1-3-gabcd')),
  fc.constantFrom('', '_', 'é', '01'),
);
const core = mostly(fc.array(number, { minLength: 1, maxLength: 4 }), fc.array(number, { minLength: 5, maxLength: 5 }));
const pre = fc.array(identifier, { minLength: 1, maxLength: 3 }).map((parts) => `-${parts.join('.')}`);
const describeForm = fc
  .tuple(
    number,
    mostly(fc.stringMatching(/^[0-9a-f]{4,7}$/), fc.constantFrom('abc', 'ABCD', '')),
    mostly(fc.constantFrom('', '-dirty'), fc.constantFrom('-DIRTY', '-')),
  )
  .map(([commits, hash, end]) => `-${commits}-g${hash}${end}`);
const build = mostly(fc.constantFrom('', '', '+b.7', '+0-01'), fc.constantFrom('+', '+a+b', '+a..b', ' '));
const version = mostly(
  fc
    .tuple(
      mostly(fc.constantFrom('', 'v'), fc.constant('V')),
      core,
      fc.oneof(fc.constant(''), pre, describeForm),
      build,
    )
    .map(([v, parts, suffix, end]) => `${v}${parts.join('.')}${suffix}${end}`),
  fc.string({ unit: 'binary', maxLength: 12 }),
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
    expect(both).toBeGreaterThan(numRuns / 4);
  }, 300_000);
});
