import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  boundedString,
  createPayloadCodec,
  decimal,
  defineProtocol,
  event,
  integer,
  json,
  toFieldModel,
  type FieldModel,
  type MemberModel,
  type TopicInput,
  type TopicValue,
} from '../../src/index.js';
import { encodeUtf8 } from '../../src/utf8.js';
import { objects, schemaOf } from '../support/model-arbitraries.js';
import { valuesOf } from '../support/payload-arbitraries.js';

const settings = z.object({
  name: boundedString({ maxBytes: 8 }),
  interval: integer(1, 60).default(10),
  offset: decimal({ min: -5, max: 5, decimals: 1 }).default(-0.5),
  on: z.boolean().default(true),
  mode: z.enum(['eco', 'full']).default('eco'),
  label: boundedString({ maxBytes: 8 }).default('é'),
  limit: integer(0, 9).nullable().default(3),
});
const protocol = defineProtocol({
  name: 'lab',
  version: 1,
  root: '/lab',
  topics: { settings: event(json(settings, { maxBytes: 256 }), { description: 'd' }) },
});
const codec = protocol.codecs.settings;
const DEFAULTS = { interval: 10, offset: -0.5, on: true, mode: 'eco', label: 'é', limit: 3 } as const;

describe('a member with a default', () => {
  test('is filled in where it is absent', () => {
    expect(codec.decode(encodeUtf8('{"name":"a"}'))).toStrictEqual({ ok: true, value: { name: 'a', ...DEFAULTS } });
    expect(codec.decode(encodeUtf8('{"name":"a","on":false,"limit":null}'))).toStrictEqual({
      ok: true,
      value: { name: 'a', ...DEFAULTS, on: false, limit: null },
    });
  });

  test('is still held to its schema where it is there', () => {
    expect(codec.decode(encodeUtf8('{"name":"a","interval":0}'))).toMatchObject({ ok: false, code: 'out_of_range' });
    expect(codec.decode(encodeUtf8('{"name":"a","interval":null}'))).toMatchObject({ ok: false, code: 'bad_payload' });
  });

  test('may be left out by who encodes, and is always written', () => {
    const text = new TextDecoder().decode(codec.encode({ name: 'a' }));
    expect(text).toBe('{"name":"a","interval":10,"offset":-0.5,"on":true,"mode":"eco","label":"é","limit":3}');
    expectTypeOf<TopicInput<typeof protocol, 'settings'>['interval']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<TopicValue<typeof protocol, 'settings'>['interval']>().toEqualTypeOf<number>();
    expectTypeOf<Parameters<typeof codec.encode>[0]>().toEqualTypeOf<TopicInput<typeof protocol, 'settings'>>();
  });

  test('is part of the model, scaled like its bounds', () => {
    const { members } = toFieldModel(settings, 'x') as Extract<FieldModel, { kind: 'object' }>;
    expect(members.map(({ name, optional, nullable, default: value }) => [name, optional, nullable, value])).toEqual([
      ['name', false, false, undefined],
      ['interval', false, false, 10],
      ['offset', false, false, -5],
      ['on', false, false, true],
      ['mode', false, false, 'eco'],
      ['label', false, false, 'é'],
      ['limit', false, true, 3],
    ]);
    expect(members[0]).not.toHaveProperty('default');
    expect(toFieldModel(z.object({ m: integer(0, 9).default(3).nullable() }), 'x')).toStrictEqual(
      toFieldModel(z.object({ m: integer(0, 9).nullable().default(3) }), 'x'),
    );
  });

  test('comes out of every encoder and decoder, in any contract', () => {
    const cases = objects(2).chain((model) => fc.tuple(fc.constant(model), valuesOf(model)));
    fc.assert(
      fc.property(cases, ([model, value]) => {
        const any = createPayloadCodec(json(schemaOf(model) as never, { maxBytes: 4096 }), 't');
        const written = any.encode(value as never);
        const direct = any.decode(encodeUtf8(JSON.stringify(value)));
        expect(any.decode(written)).toEqual(direct);
        if (!direct.ok) throw new Error(direct.detail);
        expect(any.encode(direct.value)).toStrictEqual(written);
        for (const member of model.members) {
          if (member.default === undefined) continue;
          expect(JSON.parse(new TextDecoder().decode(written))).toHaveProperty(member.name);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

let calls = 0;
/** Defaults that C could not fill in: each is refused with the path of the member and what to do. */
test.each<[string, z.ZodType, RegExp]>([
  ['an optional member', integer(0, 9).optional().default(1), /remove \.optional/],
  ['a member made optional again', integer(0, 9).default(1).optional(), /remove \.optional/],
  ['two defaults', integer(0, 9).default(1).default(2), /only a member/],
  ['a default below the range', integer(1, 9).default(0), /a value of this member/],
  ['a default of another type', z.boolean().default('x' as never), /a value of this member/],
  ['a default between two steps', decimal({ min: 0, max: 1, decimals: 1 }).default(0.55), /a value of this member/],
  ['a default beyond a decimal', decimal({ min: 0, max: 1, decimals: 1 }).default(1.1), /a value of this member/],
  ['a default that is too long', boundedString({ maxBytes: 1 }).default('é'), /a value of this member/],
  ['a default with NUL', boundedString({ maxBytes: 9 }).default('\u0000'), /a value of this member/],
  ['a default out of the list', z.enum(['a']).default('b' as never), /a value of this member/],
  ['a default null', integer(0, 9).nullable().default(null), /a value of this member/],
  ['a default that changes', integer(0, 9).default(() => calls++ % 9), /must be a constant/],
  ['an object', z.object({ a: z.boolean() }).default({ a: true }), /not object: use \.optional/],
  ['an array', z.array(z.boolean()).max(2).default([]), /not array: use \.optional/],
  ['a literal', z.literal('a').default('a'), /not literal: use \.optional/],
  ['an array of defaults', z.array(z.boolean().default(true)).max(2), /only a member/],
  ['a prefault', z.boolean().prefault(true), /use \.default/],
])('a default is refused for %s', (_what, schema, message) => {
  expect(() => toFieldModel(z.object({ outer: z.object({ field: schema }) }), 'topic')).toThrow(
    expect.objectContaining({
      code: 'invalid_definition',
      path: expect.stringMatching(/^topic\.outer\.field/) as string,
      message: expect.stringMatching(message) as string,
    }),
  );
});

test('a model without defaults is what it was before there were any', () => {
  const member: MemberModel = { name: 'm', optional: false, nullable: false, type: { kind: 'boolean' } };
  expect(toFieldModel(z.object({ m: z.boolean() }), 'x')).toStrictEqual({
    kind: 'object',
    strict: false,
    members: [member],
  });
});
