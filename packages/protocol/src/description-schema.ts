import { z } from 'zod';
import { MAX_DECIMALS, MAX_SCALED } from './decimal.js';
import { isDefaultOf } from './default-value.js';
import { tagOf, type FieldModel, type MemberModel, type ObjectModel } from './model.js';

const safe = () => z.int().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);
const size = (min: number) => z.int().min(min).max(65_535);
const ordered = (min: number, max: number): boolean => min <= max;
const distinct = (keys: readonly unknown[]): boolean => new Set(keys).size === keys.length;

const string = z
  .strictObject({
    kind: z.literal('string'),
    minBytes: size(0),
    maxBytes: size(0),
    format: z.enum(['utf8', 'https-url', 'identifier', 'hex']),
  })
  .refine(({ minBytes, maxBytes }) => ordered(minBytes, maxBytes), 'minBytes is above maxBytes');

const integer = z
  .strictObject({ kind: z.literal('integer'), min: safe(), max: safe() })
  .refine(({ min, max }) => ordered(min, max), 'min is above max');

const decimal = z
  .strictObject({
    kind: z.literal('decimal'),
    min: z.int().min(-MAX_SCALED).max(MAX_SCALED),
    max: z.int().min(-MAX_SCALED).max(MAX_SCALED),
    decimals: z.int().min(1).max(MAX_DECIMALS),
  })
  .refine(({ min, max }) => ordered(min, max), 'min is above max');

const boolean = z.strictObject({ kind: z.literal('boolean') });

const literal = z.strictObject({ kind: z.literal('literal'), value: z.union([z.string(), safe(), z.boolean()]) });

const enumeration = z.strictObject({
  kind: z.literal('enum'),
  values: z
    .array(z.string().regex(/^[a-z0-9_]{1,32}$/))
    .min(1)
    .refine(distinct, 'values repeat'),
});

const array = z
  .strictObject({
    kind: z.literal('array'),
    item: z
      .lazy(() => model)
      .refine(({ kind }) => kind !== 'array' && kind !== 'literal', 'an array holds neither arrays nor literals'),
    minItems: size(0),
    maxItems: size(1),
  })
  .refine(({ minItems, maxItems }) => ordered(minItems, maxItems), 'minItems is above maxItems');

const member = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,31}$/),
    optional: z.boolean(),
    nullable: z.boolean(),
    type: z.lazy(() => model),
    default: z.union([z.string(), safe(), z.boolean()]).exactOptional(),
  })
  .refine(
    (value) => value.default === undefined || (!value.optional && isDefaultOf(value.type, value.default)),
    'the default is not a value of the member',
  ) satisfies z.ZodType<MemberModel>;

const object: z.ZodType<ObjectModel> = z.strictObject({
  kind: z.literal('object'),
  strict: z.boolean(),
  members: z.array(member).refine((members) => distinct(members.map(({ name }) => name)), 'member names repeat'),
});

const union = z
  .strictObject({ kind: z.literal('union'), discriminator: z.string(), options: z.array(object).min(1) })
  .refine((value) => {
    const isTagged = (option: ObjectModel) =>
      option.members.some((m) => m.name === value.discriminator && m.type.kind === 'literal' && !m.optional);
    return value.options.every(isTagged) && distinct(value.options.map((option) => tagOf(value, option)));
  }, 'every option needs its own literal of the discriminator');

const model: z.ZodType<FieldModel> = z.union([
  string,
  integer,
  decimal,
  boolean,
  literal,
  enumeration,
  array,
  object,
  union,
]) as z.ZodType<FieldModel>;

const bytes = z
  .strictObject({ kind: z.literal('bytes'), minBytes: size(0), maxBytes: size(1) })
  .refine(({ minBytes, maxBytes }) => ordered(minBytes, maxBytes), 'minBytes is above maxBytes');

const payload = z.union([
  z.strictObject({ encoding: z.literal('empty'), maxBytes: z.literal(0), model: z.null() }),
  z.strictObject({
    encoding: z.literal('text'),
    maxBytes: size(1),
    model: z.union([string, integer, decimal, boolean, enumeration]),
  }),
  z.strictObject({ encoding: z.literal('json'), maxBytes: size(1), model: z.union([object, union]) }),
  z
    .strictObject({ encoding: z.literal('bytes'), maxBytes: size(1), model: bytes })
    .refine(({ maxBytes, model: { maxBytes: bound } }) => maxBytes === bound, 'the size bounds are not the same'),
]);

const common = {
  description: z.string(),
  deprecated: z
    .string()
    .regex(/^(?!.*\*\/)[ -~]{1,200}$/)
    .exactOptional(),
  since: size(1).exactOptional(),
  scopes: z
    .array(z.enum(['all', 'device']))
    .min(1)
    .max(2),
  qos: z.union([z.literal(0), z.literal(1)]),
  payload,
};

const topic = z.discriminatedUnion('direction', [
  z.strictObject({ direction: z.literal('command'), ...common, expirySeconds: z.int().min(0) }),
  z.strictObject({ direction: z.literal('event'), ...common, retain: z.boolean() }),
]);

/** The form of a `ProtocolDescription`. Whether its hash is right is another question. */
export const descriptionSchema = z
  .strictObject({
    format: z.literal(1),
    name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
    version: size(1),
    contractHash: z.string().regex(/^[0-9a-f]{16}$/),
    root: z.string(),
    topics: z.record(z.string(), topic),
    documents: z.record(z.string(), payload),
  })
  .refine(
    ({ topics, version }) => Object.values(topics).every(({ since = 1 }) => since <= version),
    'a topic is said to be newer than the contract',
  );
