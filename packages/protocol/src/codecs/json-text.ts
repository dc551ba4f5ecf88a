import { hasUnencodable } from '../utf8.js';

/** A JSON text that `JSON.parse` may read, or why not. */
export type JsonText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly detail: string };

const STRING = /"(?:[^"\\]|\\.)*"/sy;
const NUMBER = /-?[0-9][-+.0-9eE]*/y;
const NUMBER_PARTS = /^-?(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/** Stand for numbers that no field allows: what has too many decimals, and what is an integer beyond ±(2^53-1). */
const TOO_FINE = '1e-10';
const TOO_LARGE = '9007199254740992';

/** Digits that a double keeps whatever they are (IEEE 754): two decimals of no more are two doubles. */
export const KEPT_DIGITS = 15;

/** What decoders bound by the schema before the parser runs. */
export interface JsonBounds {
  /** Levels of objects and arrays. */
  readonly maxDepth: number;
  /** The most decimals of any number in the schema; 0..9. */
  readonly maxDecimals: number;
}

/**
 * Enforces on the source text what `JSON.parse` cannot see afterwards, in one pass:
 *
 * - nesting of at most `maxDepth`;
 * - no `\u0000` and no lone surrogate in any string, be it a key, an ignored member or a value that a duplicate key
 *   overrides;
 * - numbers by their exact decimal value: `1.00000000000000000001` is not the integer that a double rounds it to. A
 *   number that no field of the schema allows is handed on as one that no rounding makes valid, and `-0` as `0`.
 *
 * Grammar is left to the parser: a text that is not JSON stays one that is not JSON.
 */
export function toJsonText(source: string, { maxDepth, maxDecimals }: JsonBounds): JsonText {
  let text = '';
  let copied = 0;
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    const char = source[at] ?? '';
    if (char === '"') {
      const string = matchAt(STRING, source, at);
      if (string === undefined) return { ok: false, detail: 'is not valid JSON' };
      if (string.includes('\\') && holdsUnencodable(string)) {
        return { ok: false, detail: 'holds \\u0000 or a lone surrogate' };
      }
      at += string.length - 1;
    } else if (char === '{' || char === '[') {
      depth++;
      if (depth > maxDepth) return { ok: false, detail: `nests deeper than ${String(maxDepth)} levels` };
    } else if (char === '}' || char === ']') depth--;
    else {
      const number = matchAt(NUMBER, source, at);
      if (number === undefined) continue;
      const exact = exactNumber(number, maxDecimals);
      if (exact !== number) {
        text += source.slice(copied, at) + exact;
        copied = at + number.length;
      }
      at += number.length - 1;
    }
  }
  return { ok: true, text: text + source.slice(copied) };
}

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

/** A string that is not JSON is left to the parser. */
function holdsUnencodable(token: string): boolean {
  try {
    return hasUnencodable(JSON.parse(token) as string);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function exactNumber(token: string, maxDecimals: number): string {
  const [match, whole = '', fraction = '', exponent = '0'] = NUMBER_PARTS.exec(token) ?? [];
  if (match === undefined) return token;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return '0';
  // Trailing zeros by a loop: /0+$/ would try every run of zeros.
  let significant = digits.length;
  while (digits[significant - 1] === '0') significant--;
  const scale = Number(exponent) - fraction.length + (digits.length - significant);
  const sign = token.startsWith('-') ? '-' : '';
  if (scale >= 0) return significant + scale <= 16 ? token : sign + TOO_LARGE;
  if (-scale > maxDecimals) return TOO_FINE;
  return significant <= KEPT_DIGITS ? token : sign + tooManyDigits(-scale);
}

/** The smallest number of 16 digits and just as many decimals: too large for all fields with these, too fine for others. */
const tooManyDigits = (decimals: number): string =>
  `1${'0'.repeat(KEPT_DIGITS - decimals)}.${'0'.repeat(decimals - 1)}1`;
