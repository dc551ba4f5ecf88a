/** The rest of a file: the bytes from `start` up to its end at `total`. */
export interface ContentRange {
  readonly start: number;
  readonly total: number;
}

/** Fifteen digits are integers of JavaScript; a file of more bytes fits no slot. */
const REST = /^bytes ([0-9]{1,15})-([0-9]{1,15})\/([0-9]{1,15})$/i;

/**
 * Reads a `Content-Range` (RFC 9110, 14.4) that goes up to the end of the file; `undefined` for every other one: another
 * unit, an unknown total, a part that ends early, a repeated header.
 */
export const parseContentRange = (value: string | undefined): ContentRange | undefined => {
  const match = REST.exec(value ?? '');
  if (match === null) return undefined;
  const [start = NaN, last = NaN, total = NaN] = match.slice(1).map(Number);
  return start <= last && last + 1 === total ? { start, total } : undefined;
};
