import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReadingPace } from '../../src/node/reading-pace.js';

const MINIMUM = 1024;
const GRACE_MS = 60_000;
const LOOK_MS = 5000;
const MINUTES = 40;

interface Reader {
  /** Bytes per second that it takes, by pieces of this size. */
  readonly rate: (atMs: number) => number;
  readonly piece: number;
}

/** When the reader is cut, in milliseconds; `undefined` when it may go on for 40 minutes. */
function cutAt({ rate, piece }: Reader, minimumBytesPerSecond = MINIMUM): number | undefined {
  const pace = new ReadingPace({ minimumBytesPerSecond, graceMs: GRACE_MS }, 0, 0);
  let taken = 0;
  for (let at = LOOK_MS; at <= MINUTES * 60_000; at += LOOK_MS) {
    taken += (rate(at) * LOOK_MS) / 1000;
    if (pace.isTooSlow(taken - (taken % piece), true, at)) return at;
  }
  return undefined;
}

describe('the pace of a reader', () => {
  it('is good at the minimum and above, in pieces of any size up to 256 KiB', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1100, max: 5_000_000 }), fc.integer({ min: 1, max: 256 * 1024 }), (rate, piece) => {
        // The first piece of all is not due before the grace is over.
        fc.pre(piece / rate < GRACE_MS / 1000);
        expect(cutAt({ rate: () => rate, piece })).toBeUndefined();
      }),
    );
  });

  it('is good for an ESP32, 26 KB/s in pieces of 256 KiB, with an outage of 20 s in every minute', () => {
    const rate = (at: number) => (at % 60_000 < 20_000 ? 0 : 26_000);
    expect(cutAt({ rate, piece: 256 * 1024 })).toBeUndefined();
  });

  it('is too slow below the minimum, however it began', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 1, max: 65_536 }), (rate, piece) => {
        const began = (at: number) => (at <= 30_000 ? 50_000_000 : rate);
        for (const reader of [
          { rate: () => rate, piece },
          { rate: began, piece },
        ]) {
          expect(cutAt(reader)).toBeLessThan(20 * 60_000);
        }
      }),
    );
  });

  it('is cut at the end of the grace, when nothing is taken', () => {
    expect(cutAt({ rate: () => 0, piece: 1 })).toBe(GRACE_MS + LOOK_MS);
  });

  it('is not the reader’s fault when nothing waits for it', () => {
    const pace = new ReadingPace({ minimumBytesPerSecond: MINIMUM, graceMs: GRACE_MS }, 0, 0);
    for (let at = LOOK_MS; at < 600_000; at += LOOK_MS) expect(pace.isTooSlow(0, false, at)).toBe(false);
  });
});
