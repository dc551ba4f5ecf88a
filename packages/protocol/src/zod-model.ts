import type { z } from 'zod';
import { toScaled } from './decimal.js';
import { canHaveDefault, isDefaultOf } from './default-value.js';
import { ProtocolError } from './errors.js';
import { declaredFieldOf } from './fields.js';
import {
  tagOf,
  type ArrayModel,
  type DefaultValue,
  type FieldModel,
  type MemberModel,
  type ObjectModel,
  type PayloadModel,
  type UnionModel,
} from './model.js';
import type { Payload } from './payload.js';
import { hasUnencodable } from './utf8.js';

/** Deepest nesting of objects and arrays in a schema, so that decoders need little memory. */
export const MAX_DEPTH = 16;

const refuse = (path: string, what: string): never => {
  throw new ProtocolError('invalid_definition', `${path}: ${what}`, path);
};

/** zod's runtime definition, typed by the parts that are read here. */
interface Definition {
  readonly type: string;
  readonly [part: string]: unknown;
}

interface Check {
  readonly check: string;
  readonly [part: string]: unknown;
}

const definitionOf = (schema: z.core.$ZodType): Definition => schema._zod.def as unknown as Definition;

/** The model of a payload, or `undefined` if it is empty. Throws `invalid_definition` for a shape its encoding cannot carry. */
export function toPayloadModel(payload: Payload, path: string): PayloadModel | undefined {
  if (payload.encoding === 'empty') return undefined;
  if (payload.encoding === 'bytes') {
    const field = declaredFieldOf(payload.schema);
    // The one check is that of minBytes.
    return field?.kind === 'bytes' && checksOf(definitionOf(payload.schema), path, ['custom']).length === 1
      ? { ...field, maxBytes: payload.maxBytes }
      : refuse(path, 'a payload of bytes is made by bytes({ maxBytes }), and nothing more');
  }
  const model = toFieldModel(payload.schema, path);
  const composite = model.kind === 'object' || model.kind === 'union';
  if (payload.encoding === 'json' && !composite) {
    return refuse(path, `a JSON payload must be an object or a discriminated union, not ${model.kind}`);
  }
  if (payload.encoding === 'text' && (composite || model.kind === 'array' || model.kind === 'literal')) {
    return refuse(path, `a text payload must be a string, integer, decimal, boolean or enum, not ${model.kind}`);
  }
  return model;
}

/**
 * Turns a zod schema into plain data. Throws `invalid_definition`, naming the field, for anything C cannot enforce: a
 * constraint is never silently dropped.
 */
export function toFieldModel(schema: z.core.$ZodType, path: string): FieldModel {
  return fieldModel(schema, path, 0);
}

function fieldModel(schema: z.core.$ZodType, path: string, depth: number): FieldModel {
  const definition = definitionOf(schema);
  if (depth > MAX_DEPTH)
    refuse(path, `nests deeper than ${String(MAX_DEPTH)} levels: recursive schemas have no C form`);
  if (definition['coerce'] === true) refuse(path, 'a coercing schema has no C form: payloads are typed');
  switch (definition.type) {
    case 'string':
      return stringModel(schema, path);
    case 'number':
      return numberModel(schema, path);
    case 'boolean':
      checksOf(definition, path, []);
      return { kind: 'boolean' };
    case 'literal':
      return literalModel(definition, path);
    case 'enum':
      return enumModel(definition, path);
    case 'array':
      return arrayModel(definition, path, depth);
    case 'object':
      return objectModel(definition, path, depth);
    case 'union':
      return unionModel(definition, path, depth);
    case 'default':
      return refuse(path, 'only a member of an object can have a default');
    case 'prefault':
      return refuse(path, 'a prefault has no C form: use .default(value)');
    default:
      return refuse(path, `a zod "${definition.type}" has no C form`);
  }
}

/** The checks of a schema; anything but the named ones (a refinement, a transformation) is refused. */
function checksOf(definition: Definition, path: string, known: readonly string[]): readonly Check[] {
  const checks = ((definition['checks'] ?? []) as readonly z.core.$ZodCheck[]).map(
    (check) => check._zod.def as unknown as Check,
  );
  const unknown = checks.find((check) => !known.includes(check.check));
  return unknown === undefined ? checks : refuse(path, `a zod check "${unknown.check}" has no C form: remove it`);
}

function stringModel(schema: z.core.$ZodType, path: string): FieldModel {
  const field = declaredFieldOf(schema);
  if (field?.kind !== 'string') return refuse(path, 'a string needs a bound in bytes: use boundedString({ maxBytes })');
  const checks = checksOf(definitionOf(schema), path, ['custom']);
  // The one check is boundedString's own; metadata survives further ones, which C would not know.
  return checks.length === 1 ? field : refuse(path, 'a check on top of boundedString has no C form: use its format');
}

function numberModel(schema: z.core.$ZodType, path: string): FieldModel {
  const definition = definitionOf(schema);
  const field = declaredFieldOf(schema);
  if (field?.kind === 'decimal') {
    // The three are decimal's own; metadata survives further ones, which C would not know.
    return checksOf(definition, path, ['greater_than', 'less_than', 'custom']).length === 3
      ? field
      : refuse(path, 'a check on top of decimal has no C form: use its bounds');
  }
  return definition['format'] === 'safeint'
    ? integerModel(definition, path)
    : refuse(path, 'a number needs bounds and a step: use integer(min, max) or decimal({ min, max, decimals })');
}

function integerModel(definition: Definition, path: string): FieldModel {
  const checks = checksOf(definition, path, ['greater_than', 'less_than']);
  const bounds = (kind: string): number[] =>
    checks
      .filter((check) => check.check === kind && check['inclusive'] === true)
      .map((check) => Number(check['value']));
  const min = Math.max(...bounds('greater_than'));
  const max = Math.min(...bounds('less_than'));
  const exclusive = checks.some((check) => check['inclusive'] !== true);
  if (exclusive || !Number.isSafeInteger(min) || !Number.isSafeInteger(max)) {
    return refuse(path, 'an integer needs inclusive bounds: use integer(min, max)');
  }
  return min <= max ? { kind: 'integer', min, max } : refuse(path, 'no integer satisfies the bounds');
}

function literalModel(definition: Definition, path: string): FieldModel {
  checksOf(definition, path, []);
  const values = definition['values'] as readonly unknown[];
  const [value] = values;
  if (values.length !== 1) return refuse(path, 'a literal must be one value: use z.enum for several');
  if (typeof value === 'boolean') return { kind: 'literal', value };
  if (typeof value === 'number' && Number.isSafeInteger(value)) return { kind: 'literal', value: value + 0 };
  if (typeof value === 'string' && !hasUnencodable(value)) return { kind: 'literal', value };
  return refuse(path, 'a literal must be a string without NUL, a safe integer or a boolean');
}

function enumModel(definition: Definition, path: string): FieldModel {
  checksOf(definition, path, []);
  const values = Object.values(definition['entries'] as Record<string, string | number>);
  const texts = values.filter((value) => typeof value === 'string' && /^[a-z0-9_]{1,32}$/.test(value)) as string[];
  if (texts.length !== values.length || texts.length === 0) {
    return refuse(path, 'enum values must be strings of [a-z0-9_]{1,32}');
  }
  return new Set(texts).size === texts.length ? { kind: 'enum', values: texts } : refuse(path, 'enum values repeat');
}

function arrayModel(definition: Definition, path: string, depth: number): ArrayModel {
  const checks = checksOf(definition, path, ['min_length', 'max_length', 'length_equals']);
  const bounds = (kind: string, part: string): number[] =>
    checks
      .filter((check) => check.check === kind || check.check === 'length_equals')
      .map((check) => Number(check[check.check === kind ? part : 'length']));
  const minItems = Math.max(0, ...bounds('min_length', 'minimum'));
  const maxItems = Math.min(...bounds('max_length', 'maximum'));
  if (!Number.isInteger(maxItems) || maxItems < 1 || maxItems > 65_535 || minItems > maxItems) {
    return refuse(path, 'an array needs a bound in 1..65535: use .max(n)');
  }
  const item = fieldModel(definition['element'] as z.core.$ZodType, `${path}[]`, depth + 1);
  if (item.kind === 'array') return refuse(path, 'an array of arrays has no C form: wrap the inner one in an object');
  if (item.kind === 'literal') return refuse(path, 'an array of literals carries nothing: use an integer count');
  return { kind: 'array', item, minItems, maxItems };
}

function objectModel(definition: Definition, path: string, depth: number): ObjectModel {
  checksOf(definition, path, []);
  const catchall = definition['catchall'] as z.core.$ZodType | undefined;
  if (catchall !== undefined && definitionOf(catchall).type !== 'never') {
    refuse(path, 'a struct cannot hold unknown keys: use z.object (ignores them) or z.strictObject (refuses them)');
  }
  const shape = definition['shape'] as Record<string, z.core.$ZodType>;
  const members = Object.entries(shape).map(([name, schema]) => memberModel(name, schema, `${path}.${name}`, depth));
  return { kind: 'object', strict: catchall !== undefined, members };
}

function memberModel(name: string, schema: z.core.$ZodType, path: string, depth: number): MemberModel {
  if (!/^[A-Za-z][A-Za-z0-9_]{0,31}$/.test(name)) refuse(path, 'a member name must be [A-Za-z][A-Za-z0-9_]{0,31}');
  if (name in Object.prototype) refuse(path, 'a member cannot be named like a property of every JavaScript object');
  let optional = false;
  let nullable = false;
  let defaulted: Definition | undefined;
  let inner = schema;
  for (;;) {
    const definition = definitionOf(inner);
    if (definition.type === 'optional') optional = true;
    else if (definition.type === 'nullable') nullable = true;
    else if (definition.type === 'default' && defaulted === undefined) defaulted = definition;
    else break;
    checksOf(definition, path, []);
    inner = definition['innerType'] as z.core.$ZodType;
  }
  const type = fieldModel(inner, path, depth + 1);
  if (type.kind === 'literal' && nullable) refuse(path, 'a literal cannot be nullable: use a nullable enum or integer');
  if (defaulted === undefined) return { name, optional, nullable, type };
  if (optional) refuse(path, 'a member with a default is never absent: remove .optional()');
  return { name, optional, nullable, type, default: defaultOf(type, defaulted, path) };
}

/** The default of a member, scaled if it is a decimal. zod reads it anew for each value that lacks the member. */
function defaultOf(type: FieldModel, definition: Definition, path: string): DefaultValue {
  if (!canHaveDefault(type)) {
    return refuse(
      path,
      `only strings, integers, decimals, booleans and enums have defaults, not ${type.kind}: use .optional()`,
    );
  }
  const given = definition['defaultValue'];
  if (!Object.is(given, definition['defaultValue'])) refuse(path, 'a default must be a constant');
  const value = type.kind === 'decimal' && typeof given === 'number' ? toScaled(given, type.decimals) : given;
  if (!isDefaultOf(type, value))
    return refuse(path, 'the default must be a value of this member: change one or the other');
  return typeof value === 'number' ? value + 0 : value;
}

function unionModel(definition: Definition, path: string, depth: number): UnionModel {
  checksOf(definition, path, []);
  const discriminator = definition['discriminator'];
  if (typeof discriminator !== 'string') return refuse(path, 'a union needs a discriminator: use z.discriminatedUnion');
  const options = (definition['options'] as readonly z.core.$ZodType[]).map((option, index) => {
    const model = fieldModel(option, `${path}|${String(index)}`, depth);
    if (model.kind !== 'object') return refuse(path, 'every option of a discriminated union must be an object');
    const tag = model.members.find((member) => member.name === discriminator);
    if (tag?.type.kind !== 'literal' || tag.optional)
      return refuse(path, `every option needs a literal "${discriminator}"`);
    return model;
  });
  const union: UnionModel = { kind: 'union', discriminator, options };
  if (new Set(options.map((option) => tagOf(union, option))).size !== options.length || options.length === 0) {
    return refuse(path, `every option needs its own value of "${discriminator}"`);
  }
  return union;
}
