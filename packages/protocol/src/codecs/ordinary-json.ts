import { KEPT_DIGITS, type JsonBounds } from './json-text.js';

/**
 * Matches JSON as programs write it: no escapes, numbers of few digits without an exponent, no deeper than the bounds.
 * `toJsonText` would change nothing in such a text that `JSON.parse` could tell, so it need not run, which takes longer
 * than the parser itself. What does not match is not wrong, but read with more care.
 *
 * Linear in the length of the text: no two alternatives begin with the same character, and what follows a repetition is
 * never what it repeats, so there is one way to match at most, and a way back out of each character.
 */
export function ordinaryJson({ maxDepth, maxDecimals }: JsonBounds): RegExp {
  const token = `"[^"\\\\]*"|${ordinaryNumber(maxDecimals)}|[^"0-9[{\\]}\\\\-]`;
  // JSON.parse tells which bracket closes which: to count them is enough.
  let nested = `(?:${token})*`;
  for (let depth = 0; depth < maxDepth; depth++) nested = `(?:${token}|[[{]${nested}[\\]}])*`;
  return new RegExp(`^${nested}$`);
}

/** Numbers whose exact value a double keeps, without `-0`; `(?!…)` makes it the whole number. */
function ordinaryNumber(maxDecimals: number): string {
  const whole = `(?:0|-?[1-9][0-9]{0,${String(KEPT_DIGITS - maxDecimals - 1)}})`;
  const fraction = maxDecimals === 0 ? '' : `(?:\\.[0-9]{1,${String(maxDecimals)}})?`;
  return `${whole}${fraction}(?![0-9.eE])`;
}
