import { describe, expect, it } from 'vitest';
import { currentReleases, type Release } from '../../src/index.js';

const release = (seq: number, version: string, over: Partial<Release> = {}): Release => ({
  seq,
  channel: 'app',
  project: 'app',
  chip: 'esp32',
  version,
  secureVersion: 0,
  size: 1,
  sha256: 'a'.repeat(64),
  image: 'b'.repeat(64),
  releasedAt: 1_700_000_000,
  ...over,
});

describe('the current releases', () => {
  it('are none of none', () => {
    expect(currentReleases([])).toEqual([]);
  });

  it('are the highest version of each project and chip, whatever the order and the channel', () => {
    const releases = [
      release(1, '1.10.0'),
      release(2, '1.9.0', { channel: 'beta' }),
      release(3, '0.1.0', { chip: 'esp32c3' }),
      release(4, '0.2.0', { project: 'other' }),
    ];
    expect(currentReleases(releases).map(({ seq }) => seq)).toEqual([1, 3, 4]);
    expect(currentReleases(releases.toReversed()).map(({ seq }) => seq)).toEqual([1, 3, 4]);
  });

  it('are the last of equal versions: the one that was renewed', () => {
    expect(currentReleases([release(1, '1.0.0'), release(2, 'v1.0')]).map(({ seq }) => seq)).toEqual([2]);
  });

  it('does not take a project and a chip for another pair of the same letters', () => {
    const releases = [
      release(1, '1.0.0', { project: 'a"', chip: 'b' }),
      release(2, '1.0.0', { project: 'a', chip: '"b' }),
    ];
    expect(currentReleases(releases)).toHaveLength(2);
  });
});
