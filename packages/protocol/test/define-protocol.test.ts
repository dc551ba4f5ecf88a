import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  boundedString,
  command,
  decimal,
  defineProtocol,
  empty,
  event,
  hex,
  integer,
  isProtocol,
  isProtocolError,
  json,
  PROTOCOL_ERROR_CODES,
  ProtocolError,
  secureEspV1,
  text,
  toFieldModel,
  withRoot,
  type Payload,
  type Topics,
} from '../src/index.js';

const topic = (leaf: string, payload: Payload = empty()): Topics => ({
  [leaf]: command(payload, { description: 'd', scopes: ['device'] }),
});
const define = (change: { name?: string; version?: number; root?: string; topics?: Topics }) =>
  defineProtocol({ name: 'lab', version: 1, root: '/lab', topics: topic('go'), ...change });

const noted = (notes: { deprecated?: string; since?: number }): Topics => ({
  go: command(empty(), { description: 'd', ...notes }),
});

function refusal(body: () => unknown): ProtocolError {
  try {
    body();
  } catch (error) {
    if (isProtocolError(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('defineProtocol', () => {
  test.each<[what: string, change: Parameters<typeof define>[0]]>([
    ['a name with capitals', { name: 'Lab' }],
    ['an empty name', { name: '' }],
    ['version 0', { version: 0 }],
    ['version 1.5', { version: 1.5 }],
    ['version 65536', { version: 65_536 }],
    ['a root without a slash', { root: 'lab' }],
    ['a root with a final slash', { root: '/lab/' }],
    ['a root with a wildcard', { root: '/+' }],
    ['an empty root', { root: '' }],
    ['a long root', { root: `/${'a'.repeat(64)}` }],
    ['an absolute leaf', { topics: topic('/go') }],
    ['a leaf with a wildcard', { topics: topic('go/#') }],
    ['a leaf below devices', { topics: topic('devices/go') }],
    ['a leaf with an unknown parameter', { topics: topic('go/{who}') }],
    ['a leaf with {device}', { topics: topic('go/{device}') }],
    ['a leaf with two parameters', { topics: topic('{client}/{client}') }],
    ['an empty level', { topics: topic('a//b') }],
    ['no scope', { topics: { go: command(empty(), { description: 'd', scopes: [] }) } }],
    [
      'a leaf that another leaf with a parameter could be too',
      {
        topics: {
          ...topic('answers/{client}'),
          'answers/maintenance': command(empty(), { description: 'd', scopes: ['device'] }),
        },
      },
    ],
    ['a parameter in scope all', { topics: { 'go/{client}': command(empty(), { description: 'd' }) } }],
    ['a retained event without payload', { topics: { gone: event(empty(), { description: 'd', retain: true }) } }],
    ...['', 'a'.repeat(201), 'new\nline', 'caf\u00e9', 'ends */ here'].map(
      (deprecated) =>
        [`deprecated: ${JSON.stringify(deprecated).slice(0, 20)}`, { topics: noted({ deprecated }) }] as [
          string,
          object,
        ],
    ),
    ...[0, 2, 0.5, -1, Number.NaN].map(
      (since) => [`since ${String(since)} in version 1`, { topics: noted({ since }) }] as [string, object],
    ),
  ])('refuses %s', (_what, change) => {
    expect(refusal(() => define(change)).code).toBe('invalid_definition');
  });

  test('takes notes on a topic, and keeps them', () => {
    const notes = { deprecated: 'Use "stop" instead; it is safer than /* this.', since: 1 };
    expect(define({ topics: noted(notes) }).topics['go']).toMatchObject(notes);
    expect(refusal(() => define({ topics: noted({ since: 2 }) }))).toMatchObject({
      path: 'go',
      message: 'go: since must be an integer in 1..1, the version of the contract',
    });
  });

  test('withRoot refuses what defineProtocol refuses', () => {
    expect(refusal(() => withRoot(secureEspV1, '/a/#')).path).toBe('root');
  });

  test.each([
    [
      'a text payload of an object',
      text(z.object({ a: integer(0, 1) }) as never, { maxBytes: 9 }),
      /text payload must be/,
    ],
    ['a text payload of a literal', text(z.literal('x'), { maxBytes: 9 }), /text payload must be/],
    ['a JSON payload of an array', json(z.array(integer(0, 1)).max(2), { maxBytes: 9 }), /JSON payload must be/],
  ])('refuses %s', (_what, payload, message) => {
    expect(refusal(() => define({ topics: topic('go', payload) })).message).toMatch(message);
  });

  test.each([0, 65_536, 1.5, Number.NaN])('a payload refuses a size bound of %d', (maxBytes) => {
    expect(refusal(() => text(z.boolean(), { maxBytes })).code).toBe('invalid_definition');
    expect(refusal(() => json(z.object({}), { maxBytes })).code).toBe('invalid_definition');
  });

  test('makes what isProtocol recognises, and nothing else is one', () => {
    expect(isProtocol(secureEspV1)).toBe(true);
    expect(isProtocol(withRoot(secureEspV1, '/other'))).toBe(true);
    for (const other of [undefined, null, 'x', {}, [], { topics: {} }]) expect(isProtocol(other)).toBe(false);
  });

  test('makes contracts that cannot be changed', () => {
    expect(Object.isFrozen(secureEspV1)).toBe(true);
    expect(Object.isFrozen(secureEspV1.codecs)).toBe(true);
  });
});

interface Recursive {
  readonly inner?: Recursive | undefined;
}
const recursive: z.ZodType<Recursive> = z.object({
  get inner() {
    return recursive.optional();
  },
});
const tagged = (...options: [z.ZodObject, ...z.ZodObject[]]) => z.discriminatedUnion('k', options as never);
const bounded = boundedString({ maxBytes: 4 });

/** Constraints and types that C has no form for: each is refused, never dropped. */
describe.each<[string, z.ZodType, RegExp]>([
  ['an unbounded string', z.string(), /use boundedString/],
  ['a string bounded in UTF-16 units', z.string().max(5), /use boundedString/],
  ['a format of zod', z.email(), /use boundedString/],
  ['a pattern on a bounded string', bounded.regex(/x/), /regex|string_format|no C form/],
  ['a bound on a bounded string', bounded.max(3), /no C form/],
  ['a refinement of a bounded string', bounded.refine((value) => value !== 'a'), /on top of boundedString/],
  ['a trimmed string', bounded.trim(), /no C form/],
  ['a coerced string', z.coerce.string(), /coercing/],
  ['an unbounded number', z.number(), /use integer/],
  ['an unbounded integer', z.int(), /use integer/],
  ['a half-bounded integer', z.int().min(0), /use integer/],
  ['a bounded fraction', z.number().min(0).max(1), /use integer/],
  ['an exclusive bound', integer(0, 9).gt(3), /use integer/],
  ['a multiple', integer(0, 9).multipleOf(3), /multiple_of/],
  ['a bounded multiple', z.number().min(0).max(1).multipleOf(0.1), /use .* decimal\(\{ min, max, decimals \}\)/],
  ['a bound on a decimal', decimal({ min: 0, max: 1, decimals: 1 }).max(0.5), /on top of decimal/],
  ['a refined decimal', decimal({ min: 0, max: 1, decimals: 1 }).refine(() => true), /on top of decimal/],
  ['a refined integer', integer(0, 9).refine((value) => value !== 3), /custom/],
  ['bounds that exclude each other', integer(0, 3).min(5), /no integer satisfies/],
  ['a refined boolean', z.boolean().refine((value) => value), /custom/],
  ['a big integer', z.bigint(), /bigint/],
  ['a date', z.date(), /date/],
  ['null', z.null(), /null/],
  ['anything', z.any(), /any/],
  ['a record', z.record(z.string(), z.boolean()), /record/],
  ['a tuple', z.tuple([z.boolean()]), /tuple/],
  ['a transformation', z.boolean().transform((value) => !value), /pipe/],
  ['a plain union', z.union([z.boolean(), bounded]), /discriminatedUnion/],
  ['an enum with capitals', z.enum(['On']), /enum values/],
  ['an enum of numbers', z.enum({ a: 1 } as never), /enum values/],
  ['an enum that repeats', z.enum({ a: 'x', b: 'x' }), /repeat/],
  ['a literal of several values', z.literal(['a', 'b']), /use z.enum/],
  ['a literal null', z.literal(null), /a literal must be/],
  ['a literal fraction', z.literal(1.5), /a literal must be/],
  ['a literal with NUL', z.literal('a\u0000'), /a literal must be/],
  ['a nullable literal', z.object({ m: z.literal('a').nullable() }), /nullable/],
  ['an unbounded array', z.array(z.boolean()), /use \.max/],
  ['an array of nothing', z.array(z.boolean()).max(0), /1\.\.65535/],
  [
    'a refined array',
    z
      .array(z.boolean())
      .max(2)
      .refine((items) => items.length !== 1),
    /custom/,
  ],
  ['an array of arrays', z.array(z.array(z.boolean()).max(2)).max(2), /wrap the inner/],
  ['an array of literals', z.array(z.literal('a')).max(2), /carries nothing/],
  ['an array of nullables', z.array(z.boolean().nullable()).max(2), /nullable/],
  ['an object that keeps unknown keys', z.looseObject({}), /unknown keys/],
  ['an object with a catch-all', z.object({}).catchall(z.boolean()), /unknown keys/],
  ['a refined object', z.object({ a: z.boolean() }).refine((value) => value.a), /custom/],
  [
    'a refined optional',
    z.object({
      m: z
        .boolean()
        .optional()
        .refine((value) => value === true),
    }),
    /custom/,
  ],
  ['a member name with a dash', z.object({ 'a-b': z.boolean() }), /member name/],
  ['a member that every object has', z.object({ constructor: z.boolean() }), /every JavaScript object/],
  ['a recursive schema', recursive, /recursive/],
  [
    'a union whose options share a tag',
    tagged(z.object({ k: z.literal(1) }), z.object({ k: z.literal(1), a: z.boolean() })),
    /its own value/,
  ],
  ['a union with an enum for a tag', tagged(z.object({ k: z.enum(['a', 'b']) })), /needs a literal/],
  ['a union with an optional tag', tagged(z.object({ k: z.literal(1).optional() })), /needs a literal/],
])('%s', (_what, schema, message) => {
  test('is refused, with the path of the field and what to do', () => {
    const error = refusal(() => toFieldModel(z.object({ outer: z.object({ field: schema }) }), 'topic'));
    expect(error.code).toBe('invalid_definition');
    expect(error.path).toMatch(/^topic\.outer\.field/);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(error.path);
  });
});

test('toFieldModel turns a schema into plain data', () => {
  const schema = z.strictObject({ a: integer(0, 9).min(2).optional().nullable(), b: z.array(hex(2)).min(1).max(3) });
  expect(toFieldModel(schema, 'x')).toStrictEqual({
    kind: 'object',
    strict: true,
    members: [
      { name: 'a', optional: true, nullable: true, type: { kind: 'integer', min: 2, max: 9 } },
      {
        name: 'b',
        optional: false,
        nullable: false,
        type: {
          kind: 'array',
          minItems: 1,
          maxItems: 3,
          item: { kind: 'string', minBytes: 2, maxBytes: 2, format: 'hex' },
        },
      },
    ],
  });
});

describe('errors', () => {
  test('are recognised by shape, not by class', () => {
    const foreign = Object.assign(new Error('m'), { name: 'ProtocolError', code: 'invalid_topic', path: 'x' });
    expect(isProtocolError(foreign)).toBe(true);
    expect(isProtocolError(Object.assign(new Error('m'), { name: 'ProtocolError', code: 'other' }))).toBe(false);
    expect(isProtocolError({ name: 'ProtocolError', code: 'invalid_topic' })).toBe(false);
  });

  test('keep their cause', () => {
    const cause = new Error('c');
    expect(new ProtocolError('invalid_value', 'm', 'p', { cause }).cause).toBe(cause);
    expect(PROTOCOL_ERROR_CODES).toEqual(['invalid_definition', 'invalid_topic', 'invalid_value']);
  });
});
