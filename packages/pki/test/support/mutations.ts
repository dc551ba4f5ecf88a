import fc from 'fast-check';

/** One way of damaging bytes; several in a row make a mutation. */
type Damage = (bytes: Buffer) => Buffer;

const at = fc.nat(0xffff);
const place = (bytes: Buffer, position: number): number => (bytes.length === 0 ? 0 : position % bytes.length);

const replaced = (bytes: Buffer, from: number, count: number, insert: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + count)]);

const damage: fc.Arbitrary<Damage> = fc.oneof(
  // a bit, a byte, a few bytes, a run taken out, a run doubled, an end cut off, something appended
  fc.tuple(at, fc.nat(7)).map(([position, bit]): Damage => (bytes) => {
    const from = place(bytes, position);
    return bytes.length === 0 ? bytes : replaced(bytes, from, 1, Buffer.of((bytes[from] ?? 0) ^ (1 << bit)));
  }),
  fc.tuple(at, fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0x81, 0x84, 0xff, 0x30, 0x31, 0x05, 0xa0)).map(
    ([position, byte]): Damage =>
      (bytes) =>
        replaced(bytes, place(bytes, position), 1, Buffer.of(byte)),
  ),
  fc.tuple(at, fc.uint8Array({ minLength: 1, maxLength: 8 })).map(
    ([position, insert]): Damage =>
      (bytes) =>
        replaced(bytes, place(bytes, position), 0, insert),
  ),
  fc.tuple(at, fc.integer({ min: 1, max: 40 })).map(
    ([position, count]): Damage =>
      (bytes) =>
        replaced(bytes, place(bytes, position), count, Buffer.alloc(0)),
  ),
  fc.tuple(at, fc.integer({ min: 1, max: 40 })).map(([position, count]): Damage => (bytes) => {
    const from = place(bytes, position);
    return replaced(bytes, from, 0, bytes.subarray(from, from + count));
  }),
  at.map(
    (position): Damage =>
      (bytes) =>
        bytes.subarray(0, place(bytes, position)),
  ),
  fc.uint8Array({ minLength: 1, maxLength: 8 }).map(
    (more): Damage =>
      (bytes) =>
        Buffer.concat([bytes, more]),
  ),
);

/** Variants of the given bytes with one to three damages. */
export const mutationsOf = (bytes: Buffer): fc.Arbitrary<Buffer> =>
  fc
    .array(damage, { minLength: 1, maxLength: 3 })
    .map((damages) => damages.reduce((current, change) => change(current), bytes));
