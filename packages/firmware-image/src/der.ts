import { viewOf } from './bytes.js';

/** Just enough of DER (X.690) to recognise private keys: definite lengths, single-byte tags, everything bounded. */
export interface Tlv {
  readonly tag: number;
  /** The value is `[start, end)` of the same bytes; `end` is also where the next element begins. */
  readonly start: number;
  readonly end: number;
}

export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  context0: 0xa0,
  context1: 0xa1,
} as const;

/** The element at `offset`, or `undefined` when it is malformed or reaches beyond `limit`. */
export const readTlv = (bytes: Uint8Array, offset: number, limit: number): Tlv | undefined => {
  if (limit - offset < 2) return undefined;
  const view = viewOf(bytes);
  const tag = view.getUint8(offset);
  const first = view.getUint8(offset + 1);
  if (first < 0x80) {
    const start = offset + 2;
    return first <= limit - start ? { tag, start, end: start + first } : undefined;
  }
  const count = first - 0x80;
  if (count < 1 || count > 3 || limit - offset - 2 < count) return undefined;
  let length = 0;
  for (let index = 0; index < count; index += 1) length = length * 256 + view.getUint8(offset + 2 + index);
  const start = offset + 2 + count;
  // A shorter form would have been possible: not DER.
  if (length < 0x80 || length < 256 ** (count - 1)) return undefined;
  return length <= limit - start ? { tag, start, end: start + length } : undefined;
};

/** A private key has at most ten elements per level. Without a bound, a hostile file makes every offset cost its whole rest. */
const MAX_CHILDREN = 16;

/** All elements inside `outer`, or `undefined` unless they fill it exactly and are at most 16. */
export const readChildren = (bytes: Uint8Array, outer: Tlv): readonly Tlv[] | undefined => {
  const children: Tlv[] = [];
  let offset = outer.start;
  while (offset < outer.end) {
    const child = readTlv(bytes, offset, outer.end);
    if (child === undefined || children.length === MAX_CHILDREN) return undefined;
    children.push(child);
    offset = child.end;
  }
  return children;
};
