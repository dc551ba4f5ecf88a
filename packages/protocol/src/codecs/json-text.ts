import { hasUnencodable } from '../utf8.js';

/** A JSON text that `JSON.parse` may read, or why not. */
export type JsonText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly detail: string };

const STRING = /"(?:[^"\\]|\\.)*"/sy;
const NUMBER = /-?[0-9][-+.0-9eE]*/y;
const NUMBER_PARTS = /^-?(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/** Stand for all numbers that no contract allows: what is no integer, and what is beyond ±(2^53-1). */
const NO_INTEGER = '0.5';
const TOO_LARGE = '9007199254740992';

/**
 * Enforces on the source text what `JSON.parse` cannot see afterwards, in one pass:
 *
 * - nesting of at most `maxDepth`;
 * - no `\u0000` and no lone surrogate in any string, be it a key, an ignored member or a value that a duplicate key
 *   overrides;
 * - numbers by their exact decimal value: `1.00000000000000000001` is not the integer that a double rounds it to. A
 *   number whose exact value is no integer is handed on as one that no rounding makes an integer, and `-0` as `0`.
 *
 * Grammar is left to the parser: a text that is not JSON stays one that is not JSON.
 */
export function toJsonText(source: string, maxDepth: number): JsonText {
  const parts: string[] = [];
  let depth = 0;
  for (let at = 0; at < source.length;) {
    const char = source[at] ?? '';
    let part = char;
    if (char === '"') {
      const string = matchAt(STRING, source, at);
      if (string === undefined) return { ok: false, detail: 'is not valid JSON' };
      if (string.includes('\\') && holdsUnencodable(string)) {
        return { ok: false, detail: 'holds \\u0000 or a lone surrogate' };
      }
      at += string.length - 1;
      part = string;
    } else if (char === '{' || char === '[') {
      depth++;
      if (depth > maxDepth) return { ok: false, detail: `nests deeper than ${String(maxDepth)} levels` };
    } else if (char === '}' || char === ']') depth--;
    else {
      const number = matchAt(NUMBER, source, at);
      if (number !== undefined) {
        at += number.length - 1;
        part = exactNumber(number);
      }
    }
    parts.push(part);
    at++;
  }
  return { ok: true, text: parts.join('') };
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

function exactNumber(token: string): string {
  const [match, whole = '', fraction = '', exponent = '0'] = NUMBER_PARTS.exec(token) ?? [];
  if (match === undefined) return token;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return '0';
  // Trailing zeros by a loop: /0+$/ would try every run of zeros.
  let significant = digits.length;
  while (digits[significant - 1] === '0') significant--;
  const scale = Number(exponent) - fraction.length + (digits.length - significant);
  if (scale < 0) return NO_INTEGER;
  return significant + scale <= 16 ? token : (token.startsWith('-') ? '-' : '') + TOO_LARGE;
}
