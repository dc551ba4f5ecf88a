import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDownloadSlots, holding } from '../../src/handler/download-slots.js';

const CHUNKS = 3;
const CHUNK_BYTES = 4;

/** A reader that may fail after some chunks, whose `return` may fail, too. */
function body(failsAfter: number): AsyncIterable<Uint8Array> {
  let given = 0;
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        await Promise.resolve();
        if (given === failsAfter) throw new Error('the disk is gone');
        given += 1;
        return given > CHUNKS ? { done: true, value: undefined } : { done: false, value: new Uint8Array(CHUNK_BYTES) };
      },
      return: () =>
        failsAfter === 0
          ? Promise.reject(new Error('close failed'))
          : Promise.resolve({ done: true, value: undefined }),
    }),
  };
}

interface Open {
  readonly chunks: AsyncIterator<Uint8Array>;
  readonly controller: AbortController;
}

const quietly = (action: Promise<unknown> | undefined): Promise<unknown> =>
  Promise.resolve(action).catch(() => undefined);

/** What a host may do to a body, in whatever order, and again. */
const ACTIONS = {
  read: ({ chunks }: Open) => quietly(chunks.next()),
  give_up: ({ chunks }: Open) => quietly(chunks.return?.()),
  go_away: ({ controller }: Open) => {
    controller.abort();
    return Promise.resolve();
  },
} as const;

const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      take: fc.constantFrom('device:a', 'device:b', undefined),
      failsAfter: fc.integer({ min: 0, max: 6 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      which: fc.nat({ max: 20 }),
      action: fc.constantFrom('read', 'give_up', 'go_away'),
      awaited: fc.boolean(),
    }),
  },
);

describe('download slots', () => {
  it('are counted right, whatever hosts do with the bodies that hold them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, downloads, downloadsPerClient) => {
          const slots = createDownloadSlots({ downloads, downloadsPerClient });
          const open: Open[] = [];
          const pending: Promise<unknown>[] = [];
          for (const one of steps) {
            if ('take' in one) {
              const before = slots.running;
              const slot = slots.take(one.take);
              if (!slot.ok) {
                expect(slots.running).toBe(before);
                if (slot.code === 'busy') expect(before).toBe(downloads);
                continue;
              }
              const controller = new AbortController();
              const held = holding(body(one.failsAfter), CHUNKS * CHUNK_BYTES, slot.release, controller.signal);
              open.push({ chunks: held[Symbol.asyncIterator](), controller });
            } else {
              const chosen = open[one.which % Math.max(1, open.length)];
              if (chosen === undefined) continue;
              const done = ACTIONS[one.action](chosen);
              pending.push(done);
              if (one.awaited) await done;
            }
            expect(slots.running).toBeGreaterThanOrEqual(0);
            expect(slots.running).toBeLessThanOrEqual(downloads);
            expect(slots.clients).toBeLessThanOrEqual(Math.min(2, slots.running));
          }
          await Promise.all(pending);
          for (const { controller } of open) controller.abort();
          expect([slots.running, slots.clients]).toEqual([0, 0]);
        },
      ),
    );
  });

  it('are free again with the last byte, before the reader has closed', async () => {
    const slots = createDownloadSlots({ downloads: 1, downloadsPerClient: 1 });
    const slot = slots.take('device:a');
    if (!slot.ok) throw new Error('expected a slot');
    const chunks = holding(body(9), CHUNKS * CHUNK_BYTES, slot.release)[Symbol.asyncIterator]();
    for (let count = 0; count < CHUNKS; count += 1) await chunks.next();
    expect(slots.running).toBe(1);
    const last = chunks.next();
    expect(slots.running).toBe(0);
    expect((await last).done).toBe(true);
  });

  it('tell a greedy client of itself before they tell it of others', () => {
    const slots = createDownloadSlots({ downloads: 2, downloadsPerClient: 1 });
    slots.take('device:a');
    slots.take('device:b');
    expect(slots.take('device:a')).toMatchObject({ code: 'too_many_downloads' });
    expect(slots.take('device:c')).toMatchObject({ code: 'busy' });
    expect(slots.take(undefined)).toMatchObject({ code: 'busy' });
  });

  it('are not kept by a request that was gone before its reply', () => {
    const slots = createDownloadSlots({ downloads: 1, downloadsPerClient: 1 });
    const slot = slots.take('device:a');
    if (!slot.ok) throw new Error('expected a slot');
    holding(body(9), CHUNKS * CHUNK_BYTES, slot.release, AbortSignal.abort());
    expect(slots.running).toBe(0);
  });
});
