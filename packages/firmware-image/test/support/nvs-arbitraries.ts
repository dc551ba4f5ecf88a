import type { NvsEntry, NvsValue } from '@secure-esp/firmware-image/nvs';
import fc from 'fast-check';

const name = fc
  .array(fc.constantFrom(...Array.from('abcxyzABC019._- #",')), { minLength: 1, maxLength: 15 })
  .map((letters) => letters.join(''))
  .filter((text) => !/^(?:sta\.|ap\.)/.test(text));

/** What the reader of the generator's CSV leaves as it is. */
const text = fc
  .oneof(
    { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 200 }) },
    fc.integer({ min: 0, max: 3967 }).map((length) => 'y'.repeat(length)),
  )
  .filter((value) => !/[\0\r]|^#/m.test(value) && new TextEncoder().encode(value).length <= 3967);

const value = (maxBlobBytes: number): fc.Arbitrary<NvsValue> =>
  fc.oneof<fc.Arbitrary<NvsValue>[]>(
    fc.record({ type: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ type: fc.constant('i8' as const), value: fc.integer({ min: -128, max: 127 }) }),
    fc.record({ type: fc.constant('u16' as const), value: fc.integer({ min: 0, max: 65_535 }) }),
    fc.record({ type: fc.constant('i16' as const), value: fc.integer({ min: -32_768, max: 32_767 }) }),
    fc.record({ type: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffff_ffff }) }),
    fc.record({ type: fc.constant('i32' as const), value: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }) }),
    fc.record({ type: fc.constant('u64' as const), value: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) }),
    fc.record({ type: fc.constant('i64' as const), value: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }) }),
    fc.record({ type: fc.constant('string' as const), value: text }),
    fc.record({ type: fc.constant('blob' as const), value: fc.uint8Array({ maxLength: 100 }) }),
    fc.record({
      type: fc.constant('blob' as const),
      value: fc.integer({ min: 0, max: maxBlobBytes }).map((length) => new Uint8Array(length).fill(length & 0xff)),
    }),
  );

/** Entries of some namespaces, those of one after those of another, that fit 60 KiB. */
export const nvsContents = (maxBlobBytes: number): fc.Arbitrary<readonly NvsEntry[]> =>
  fc
    .uniqueArray(
      fc.tuple(name, fc.uniqueArray(fc.tuple(name, value(maxBlobBytes)), { maxLength: 12, selector: ([key]) => key })),
      { maxLength: 3, selector: ([namespace]) => namespace },
    )
    .map((spaces) =>
      spaces.flatMap(([namespace, entries]) => entries.map(([key, content]) => ({ namespace, key, ...content }))),
    )
    .filter((entries) => sizeOf(entries) < 48_000);

const sizeOf = (entries: readonly NvsEntry[]): number =>
  entries.reduce((sum, entry) => {
    if (entry.type === 'string') return sum + entry.value.length * 4 + 96;
    return sum + 96 + (entry.type === 'blob' ? entry.value.length : 0);
  }, 0);
