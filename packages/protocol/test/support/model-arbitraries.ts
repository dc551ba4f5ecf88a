import fc from 'fast-check';
import { z } from 'zod';
import {
  boundedString,
  decimal,
  fromScaled,
  integer,
  type DefaultValue,
  type FieldModel,
  type ItemModel,
  type MemberModel,
  type ObjectModel,
} from '../../src/index.js';
import { canHaveDefault } from '../../src/default-value.js';
import { scaledOf, valuesOf } from './payload-arbitraries.js';

/** The zod schema of a model: what `toFieldModel` turns into it. */
export function schemaOf(model: FieldModel): z.ZodType {
  switch (model.kind) {
    case 'string':
      return boundedString(model);
    case 'integer':
      return integer(model.min, model.max);
    case 'decimal': {
      const { min, max, decimals } = model;
      return decimal({ min: fromScaled(min, decimals), max: fromScaled(max, decimals), decimals });
    }
    case 'boolean':
      return z.boolean();
    case 'literal':
      return z.literal(model.value);
    case 'enum':
      return z.enum(model.values as [string, ...string[]]);
    case 'array':
      return z.array(schemaOf(model.item)).min(model.minItems).max(model.maxItems);
    case 'object':
      return objectOf(model);
    case 'union':
      return z.discriminatedUnion(model.discriminator, model.options.map(objectOf) as [z.ZodObject, ...z.ZodObject[]]);
  }
}

function objectOf(model: ObjectModel): z.ZodObject {
  const shape = Object.fromEntries(
    model.members.map(({ name, optional, nullable, type, default: value }) => {
      const inner = nullable ? schemaOf(type).nullable() : schemaOf(type);
      if (value === undefined) return [name, optional ? inner.optional() : inner];
      return [name, inner.default(type.kind === 'decimal' ? fromScaled(Number(value), type.decimals) : value)];
    }),
  );
  return model.strict ? z.strictObject(shape) : z.object(shape);
}

const range = (min: number, max: number) =>
  fc
    .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
    .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));

/** Few names and narrow bounds, so that two of these have much in common. */
export const scalars: fc.Arbitrary<ItemModel> = fc.oneof(
  range(-2, 9).map(({ min, max }) => ({ kind: 'integer' as const, min, max })),
  fc
    .tuple(range(-20, 99), fc.integer({ min: 1, max: 2 }))
    .map(([{ min, max }, decimals]) => ({ kind: 'decimal' as const, min, max, decimals })),
  fc.constant({ kind: 'boolean' as const }),
  fc
    .tuple(range(0, 4), fc.constantFrom('utf8' as const, 'identifier' as const, 'hex' as const))
    .map(([bytes, format]) => ({
      kind: 'string' as const,
      minBytes: bytes.min,
      maxBytes: bytes.max,
      format,
    })),
  fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }).map((values) => ({ kind: 'enum' as const, values })),
);

const literals: fc.Arbitrary<FieldModel> = fc
  .constantFrom('a', 1, true)
  .map((value) => ({ kind: 'literal' as const, value }));

const fields = (depth: number): fc.Arbitrary<FieldModel> =>
  depth === 0
    ? fc.oneof(scalars, literals)
    : fc.oneof({ weight: 4, arbitrary: scalars }, literals, objects(depth - 1), unions(depth - 1), arrays(depth - 1));

const arrays = (depth: number): fc.Arbitrary<FieldModel> =>
  fc
    .tuple(fc.oneof(scalars, depth === 0 ? scalars : objects(depth - 1)), range(0, 3))
    .map(([item, { min, max }]) => ({ kind: 'array' as const, item, minItems: min, maxItems: Math.max(1, max) }));

const members = (name: string, depth: number): fc.Arbitrary<MemberModel> =>
  fc
    .record({ optional: fc.boolean(), nullable: fc.boolean(), type: fields(depth) })
    .map(({ optional, nullable, type }) => ({
      name,
      optional,
      nullable: nullable && type.kind !== 'literal',
      type,
    }))
    .chain((member) => fc.oneof({ weight: 2, arbitrary: fc.constant(member) }, withDefault(member)));

/** The same member with a default, if it may have one. */
function withDefault({ name, nullable, type }: MemberModel): fc.Arbitrary<MemberModel> {
  const member = { name, optional: false, nullable, type };
  if (!canHaveDefault(type)) return fc.constant(member);
  const values = type.kind === 'decimal' ? scaledOf(type) : (valuesOf(type) as fc.Arbitrary<DefaultValue>);
  return values.map((value) => ({ ...member, default: value }));
}

const withoutDefault = ({ name, optional, nullable, type }: MemberModel): MemberModel => ({
  name,
  optional,
  nullable,
  type,
});

export const objects = (depth: number): fc.Arbitrary<ObjectModel> =>
  fc
    .tuple(fc.boolean(), fc.uniqueArray(fc.constantFrom('p', 'q', 'r'), { maxLength: 3 }))
    .chain(([strict, names]) =>
      fc
        .tuple(...names.map((name) => members(name, depth)))
        .map((list) => ({ kind: 'object' as const, strict, members: list })),
    );

const unions = (depth: number): fc.Arbitrary<FieldModel> =>
  fc
    .tuple(
      fc.uniqueArray(fc.constantFrom('a', 1, true), { minLength: 1 }),
      fc.array(objects(depth), { minLength: 3, maxLength: 3 }),
    )
    .map(([tags, options]) => ({
      kind: 'union' as const,
      discriminator: 'k',
      options: tags.map((value, index) => {
        const tag: MemberModel = { name: 'k', optional: false, nullable: false, type: { kind: 'literal', value } };
        return {
          kind: 'object',
          strict: options[index]?.strict ?? false,
          members: [tag, ...(options[index]?.members ?? [])],
        };
      }),
    }));

/** The same model with one place changed, most often slightly. */
export function variants(model: FieldModel): fc.Arbitrary<FieldModel> {
  switch (model.kind) {
    case 'object':
      return objectVariants(model);
    case 'union':
      return fc.nat(model.options.length - 1).chain((at) =>
        fc.oneof(
          objectVariants(model.options[at] as ObjectModel, 'k').map((option) => ({
            ...model,
            options: model.options.map((other, index) => (index === at ? option : other)),
          })),
          fc.constant({ ...model, options: model.options.slice(0, at + 1) }),
        ),
      );
    case 'array':
      return fc.oneof(
        range(0, 3).map(({ min, max }) => ({ ...model, minItems: min, maxItems: Math.max(1, max) })),
        variants(model.item)
          .filter((item): item is ItemModel => item.kind !== 'array' && item.kind !== 'literal')
          .map((item) => ({ ...model, item })),
      );
    default:
      return fields(1);
  }
}

function objectVariants(model: ObjectModel, fixed?: string): fc.Arbitrary<ObjectModel> {
  const movable = model.members.filter(({ name }) => name !== fixed);
  const others = fc.constantFrom('p', 'q', 'r').chain((name) => members(name, 1));
  const edited = others.map((member) => ({
    ...model,
    members: [...model.members.filter(({ name }) => name !== member.name), member],
  }));
  const [first] = movable;
  if (first === undefined) return fc.oneof(edited, fc.constant({ ...model, strict: !model.strict }));
  const changed = (member: MemberModel): ObjectModel => ({
    ...model,
    members: model.members.map((other) => (other.name === member.name ? member : other)),
  });
  return fc.oneof(
    edited,
    fc.constant({ ...model, strict: !model.strict }),
    fc
      .constantFrom(...movable)
      .map(({ name }) => ({ ...model, members: model.members.filter((m) => m.name !== name) })),
    fc.constantFrom(...movable).map((member) => changed({ ...withoutDefault(member), optional: !member.optional })),
    fc.constantFrom(...movable).chain((member) => withDefault(member).map(changed)),
    fc
      .constantFrom(...movable)
      .chain((member) =>
        variants(member.type).map((type) =>
          changed({ ...withoutDefault(member), nullable: member.nullable && type.kind !== 'literal', type }),
        ),
      ),
  );
}
