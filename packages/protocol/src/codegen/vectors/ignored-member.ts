import { nestedArrays, withMember, type JsonObjectNode } from './json-node.js';
import { characterTokens } from './json-tokens.js';
import { bad, good, type PayloadCase, type Spelling } from './payload-case.js';
import { caseAt, inner, memberPath, notUtf8At, type Place } from './place.js';

/** What the value of a member that nobody asked for may be, and what not even there. */
export function ignoredMemberCases(object: JsonObjectNode, name: string, place: Place): readonly PayloadCase[] {
  const ignored = inner(place, memberPath(place.path, name), (node) => withMember(object, name, node));
  const levels = ignored.maxDepth - ignored.level;
  const values: readonly Spelling[] = [
    good('true', 'true'),
    good('null', 'null'),
    good('a number above the range of a double', '1e400'),
    good('a fraction', '-0.5E-7'),
    good('a string of all kinds of characters', String.raw`"\" \\ \/ \b\f\n\r\t \u0041 \ud83d\ude00 é€😀"`),
    bad('a number with a leading zero', '01'),
    bad('a number with a point at its end', '1.'),
    bad('no number', 'NaN'),
    bad('a word cut short', 'tru'),
    ...(levels > 0
      ? [
          good('nested as deep as the payload may be', nestedArrays(levels)),
          bad('an array that ends like an object', '[}'),
        ]
      : []),
    bad('nested one level deeper than the payload may be', nestedArrays(levels + 1)),
  ];
  // What a string may hold is tried where strings are read.
  const tokens = characterTokens('')
    .filter(({ accepted }) => !accepted)
    .map((spelling) => ({ ...spelling, what: `a string with ${spelling.what}` }));
  return [...[...values, ...tokens].map((spelling) => caseAt(ignored, spelling)), ...notUtf8At(ignored, '')];
}
