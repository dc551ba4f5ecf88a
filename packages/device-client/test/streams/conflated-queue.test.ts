import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConflatedQueue } from '../../src/streams/conflated-queue.js';

interface Item {
  readonly key: string;
  readonly value: number;
  readonly missed: number;
}

const create = (): ConflatedQueue<Item> =>
  new ConflatedQueue({ keyOf: ({ key }) => key, merge: (older, newer) => ({ ...newer, missed: older.missed + 1 }) });

describe('a conflated queue', () => {
  it('ends with the latest of every key, counts all it conflated, and holds one item per key', async () => {
    const step = fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.constant('pull' as const));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const queue = create();
        const latest = new Map<string, number>();
        const read = new Map<string, number>();
        const unread = new Set<string>();
        let pushed = 0;
        let seen = 0;
        const pull = async (): Promise<boolean> => {
          const pulled = await queue.pull();
          if (pulled.type !== 'item') return false;
          const { key, value, missed } = pulled.item;
          expect(value).toBe(latest.get(key));
          expect(unread.delete(key)).toBe(true);
          read.set(key, value);
          seen += 1 + missed;
          return true;
        };
        for (const one of steps) {
          if (one === 'pull') {
            if (unread.size > 0) await pull();
            continue;
          }
          pushed += 1;
          queue.push({ key: one, value: pushed, missed: 0 });
          latest.set(one, pushed);
          unread.add(one);
        }
        queue.end();
        while (await pull());
        expect(read).toEqual(latest);
        expect(seen).toBe(pushed);
      }),
    );
  });

  it('throws its error after what was queued, and forgets everything when discarded', async () => {
    const failing = create();
    failing.push({ key: 'a', value: 1, missed: 0 });
    failing.end(new Error('gone'));
    expect(await failing.pull()).toMatchObject({ type: 'item' });
    await expect(failing.pull()).rejects.toThrow('gone');
    const discarded = create();
    discarded.push({ key: 'a', value: 1, missed: 0 });
    discarded.discard();
    expect(await discarded.pull()).toEqual({ type: 'end' });
  });
});
