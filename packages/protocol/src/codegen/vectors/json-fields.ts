import type { StringField } from '../../fields.js';
import type { ArrayModel, FieldModel } from '../../model.js';
import { objectCases, unionCases } from './json-objects.js';
import { spell, type JsonNode } from './json-node.js';
import { stringTokens } from './json-tokens.js';
import { bad, good, type PayloadCase, type Spelling } from './payload-case.js';
import { caseAt, inner, notUtf8At, type Place } from './place.js';
import { smallest } from './samples.js';
import { scalarTokens, wrongTypes } from './scalar-spellings.js';

/** The cases of a value and of all below it. */
export function fieldCases(model: FieldModel, place: Place): readonly PayloadCase[] {
  return [...valueCases(model, place), ...wrongTypes(model).map((spelling) => caseAt(place, spelling))];
}

function valueCases(model: FieldModel, place: Place): readonly PayloadCase[] {
  switch (model.kind) {
    case 'array':
      return arrayCases(model, place);
    case 'object':
      return objectCases(model, place);
    case 'union':
      return unionCases(model, place);
    case 'string':
      return [
        ...scalarTokens(model, place.once).map((spelling) => caseAt(place, spelling)),
        ...utf8Cases(model, place),
      ];
    default:
      return scalarTokens(model, place.once).map((spelling) => caseAt(place, spelling));
  }
}

const utf8Cases = (model: StringField, place: Place): readonly PayloadCase[] =>
  stringTokens(model).length > 0 && place.once.first('UTF-8') ? notUtf8At(place, 'a'.repeat(model.minBytes)) : [];

function arrayCases(model: ArrayModel, place: Place): readonly PayloadCase[] {
  const { minItems, maxItems } = model;
  const item = smallest(model.item);
  const of = (count: number): JsonNode => ({ items: Array.from({ length: count }, () => item) });
  const counts: readonly Spelling[] = [
    good(`${items(minItems)}, its fewest`, spell(of(minItems))),
    ...(minItems === maxItems ? [] : [good(`${items(maxItems)}, its most`, spell(of(maxItems)))]),
    ...(minItems === 0 ? [] : [bad(`${items(minItems - 1)}, one too few`, spell(of(minItems - 1)))]),
    bad(`${items(maxItems + 1)}, one too many`, spell(of(maxItems + 1))),
  ];
  const separators: readonly Spelling[] = place.once.first('separators of arrays')
    ? [
        bad('a comma behind its last item', `[${spell(item)},]`),
        bad('two commas', `[${spell(item)},,${spell(item)}]`),
        bad('no comma between items', `[${spell(item)} ${spell(item)}]`),
        bad('not closed', `[${spell(item)}`),
      ]
    : [];
  const rest = Array.from({ length: Math.max(0, minItems - 1) }, () => item);
  const first = inner(place, `${place.path}[0]`, (node) => ({ items: [node, ...rest] }));
  return [
    ...[...counts, ...separators].map((spelling) => caseAt(place, spelling)),
    ...fieldCases(model.item, first),
    caseAt(first, bad('null', 'null')),
  ];
}

const items = (count: number): string => (count === 1 ? '1 item' : `${String(count)} items`);
