import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideUpdate, type NotOffered, type Release, type RunningFirmware } from '../../src/index.js';

const NOW = new Date('2026-11-22T12:00:00Z');
const SECONDS = NOW.getTime() / 1000;
const hash = (text: string) => text.padEnd(64, '0');

const release = (seq: number, version: string, over: Partial<Release> = {}): Release => ({
  seq,
  channel: 'app',
  project: 'app',
  chip: 'esp32',
  version,
  secureVersion: 0,
  size: 1000,
  sha256: hash(`f${seq}`),
  image: hash(`a${seq}`),
  releasedAt: SECONDS,
  ...over,
});
const running = (version: string, over: Partial<RunningFirmware> = {}): RunningFirmware => ({
  project: 'app',
  chip: 'esp32',
  version,
  ...over,
});

type Expected = number | NotOffered | 'no_release';
const CASES: readonly [name: string, running: RunningFirmware, candidates: readonly Release[], expected: Expected][] = [
  ['nothing is released', running('1.0.0'), [], 'no_release'],
  ['a higher version is offered', running('1.0.0'), [release(1, '1.0.1')], 1],
  ['the highest of several wins', running('1.0.0'), [release(1, '1.0.1'), release(2, '1.2'), release(3, '1.1')], 2],
  ['components compare as numbers', running('1.9.0'), [release(1, '1.10.0')], 1],
  ['of equal versions the later release wins', running('1.0.0'), [release(1, '1.1'), release(2, '1.1.0')], 2],
  ['the same version is not newer', running('1.1.0'), [release(1, '1.1')], 'not_newer'],
  ['a lower version is not newer', running('2.0.0'), [release(1, '1.1')], 'not_newer'],
  ['a pre-release is below its release', running('1.1.0'), [release(1, '1.1.0-rc.1')], 'not_newer'],
  ['commits after a tag are above it', running('1.1.0'), [release(1, '1.1.0-3-gabcdef')], 1],
  ['another build of a version is not newer', running('1.1.0+a'), [release(1, '1.1.0+b')], 'not_newer'],
  [
    'what runs is not offered, whatever it is called',
    running('1.0', { image: hash('a1') }),
    [release(1, '9')],
    'same_image',
  ],
  [
    'what runs does not hide what is newer',
    running('1.0', { image: hash('a1') }),
    [release(1, '1.0'), release(2, '1.1')],
    2,
  ],
  ['another project', running('1.0'), [release(1, '2.0', { project: 'other' })], 'wrong_project'],
  ['projects compare exactly', running('1.0'), [release(1, '2.0', { project: 'App' })], 'wrong_project'],
  ['another chip', running('1.0'), [release(1, '2.0', { chip: 'esp32s3' })], 'wrong_chip'],
  ['the own chip among others', running('1.0'), [release(1, '2.0'), release(2, '3.0', { chip: 'esp32s3' })], 1],
  ['an unparsable running version', running('esp-idf: v4.4'), [release(1, '2.0')], 'version_unparsable'],
  ['an unparsable released version', running('1.0'), [release(1, 'banana')], 'version_unparsable'],
  ['an unparsable release does not hide another', running('1.0'), [release(1, '1.5'), release(2, 'banana')], 1],
  ['from: a listed version', running('1.5.0'), [release(1, '2.0', { from: ['1.4', '1.5'] })], 1],
  ['from: another version', running('1.3.0'), [release(1, '2.0', { from: ['1.4', '1.5'] })], 'not_from'],
  ['from: an empty list excludes all', running('1.3.0'), [release(1, '2.0', { from: [] })], 'not_from'],
  [
    'from: the stepping stone comes first',
    running('1.0'),
    [release(1, '1.5', { from: ['1.0'] }), release(2, '2', { from: ['1.5'] })],
    1,
  ],
  [
    'a lower secure version',
    running('1.0', { secureVersion: 2 }),
    [release(1, '2.0', { secureVersion: 1 })],
    'secure_version',
  ],
  ['an equal secure version', running('1.0', { secureVersion: 2 }), [release(1, '2.0', { secureVersion: 2 })], 1],
  [
    'the secure version of what runs is known from its release',
    running('1.0', { image: hash('a1') }),
    [release(1, '1.0', { secureVersion: 3 }), release(2, '2.0', { secureVersion: 1 })],
    'same_image',
  ],
  ['an expired release', running('1.0'), [release(1, '2.0', { expiresAt: SECONDS })], 'expired'],
  ['the last second before expiry', running('1.0'), [release(1, '2.0', { expiresAt: SECONDS + 1 })], 1],
  ['the version before an expired one', running('1.0'), [release(1, '1.5'), release(2, '2', { expiresAt: 1 })], 1],
];

describe('decideUpdate', () => {
  it.each(CASES)('%s', (_name, device, candidates, expected) => {
    const decision = decideUpdate({ running: device, candidates, now: NOW });
    expect(decision.offer ? decision.release.seq : decision.reason).toBe(expected);
  });

  const version = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)).map((parts) => parts.join('.'));
  const candidate = fc.record({
    version,
    project: fc.constantFrom('app', 'other'),
    chip: fc.constantFrom('esp32', 'esp32c3'),
    expiresAt: fc.constantFrom(SECONDS - 1, SECONDS + 1),
  });

  it('reaches the same version in one step from anywhere, and then offers nothing', () => {
    fc.assert(
      fc.property(version, fc.array(candidate, { maxLength: 8 }), (start, drafts) => {
        const candidates = drafts.map(({ version: text, ...over }, index) => release(index + 1, text, over));
        const first = decideUpdate({ running: running(start), candidates, now: NOW });
        if (!first.offer) return;
        const { image, version: reached } = first.release;
        expect(decideUpdate({ running: running(reached, { image }), candidates, now: NOW }).offer).toBe(false);
      }),
    );
  });

  it('does not depend on the order of the candidates, nor change them', () => {
    fc.assert(
      fc.property(version, fc.array(candidate, { maxLength: 8 }), (start, drafts) => {
        const candidates = Object.freeze(
          drafts.map(({ version: text, ...over }, index) => release(index + 1, text, over)),
        );
        const decide = (list: readonly Release[]) =>
          decideUpdate({ running: running(start), candidates: list, now: NOW });
        const [forwards, backwards] = [decide(candidates), decide([...candidates].reverse())];
        expect(backwards.offer).toBe(forwards.offer);
        if (forwards.offer && backwards.offer) expect(backwards.release).toBe(forwards.release);
      }),
    );
  });
});
