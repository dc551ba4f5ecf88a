import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/flash/byte-store.js';
import { createSectorPool } from '../../src/flash/sector-pool.js';

const SIZE = 5 * 4096;
const SECTOR = 4096;

describe('a memory store', () => {
  const operation = fc.record({
    store: fc.nat(1),
    offset: fc.oneof(
      fc.nat(SIZE - 1),
      fc.nat(4).map((page) => page * SECTOR),
    ),
    length: fc.oneof(fc.constantFrom(0, 1, SECTOR, 2 * SECTOR), fc.nat(2 * SECTOR)),
    byte: fc.constantFrom(0xff, 0x00, 0x5a),
  });

  it('holds what a plain array holds, whatever another store that shares its sectors is told', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const stores = [createMemoryStore(), createMemoryStore()];
        const models = stores.map(() => new Uint8Array(SIZE).fill(0xff));
        for (const { store, offset, length, byte } of operations) {
          const bytes = new Uint8Array(Math.min(length, SIZE - offset)).fill(byte);
          stores[store]?.put(offset, bytes);
          models[store]?.set(bytes, offset);
        }
        for (const [index, store] of stores.entries()) {
          expect(Buffer.compare(store.read(0, SIZE), models[index] ?? new Uint8Array())).toBe(0);
        }
      }),
    );
  });

  it('gives and takes copies', () => {
    const store = createMemoryStore();
    const bytes = new Uint8Array(SECTOR).fill(1);
    store.put(0, bytes);
    bytes.fill(2);
    store.read(0, SECTOR).fill(3);
    expect(store.read(0, SECTOR)).toEqual(new Uint8Array(SECTOR).fill(1));
  });
});

describe('a sector pool', () => {
  it('keeps equal bytes once, and others apart', () => {
    const pool = createSectorPool();
    const first = pool.share(Uint8Array.of(1, 2, 3));
    expect(pool.share(Uint8Array.of(1, 2, 3))).toBe(first);
    expect(pool.share(Uint8Array.of(1, 2, 4))).not.toBe(first);
    expect(pool.share(Uint8Array.of(1, 2))).not.toBe(first);
  });
});
