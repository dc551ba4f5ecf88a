import { depthOf, type FieldModel } from '../../model.js';
import { encodeUtf8 } from '../../utf8.js';
import { fieldCases } from './json-fields.js';
import { spell } from './json-node.js';
import { bad, good, Once, padded, type PayloadCase, type Spelling } from './payload-case.js';
import { rootPlace } from './place.js';
import { smallest } from './samples.js';

/** Every case of a JSON payload. Some are longer than the payload may be. */
export function jsonCases(model: FieldModel): readonly PayloadCase[] {
  const texts = [...around(model), ...instead()].map(({ what, text, accepted }) => ({
    name: `payload: ${what}`,
    bytes: encodeUtf8(text),
    accepted,
  }));
  return [...texts, ...fieldCases(model, rootPlace(depthOf(model), new Once(), fieldCases))];
}

/** The payload of exactly `bytes` bytes, by spaces behind it. */
export const jsonOfBytes = (model: FieldModel, bytes: number): string => padded(spell(smallest(model)), ' ', bytes);

/** The smallest payload, and what stands around its tokens. */
function around(model: FieldModel): readonly Spelling[] {
  const node = smallest(model);
  const text = spell(node);
  return [
    good('all white space of JSON between its tokens', ` \t\r\n${spell(node, ' \t\r\n')}\n`),
    ...['\u00a0', '\v', '\f', '\u2028'].map((char) =>
      bad(`${codePoint(char)} before it, which is no white space of JSON`, char + text),
    ),
    bad('a byte order mark before it', `\ufeff${text}`),
    bad('a letter behind it', `${text}x`),
    bad('a comma behind it', `${text},`),
    bad('a bracket too many', `${text}}`),
    bad('a second one behind it', text + text),
    bad('NUL behind it', `${text}\0`),
    bad('a comment behind it', `${text}/**/`),
    bad('cut short by one byte', text.slice(0, -1)),
    bad('without its first byte', text.slice(1)),
    bad('closed by another bracket', `${text.slice(0, -1)}]`),
    bad('a comma behind its last member', `${text.slice(0, -1)},}`),
    bad('a comma before its first member', `{,${text.slice(1)}`),
    bad('a key without a value', `${text.slice(0, -1)}${text === '{}' ? '' : ','}"k"}`),
    bad('a key and a colon without a value', `${text.slice(0, -1)}${text === '{}' ? '' : ','}"k":}`),
    bad('a value without a key', `${text.slice(0, -1)}${text === '{}' ? '' : ','}1}`),
    bad('in an array', `[${text}]`),
  ];
}

/** What is no object at all. */
const instead = (): readonly Spelling[] => [
  bad('no byte', ''),
  bad('nothing but white space', ' \n'),
  bad('null', 'null'),
  bad('a number', '1'),
  bad('a boolean', 'true'),
];

const codePoint = (char: string): string => `U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
