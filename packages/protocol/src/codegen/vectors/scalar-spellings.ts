import type { DecimalModel, FieldModel, ScalarModel } from '../../model.js';
import { decimalText } from '../../decimal.js';
import { decimalSpellings, escapedFirst, numberSpellings, stringTokens } from './json-tokens.js';
import { bad, good, type Once, type Spelling } from './payload-case.js';
import { nearestZero, smallest } from './samples.js';
import { stringSpellings } from './string-spellings.js';

/** Ways to write one scalar as a JSON token: inside its bounds, and with one fault. */
export function scalarTokens(model: ScalarModel, once: Once): readonly Spelling[] {
  switch (model.kind) {
    case 'string': {
      const texts = stringSpellings(model, once.first(`format ${model.format}`));
      const tokens = stringTokens(model);
      return [
        ...texts.map((spelling) => ({ ...spelling, text: JSON.stringify(spelling.text) })),
        ...(tokens.length > 0 && once.first('characters') ? tokens : []),
      ];
    }
    case 'integer':
      return [
        ...integerBounds(model.min, model.max),
        ...(once.first('numbers') ? numberSpellings(nearestZero(model.min, model.max)) : []),
      ];
    case 'decimal':
      return [...decimalBounds(model), ...(once.first('decimals') ? decimalSpellings(model) : [])];
    case 'boolean':
      return [
        good('true', 'true'),
        good('false', 'false'),
        ...(once.first('keywords') ? [bad('True', 'True'), bad('tru', 'tru')] : []),
      ];
    case 'literal':
      return literalTokens(model.value);
    case 'enum':
      return [
        ...enumSpellings(model.values).map((spelling) => ({ ...spelling, text: JSON.stringify(spelling.text) })),
        ...model.values.slice(0, 1).map((value) => good(`"${value}" with an escape`, escapedFirst(value))),
      ];
  }
}

export function integerBounds(min: number, max: number): readonly Spelling[] {
  return [
    good(`${String(min)}, its minimum`, String(min)),
    ...(min === max ? [] : [good(`${String(max)}, its maximum`, String(max))]),
    bad(`${String(min - 1)}, one below its minimum`, String(min - 1)),
    bad(`${String(max + 1)}, one above its maximum`, String(max + 1)),
  ];
}

/** The bounds of a model are scaled. */
export function decimalBounds({ min, max, decimals }: DecimalModel): readonly Spelling[] {
  const text = (scaled: number): string => decimalText(scaled, decimals);
  return [
    good(`${text(min)}, its minimum`, text(min)),
    ...(min === max ? [] : [good(`${text(max)}, its maximum`, text(max))]),
    bad(`${text(min - 1)}, one step below its minimum`, text(min - 1)),
    bad(`${text(max + 1)}, one step above its maximum`, text(max + 1)),
  ];
}

/** Every value, and texts close to the first. */
export function enumSpellings(values: readonly string[]): readonly Spelling[] {
  const [first = ''] = values;
  const near: readonly Spelling[] = [
    bad('unknown value', 'unknown_value'),
    bad(`"${first}" with a letter behind it`, `${first}x`),
    bad(`"${first}" without its last character`, first.slice(0, -1)),
    bad(`"${first}" in capitals`, first.toUpperCase()),
    bad('empty', ''),
  ];
  const seen = new Set(values);
  // What happens to be another value, or what was tried already, is left out.
  const unknown = near.filter(({ text }) => seen.size !== seen.add(text).size);
  return [...values.map((value) => good(`"${value}"`, value)), ...unknown];
}

function literalTokens(value: string | number | boolean): readonly Spelling[] {
  const token = JSON.stringify(value);
  switch (typeof value) {
    case 'string':
      return [
        good(token, token),
        ...(value === '' ? [] : [good(`${token} with an escape`, escapedFirst(value))]),
        bad(`${token} with a letter behind it`, JSON.stringify(`${value}x`)),
      ];
    case 'number':
      return [
        good(token, token),
        good(`${token}.0, which is that number`, `${token}.0`),
        bad(`${String(value + 1)}, another number`, String(value + 1)),
      ];
    case 'boolean':
      return [good(token, token), bad(`${String(!value)}, the other`, String(!value))];
  }
}

/** Tokens of other JSON types than that of the model; `null` is another question. */
export function wrongTypes(model: FieldModel): readonly Spelling[] {
  switch (model.kind) {
    case 'string':
      return [bad('a number instead of a string', '0'), bad('an array instead of a string', '[]')];
    case 'integer':
    case 'decimal':
      return [
        bad('a string instead of a number', JSON.stringify(smallest(model))),
        bad('a boolean instead of a number', 'true'),
      ];
    case 'boolean':
      return [bad('a number instead of a boolean', '1'), bad('a string instead of a boolean', '"true"')];
    case 'literal':
      return typeof model.value === 'string'
        ? [bad('a number instead of a string', '0')]
        : [bad(`a string instead of a ${typeof model.value}`, JSON.stringify(String(model.value)))];
    case 'enum':
      return [bad('a number instead of a string', '0'), bad('an array instead of a string', '[]')];
    case 'array':
      return [bad('an object instead of an array', '{}'), bad('a string instead of an array', '"a"')];
    case 'object':
    case 'union':
      return [bad('an array instead of an object', '[]'), bad('a string instead of an object', '"a"')];
  }
}
