import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockCache } from '../../src/stores/block-cache.js';

const never = () => Promise.reject<Uint8Array>(new Error('loaded again'));
const loading = (size: number) => () => Promise.resolve(new Uint8Array(size).fill(size));

describe('the block cache', () => {
  it('loads a block once for all who hold it, and for those who come later', async () => {
    const cache = new BlockCache(100);
    const first = cache.hold('a', 10, loading(10));
    const second = cache.hold('a', 10, never);
    expect(await first?.bytes).toBe(await second?.bytes);
    first?.release();
    second?.release();
    expect(await cache.hold('a', 10, never)?.bytes).toHaveLength(10);
  });

  it('makes room by dropping what was used longest ago, and never what is held', async () => {
    const cache = new BlockCache(30);
    const [a, b, c] = ['a', 'b', 'c'].map((key) => cache.hold(key, 10, loading(10)));
    a?.release();
    b?.release();
    cache.hold('a', 10, never)?.release();
    cache.hold('d', 10, loading(10))?.release();
    expect(await cache.hold('a', 10, never)?.bytes).toHaveLength(10);
    await expect(cache.hold('b', 10, never)?.bytes).rejects.toThrow('loaded again');
    expect(await c?.bytes).toHaveLength(10);
  });

  it('has no room while blocks in use fill it, nor for a block larger than itself', () => {
    const cache = new BlockCache(20);
    const held = cache.hold('a', 20, loading(20));
    expect(cache.hold('b', 1, loading(1))).toBeUndefined();
    held?.release();
    held?.release();
    expect(cache.hold('c', 21, loading(21))).toBeUndefined();
    expect(cache.hold('b', 1, loading(1))).toBeDefined();
    expect(new BlockCache(0).hold('a', 1, loading(1))).toBeUndefined();
  });

  it('fails for all who waited for a block that cannot be loaded, and tries again for the next', async () => {
    const cache = new BlockCache(10);
    const failing = () => Promise.reject<Uint8Array>(new Error('the disk is gone'));
    const waiting = [cache.hold('a', 10, failing), cache.hold('a', 10, never)];
    for (const block of waiting) await expect(block?.bytes).rejects.toThrow('the disk is gone');
    for (const block of waiting) block?.release();
    expect(await cache.hold('a', 10, loading(10))?.bytes).toHaveLength(10);
  });

  it('lets nobody transfer a block away from the others', async () => {
    const cache = new BlockCache(10);
    const bytes = await cache.hold('a', 10, loading(10))?.bytes;
    try {
      structuredClone(bytes, { transfer: [bytes?.buffer as ArrayBuffer] });
    } catch {
      // from Node.js 21 on; before, the clone is a copy
    }
    expect(bytes).toHaveLength(10);
  });

  it('never holds more than it may, whatever is held and released, and still loads all there is room for', async () => {
    const step = fc.record({ key: fc.integer({ min: 0, max: 9 }), release: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 60 }), async (steps, maxBytes) => {
        const cache = new BlockCache(maxBytes);
        const held = new Map<number, Set<() => void>>();
        const sizeOf = (key: number) => key + 1;
        for (const { key, release } of steps) {
          const [end] = held.get(key) ?? [];
          if (release && end !== undefined) {
            end();
            held.get(key)?.delete(end);
            if (held.get(key)?.size === 0) held.delete(key);
            continue;
          }
          const inUse = [...held.keys()].reduce((sum, other) => sum + sizeOf(other), 0);
          const block = cache.hold(`${key}`, sizeOf(key), loading(sizeOf(key)));
          expect(block !== undefined).toBe(held.has(key) || inUse + sizeOf(key) <= maxBytes);
          if (block === undefined) continue;
          expect(await block.bytes).toHaveLength(sizeOf(key));
          held.set(
            key,
            (held.get(key) ?? new Set()).add(() => {
              block.release();
            }),
          );
        }
      }),
    );
  });
});
