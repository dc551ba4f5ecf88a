import { decimalText, toScaled } from '../decimal.js';
import {
  tagOf,
  type ArrayModel,
  type FieldModel,
  type MemberModel,
  type ObjectModel,
  type UnionModel,
} from '../model.js';
import { isObject, scalarCheck } from './scalar-check.js';

/** The JSON of a value, or `undefined` if it may not be one. */
export type JsonWriter = (value: unknown) => string | undefined;

/**
 * Makes the writer of a model: check and `JSON.stringify` in one pass that reads each member once, so that a getter cannot
 * show the check one value and the wire another. `undefined` says nothing, as in {@link passesUnchanged}: the schema has to
 * be asked. A member with a default that is left out is one for the schema, too.
 */
export function jsonWriter(model: FieldModel): JsonWriter {
  switch (model.kind) {
    case 'array':
      return arrayWriter(model);
    case 'object':
      return objectWriter(model);
    case 'union':
      return unionWriter(model);
    case 'decimal': {
      const { decimals } = model;
      const holds = scalarCheck(model);
      return (value) => (holds(value) ? decimalText(toScaled(value as number, decimals) ?? 0, decimals) : undefined);
    }
    case 'string': {
      const holds = scalarCheck(model);
      return (value) => (holds(value) ? quoted(value as string) : undefined);
    }
    case 'integer': {
      const holds = scalarCheck(model);
      return (value) => (holds(value) ? String(value) : undefined);
    }
    default:
      return constantWriter(
        model.kind === 'enum' ? model.values : model.kind === 'literal' ? [model.value] : [true, false],
      );
  }
}

/** Of a closed list of values, whose texts can be made before. */
function constantWriter(values: readonly (string | number | boolean)[]): JsonWriter {
  const texts = new Map<unknown, string>(values.map((value) => [value, JSON.stringify(value)]));
  return (value) => texts.get(value);
}

/** No quote, no backslash and no control character: what stands in JSON as it is. Lone surrogates no string field holds. */
const PLAIN = /^[ !#-[\]-\uffff]*$/;

const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

function arrayWriter({ item, minItems, maxItems }: ArrayModel): JsonWriter {
  const write = jsonWriter(item);
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    const { length } = value;
    if (length < minItems || length > maxItems) return undefined;
    let texts = '';
    for (let at = 0; at < length; at++) {
      const text = write(value[at]);
      if (text === undefined) return undefined;
      texts += texts === '' ? text : `,${text}`;
    }
    return `[${texts}]`;
  };
}

function objectWriter({ strict, members }: ObjectModel): JsonWriter {
  const names = new Set(members.map(({ name }) => name));
  const writers = members.map((member) => ({
    name: member.name,
    key: `${JSON.stringify(member.name)}:`,
    optional: member.optional,
    write: memberWriter(member),
  }));
  return (value) => {
    if (!isObject(value)) return undefined;
    let texts = '';
    for (const { name, key, optional, write } of writers) {
      const given = value[name];
      if (given === undefined && optional) continue;
      const text = write(given);
      if (text === undefined) return undefined;
      texts += texts === '' ? key + text : `,${key}${text}`;
    }
    if (strict) for (const name in value) if (!names.has(name)) return undefined;
    return `{${texts}}`;
  };
}

function memberWriter({ nullable, type }: MemberModel): JsonWriter {
  const write = jsonWriter(type);
  return nullable ? (value) => (value === null ? 'null' : write(value)) : write;
}

function unionWriter(union: UnionModel): JsonWriter {
  const writers = new Map<unknown, JsonWriter>(
    union.options.map((option) => [tagOf(union, option), objectWriter(option)]),
  );
  return (value) => (isObject(value) ? writers.get(value[union.discriminator])?.(value) : undefined);
}
