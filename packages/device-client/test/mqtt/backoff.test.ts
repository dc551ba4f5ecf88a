import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelayMs } from '../../src/mqtt/backoff.js';

describe('the delay before reconnecting', () => {
  it('is at least 1 ms and at most min(max, first * 2^attempt)', () => {
    const bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.nat(1_000),
        fc.integer({ min: 1, max: 1_000 }),
        fc.nat(60_000),
        bytes,
        (attempt, firstMs, extra, drawn) => {
          const delay = backoffDelayMs({ firstMs, maxMs: firstMs + extra }, attempt, () => drawn);
          expect(Number.isInteger(delay)).toBe(true);
          expect(delay).toBeGreaterThanOrEqual(1);
          expect(delay).toBeLessThanOrEqual(Math.min(firstMs + extra, firstMs * 2 ** attempt));
        },
      ),
    );
  });

  it('spreads over the whole range', () => {
    const draw = (byte: number): number =>
      backoffDelayMs({ firstMs: 500, maxMs: 30_000 }, 3, () => new Uint8Array(4).fill(byte));
    expect([draw(0), draw(255)]).toEqual([1, 4_000]);
  });
});
