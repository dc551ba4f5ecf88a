import type { StringField } from '../../fields.js';
import type { DecimalModel } from '../../model.js';
import { bad, good, type Spelling } from './payload-case.js';
import { nearestZero } from './samples.js';

/** How the integer `value`, which a field allows, can be written, and how not. */
export function numberSpellings(value: number): readonly Spelling[] {
  const text = String(value);
  const tenfold = value === 0 ? '0' : `${text}0`;
  const sign = value < 0 ? '-' : '';
  const digits = String(Math.abs(value));
  // Towards zero, so that being no integer stays the only fault.
  const fraction = value < 0 ? `-${String(-value - 1)}.5` : `${text}.5`;
  return [
    good(`${text}.0, which is that integer`, `${text}.0`),
    good(`${tenfold}e-1, which is that integer`, `${tenfold}e-1`),
    good(`${text}E+0, which is that integer`, `${text}E+0`),
    good(
      `${sign}0.${digits}e${String(digits.length)}, which is that integer`,
      `${sign}0.${digits}e${String(digits.length)}`,
    ),
    ...(value === 0 ? [good('-0', '-0'), good('0e99999', '0e99999')] : []),
    bad(`${fraction}, no integer`, fraction),
    bad('an integer only once it is rounded', `${text}.00000000000000000001`),
    bad('above the range of a double', '1e400'),
    bad('below the range of a double', '-1e400'),
    bad('beyond 64 bits', '18446744073709551616'),
    bad('a leading zero', `${sign}0${digits === '0' ? '0' : digits}`),
    bad('a plus sign', `+${digits}`),
    bad('a point without digits behind it', `${text}.`),
    bad('a point without digits before it', '.5'),
    bad('an exponent without digits', `${text}e`),
    bad('a sign without digits', '-'),
    bad('hexadecimal', '0x0'),
    bad('digits with an underscore', '1_0'),
    bad('NaN', 'NaN'),
    bad('Infinity', 'Infinity'),
  ];
}

/** How a value of a decimal field can be written, and how not. */
export function decimalSpellings({ min, max, decimals }: DecimalModel): readonly Spelling[] {
  const scaled = nearestZero(min, max);
  const text = fixedText(scaled, decimals);
  const exponent = `${String(scaled)}e-${String(decimals)}`;
  return [
    good(`${text}, with all its decimals`, text),
    good(`${text}0, with a zero more`, `${text}0`),
    good(`${exponent}, which is that number`, exponent),
    ...(scaled === 0 ? [good('-0', '-0'), good('-0.0', '-0.0')] : []),
    bad('one decimal too many', `${text}1`),
    bad('a decimal far behind the others', `${text}00000000000000000001`),
    bad('above the range of a double', '1e400'),
    bad('a point without digits behind it', `${text.slice(0, text.indexOf('.'))}.`),
    // With a zero behind it: in an array, `0,0` would be two good items.
    bad('a comma for the point', text.replace('.', ',0')),
  ];
}

/** The decimal text with all decimals: `21.50`. */
export const fixedText = (scaled: number, decimals: number): string => {
  const digits = String(Math.abs(scaled)).padStart(decimals + 1, '0');
  return `${scaled < 0 ? '-' : ''}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
};

/** Room that every {@link stringTokens} needs beyond the least of a string, bytes. */
const ROOM = 4;

/** The tokens for a string field; none if the field is too narrow for them. */
export function stringTokens({ format, minBytes, maxBytes }: StringField): readonly Spelling[] {
  if (format !== 'utf8' || maxBytes < minBytes + ROOM) return [];
  return [...characterTokens('a'.repeat(minBytes)), ...boundTokens(maxBytes)];
}

/** The bound counts what the escapes stand for. */
function boundTokens(maxBytes: number): readonly Spelling[] {
  const escaped = (count: number): string => `"${String.raw`\u0061`.repeat(count)}"`;
  return maxBytes > 64
    ? []
    : [
        good('its most bytes, all escaped', escaped(maxBytes)),
        bad('one byte too many, all escaped', escaped(maxBytes + 1)),
      ];
}

/** String tokens with one special thing behind `start`. */
export function characterTokens(start: string): readonly Spelling[] {
  const quoted = (content: string): string => `"${start}${content}"`;
  const escapes = String.raw`\" \\ \/ \b \f \n \r \t \u0041 \u00e9 \u20AC \ud83d\ude00 \uD83D\uDE00`.split(' ');
  const raw = { é: 'two bytes', '€': 'three bytes', '😀': 'four bytes', '\u2028': 'U+2028', '\ufeff': 'U+FEFF' };
  const surrogates: readonly (readonly [string, string])[] = [
    ['a high surrogate alone', String.raw`\ud83d`],
    ['a low surrogate alone', String.raw`\ude00`],
    ['surrogates in the wrong order', String.raw`\ude00\ud83d`],
    ['a high surrogate before another escape', String.raw`\ud83d\u0041`],
    ['a high surrogate before a letter', String.raw`\ud83dx`],
  ];
  const malformed = String.raw`\x41 \v \' \U0041 \u12 \u12g4`.split(' ');
  return [
    ...escapes.map((escape) => good(`the escape ${escape}`, quoted(escape))),
    ...Object.entries(raw).map(([char, what]) => good(`a character of ${what}, as it is`, quoted(char))),
    bad(String.raw`the escape \u0000`, quoted(String.raw`\u0000`)),
    ...surrogates.map(([what, escape]) => bad(what, quoted(escape))),
    ...malformed.map((escape) => bad(`the escape ${escape}, which JSON does not have`, quoted(escape))),
    bad('a tab as it is', quoted('\t')),
    bad('a line feed as it is', quoted('\n')),
    bad('NUL as it is', quoted('\0')),
    bad('an escaped quotation mark and no other', quoted('\\')),
    bad('apostrophes for quotation marks', `'${start}'`),
  ];
}

/** A string token whose first character is escaped; it means the same. */
export function escapedFirst(text: string): string {
  const code = text.charCodeAt(0).toString(16).padStart(4, '0');
  return `"\\u${code}${JSON.stringify(text.slice(1)).slice(1)}`;
}
