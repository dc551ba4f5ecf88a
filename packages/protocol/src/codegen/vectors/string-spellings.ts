import type { StringField } from '../../fields.js';
import { bad, good, type Spelling } from './payload-case.js';

/** A text of the format with exactly so many bytes; `undefined` if the format has none. */
export function textOfBytes(format: StringField['format'], bytes: number): string | undefined {
  if (format !== 'https-url') return 'a'.repeat(bytes);
  const shortest = 'https://h';
  if (bytes < shortest.length) return undefined;
  return bytes === shortest.length ? shortest : `${shortest}/${'a'.repeat(bytes - shortest.length - 1)}`;
}

/** The shortest text in the field. */
export const shortestText = ({ format, minBytes, maxBytes }: StringField): string =>
  textOfBytes(format, minBytes) ?? textOfBytes(format, Math.min(9, maxBytes)) ?? '';

/** Texts at and beyond the bounds of a string, and at the edges of its format: one fault, or with `allFaults` all. */
export function stringSpellings(field: StringField, allFaults: boolean): readonly Spelling[] {
  const format = formatSpellings(field);
  const faults = format.filter(({ accepted }) => !accepted);
  return [...lengths(field), ...multiByte(field), ...(allFaults ? format : faults.slice(0, 1))];
}

function lengths({ format, minBytes, maxBytes }: StringField): readonly Spelling[] {
  const of = (bytes: number): string | undefined => (bytes < 0 ? undefined : textOfBytes(format, bytes));
  const spellings: (Spelling | undefined)[] = [
    goodIf(`${bytesOf(minBytes)}, its least`, of(minBytes)),
    maxBytes === minBytes ? undefined : goodIf(`${bytesOf(maxBytes)}, its most`, of(maxBytes)),
    badIf(`${bytesOf(minBytes - 1)}, one too few`, of(minBytes - 1)),
    badIf(`${bytesOf(maxBytes + 1)}, one too many`, of(maxBytes + 1)),
    // The empty string is in the format of all but URLs.
    minBytes > 1 || format === 'https-url' ? bad('empty', '') : undefined,
  ];
  return spellings.filter((spelling) => spelling !== undefined);
}

/** Bounds are in bytes: a reader that counts characters or UTF-16 units takes these for others. */
function multiByte({ format, minBytes, maxBytes }: StringField): readonly Spelling[] {
  if (format !== 'utf8') return [];
  const cases: Spelling[] = [];
  if (maxBytes >= 2) cases.push(good('two-byte character up to its last byte', `${'a'.repeat(maxBytes - 2)}é`));
  if (maxBytes >= 1) cases.push(bad('two-byte character across its last byte', `${'a'.repeat(maxBytes - 1)}é`));
  if (maxBytes >= 4) cases.push(good('four-byte character up to its last byte', `${'a'.repeat(maxBytes - 4)}😀`));
  if (maxBytes >= 3) cases.push(bad('four-byte character across its last byte', `${'a'.repeat(maxBytes - 3)}😀`));
  if (minBytes === 2) cases.push(good('one character of two bytes', 'é'));
  return cases;
}

function formatSpellings(field: StringField): readonly Spelling[] {
  switch (field.format) {
    case 'utf8':
      return fitting(field, [good('a control character that JSON does not refuse', '\u007f')]);
    case 'identifier':
      return inPlaceOfTheLast(field, ['Z', '9', '_', '-'], ['.', ' ', '/', '+', '#', 'é']);
    case 'hex':
      return inPlaceOfTheLast(field, ['0', '9', 'f'], ['A', 'F', 'g', '-', ' ']);
    case 'https-url':
      return fitting(field, URLS);
  }
}

function inPlaceOfTheLast(field: StringField, inside: string[], outside: string[]): readonly Spelling[] {
  const bytes = Math.max(1, field.minBytes);
  // A character of two bytes takes the place of two.
  const ending = (char: string): string => 'a'.repeat(Math.max(0, bytes - (char < '\u0080' ? 1 : 2))) + char;
  return fitting(field, [
    ...inside.map((char) => good(`${JSON.stringify(char)} in it`, ending(char))),
    ...outside.map((char) => bad(`${JSON.stringify(char)} in it`, ending(char))),
  ]);
}

/** Without those whose length would be a second fault. */
function fitting({ minBytes, maxBytes }: StringField, spellings: readonly Spelling[]): readonly Spelling[] {
  const encoder = new TextEncoder();
  return spellings.filter(({ text }) => {
    const { length } = encoder.encode(text);
    return length >= minBytes && length <= maxBytes;
  });
}

/** See `isHttpsUrl` for the grammar. */
const URLS: readonly Spelling[] = [
  good('scheme in capitals', 'HTTPS://h'),
  good('lowest port', 'https://h:1'),
  good('highest port', 'https://h:65535/'),
  good('leading zeros of a port', 'https://h:00443'),
  good('address of IPv6', 'https://[::1]:8070/f.bin'),
  good('query without a path', 'https://h?x=1'),
  good('at sign in the path', 'https://h/a@b'),
  bad('scheme http', 'http://host'),
  bad('scheme of another length', 'httpss://h'),
  bad('one slash', 'https:/host'),
  bad('no host', 'https://'),
  bad('no host but a port', 'https://:443/'),
  bad('no host but a path', 'https:///a'),
  bad('user name', 'https://u@h'),
  bad('user name and password', 'https://u:p@h/'),
  bad('fragment', 'https://h/#a'),
  bad('port 0', 'https://h:0'),
  bad('port 65536', 'https://h:65536'),
  bad('port of six digits', 'https://h:000443'),
  bad('colon without a port', 'https://h:/'),
  bad('open bracket', 'https://[::1'),
  bad('space', 'https://h/ a'),
  bad('space before it', ' https://h'),
  bad('line feed behind it', 'https://h\n'),
  bad('backslash', 'https://h\\a'),
  bad('quotation mark', 'https://h/"'),
  bad('brace', 'https://h/{'),
  bad('character outside of ASCII in the path', 'https://h/é'),
  bad('character outside of ASCII in the host', 'https://é/'),
  bad('underscore in the host', 'https://h_h'),
];

const bytesOf = (count: number): string => (count === 1 ? '1 byte' : `${String(count)} bytes`);
const goodIf = (what: string, text: string | undefined): Spelling | undefined =>
  text === undefined ? undefined : good(what, text);
const badIf = (what: string, text: string | undefined): Spelling | undefined =>
  text === undefined ? undefined : bad(what, text);
