import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runLimited } from '../../src/fleet/run-limited.js';

const devices = fc.uniqueArray(fc.nat(999), { maxLength: 40 });

describe('the limit on work at the same time', () => {
  it('is never exceeded and always used, and each item is worked on exactly once, in whatever order work ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), devices, fc.integer({ min: 1, max: 9 }), async (scheduler, items, limit) => {
        const begun: number[] = [];
        let running = 0;
        let most = 0;
        const work = async (item: number): Promise<void> => {
          begun.push(item);
          running += 1;
          most = Math.max(most, running);
          await scheduler.schedule(Promise.resolve());
          running -= 1;
        };
        const rest = await scheduler.waitFor(runLimited(items, limit, () => true, work));
        expect(begun).toEqual(items);
        expect(rest).toEqual([]);
        expect(running).toBe(0);
        expect(most).toBe(Math.min(limit, items.length));
      }),
    );
  });

  it('hands back exactly the items that were not begun when it may not go on, once those under way are over', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        devices,
        fc.integer({ min: 1, max: 9 }),
        fc.nat(40),
        async (scheduler, items, limit, stopAfter) => {
          let over = 0;
          const begun: number[] = [];
          const work = async (item: number): Promise<void> => {
            begun.push(item);
            await scheduler.schedule(Promise.resolve());
            over += 1;
          };
          const rest = await scheduler.waitFor(runLimited(items, limit, () => over < stopAfter, work));
          expect([...begun, ...rest]).toEqual(items);
          expect(over).toBe(begun.length);
          expect(begun.length).toBeLessThanOrEqual(stopAfter === 0 ? 0 : stopAfter + limit - 1);
        },
      ),
    );
  });
});
