import { decimalText } from '../../decimal.js';
import type { FieldModel } from '../../model.js';
import { encodeUtf8 } from '../../utf8.js';
import { bad, good, NOT_UTF8, padded, withBytes, type PayloadCase, type Spelling } from './payload-case.js';
import { nearestZero } from './samples.js';
import { fixedText } from './json-tokens.js';
import { decimalBounds, enumSpellings, integerBounds } from './scalar-spellings.js';
import { shortestText, stringSpellings } from './string-spellings.js';

/** Every case of a text payload. Some are longer than the payload may be. */
export function textCases(model: FieldModel): readonly PayloadCase[] {
  const texts = spellings(model).map(({ what, text, accepted }) => ({
    name: `payload: ${what}`,
    bytes: encodeUtf8(text),
    accepted,
  }));
  const mark = '\ue000';
  const start = model.kind === 'string' ? 'a'.repeat(model.minBytes) : '';
  const notUtf8 = NOT_UTF8.map(([what, bytes]) => ({
    name: `payload: ${what}`,
    bytes: withBytes(start + mark, mark, bytes),
    accepted: false,
  }));
  return [...texts, ...notUtf8];
}

/** A text of exactly `bytes` bytes that would be valid if its length were, or close to it. */
export const textOfBytes = (model: FieldModel, bytes: number): string =>
  model.kind === 'string'
    ? padded(shortestText(model), model.format === 'https-url' ? '/' : 'a', bytes)
    : padded('', '1', bytes);

function spellings(model: FieldModel): readonly Spelling[] {
  switch (model.kind) {
    case 'string':
      return [
        ...stringSpellings(model, true),
        bad('NUL in it', `${'a'.repeat(model.minBytes)}\0`),
        ...(model.format === 'utf8' && model.maxBytes >= model.minBytes + 4
          ? [
              good('a byte order mark, which is a character like others', `\ufeff${'a'.repeat(model.minBytes)}`),
              good('a backslash, which escapes nothing', `${'a'.repeat(model.minBytes)}\\n`),
              good('quotation marks, which are part of it', `"${'a'.repeat(model.minBytes)}"`),
              good('a line feed at its end, which is part of it', `${'a'.repeat(model.minBytes)}\n`),
            ]
          : []),
      ];
    case 'integer':
      return [
        ...integerBounds(model.min, model.max),
        ...['.0', 'e0'].map((end) => bad(`${end} behind it`, `${String(nearestZero(model.min, model.max))}${end}`)),
        ...numberFaults(String(nearestZero(model.min, model.max))),
      ];
    case 'decimal': {
      const text = fixedText(nearestZero(model.min, model.max), model.decimals);
      return [
        ...decimalBounds(model),
        good(`${text}, with all its decimals`, text),
        bad('one decimal too many, which is zero', `${text}0`),
        bad('a comma for the point', text.replace('.', ',')),
        bad('an exponent of ten', `${text}e0`),
        ...numberFaults(decimalText(nearestZero(model.min, model.max), model.decimals)),
      ];
    }
    case 'boolean':
      return [
        good('1', '1'),
        good('0', '0'),
        ...around('1'),
        ...['2', '00', '01', 'true', 'false', 'on'].map((text) => bad(`"${text}"`, text)),
        bad('no byte', ''),
      ];
    case 'enum':
      return [...enumSpellings(model.values), ...around(model.values[0] ?? '')];
    case 'literal':
    case 'array':
    case 'object':
    case 'union':
      throw new TypeError(`no text payload is a ${model.kind}`);
  }
}

/** What is wrong in every number; `text` is a valid one. */
function numberFaults(text: string): readonly Spelling[] {
  const sign = text.startsWith('-') ? '-' : '';
  const digits = text.slice(sign.length);
  return [
    ...(text === '0' ? [good('-0', '-0')] : []),
    bad('beyond 64 bits', '18446744073709551616'),
    bad('no byte', ''),
    bad('a leading zero', `${sign}0${digits}`),
    bad('a plus sign', `+${digits}`),
    bad('two signs', `--${digits}`),
    bad('a sign without digits', '-'),
    bad('a point without digits behind it', `${text}.`),
    bad('a point without digits before it', '.5'),
    bad('hexadecimal', '0x0'),
    bad('a letter', 'a'),
    bad('a digit outside of ASCII', '٣'),
    ...around(text),
  ];
}

/** White space and quotation marks are never left out. */
const around = (text: string): readonly Spelling[] => [
  bad(`a space before ${text}`, ` ${text}`),
  bad(`a space behind ${text}`, `${text} `),
  bad(`a line feed behind ${text}`, `${text}\n`),
  bad(`NUL behind ${text}`, `${text}\0`),
  bad(`quotation marks around ${text}`, `"${text}"`),
];
