import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedQueue } from '../../src/streams/bounded-queue.js';

describe('a bounded queue', () => {
  it('loses only the oldest, counts exactly what it lost, and keeps the order', async () => {
    const step = fc.oneof(fc.record({ push: fc.integer({ min: 1, max: 9 }) }), fc.constant('pull' as const));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 40 }), async (limit, steps) => {
        const queue = new BoundedQueue<number>(limit);
        let pushed = 0;
        let next = 0;
        const read = async (): Promise<boolean> => {
          const pulled = await queue.pull();
          if (pulled.type === 'item') expect(pulled.item).toBe(next);
          if (pulled.type === 'end') return false;
          next += pulled.type === 'item' ? 1 : pulled.count;
          return true;
        };
        for (const one of steps) {
          if (one !== 'pull') for (let count = one.push; count > 0; count -= 1) queue.push(pushed++);
          else if (next < pushed) await read();
          expect(pushed - next).toBeLessThanOrEqual(pushed);
        }
        queue.end();
        while (await read());
        expect(next).toBe(pushed);
      }),
    );
  });

  it('wakes a waiting reader, and throws its error once, after what was queued', async () => {
    const queue = new BoundedQueue<string>(2);
    const waiting = queue.pull();
    queue.push('a');
    expect(await waiting).toEqual({ type: 'item', item: 'a' });
    queue.push('b');
    queue.end(new Error('gone'));
    queue.push('too late');
    expect(await queue.pull()).toEqual({ type: 'item', item: 'b' });
    await expect(queue.pull()).rejects.toThrow('gone');
    expect(await queue.pull()).toEqual({ type: 'end' });
  });

  it('forgets everything when discarded', async () => {
    const queue = new BoundedQueue<string>(1);
    queue.push('a');
    queue.push('b');
    queue.discard();
    expect(await queue.pull()).toEqual({ type: 'end' });
  });
});
