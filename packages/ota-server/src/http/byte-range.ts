/** What a `Range` field asks of a file of `size` bytes. `end` is inclusive. */
export type RangeVerdict =
  | { readonly kind: 'full' }
  | { readonly kind: 'range'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

const FULL: RangeVerdict = Object.freeze({ kind: 'full' });
const UNSATISFIABLE: RangeVerdict = Object.freeze({ kind: 'unsatisfiable' });
const SINGLE = /^bytes=[ \t]*(?:([0-9]+)-([0-9]*)|-([0-9]+))[ \t]*$/i;
/** More digits than any file has bytes; beyond this a number is as good as infinite. */
const MAX_DIGITS = 15;

const toNumber = (digits: string): number => (digits.length > MAX_DIGITS ? Number.MAX_SAFE_INTEGER : Number(digits));

/**
 * RFC 9110 clause 14: one range or one suffix. Another unit, a malformed field and several ranges are answered with the
 * whole file, which the RFC allows and every client understands.
 */
export function parseRange(field: string | undefined, size: number): RangeVerdict {
  const match = field === undefined ? null : SINGLE.exec(field);
  if (match === null) return FULL;
  const [, first, last = '', suffix] = match;
  if (first === undefined) {
    const length = toNumber(suffix ?? '0');
    return length === 0 || size === 0
      ? UNSATISFIABLE
      : { kind: 'range', start: Math.max(0, size - length), end: size - 1 };
  }
  const start = toNumber(first);
  const end = last === '' ? Number.MAX_SAFE_INTEGER : toNumber(last);
  if (end < start) return FULL;
  return start >= size ? UNSATISFIABLE : { kind: 'range', start, end: Math.min(end, size - 1) };
}
