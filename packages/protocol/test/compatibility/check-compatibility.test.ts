import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  boundedString,
  bytes,
  checkCompatibility,
  command,
  CONTRACT_CHANGES,
  decimal,
  defineProtocol,
  describeProtocol,
  empty,
  event,
  hex,
  httpsUrl,
  identifier,
  integer,
  json,
  secureEspV1,
  text,
  withRoot,
  type ContractChange,
  type Documents,
  type OldSide,
  type Payload,
  type Topics,
} from '../../src/index.js';

const F: OldSide = 'old-firmware';
const S: OldSide = 'old-servers';

const d = { description: 'd' };
const describeTopics = (topics: Topics, documents: Documents = {}) =>
  describeProtocol(defineProtocol({ name: 'lab', version: 1, root: '/lab', topics, documents }));

/** What checkCompatibility says of a change of one topic: `change level sides`. */
const verdicts = (older: Topics, newer: Topics): string[] =>
  checkCompatibility(describeTopics(older), describeTopics(newer)).map(({ change, level, breaks }) =>
    `${change} ${level} ${breaks.join('+')}`.trim(),
  );

const object = (shape: z.ZodRawShape): Payload => json(z.object(shape), { maxBytes: 99 });
const strict = (shape: z.ZodRawShape): Payload => json(z.strictObject(shape), { maxBytes: 99 });
const scalar = (schema: z.ZodType<string | number | boolean>): Payload => text(schema, { maxBytes: 99 });
const one = integer(0, 9);
const tenths = (min: number, max: number) => decimal({ min, max, decimals: 1 });
const union = (...options: z.ZodObject[]): Payload =>
  json(z.discriminatedUnion('k', options as unknown as [z.ZodObject]), { maxBytes: 99 });
const a = z.object({ k: z.literal('a') });
const b = z.object({ k: z.literal('b') });

type Row = readonly [row: string, older: Payload, newer: Payload, command: string[], event: string[]];

const rows: readonly Row[] = [
  // What a writer of the newer contract may write and a reader of the older one refuses, and the reverse.
  ...(
    [
      ['range', 'range', scalar(integer(0, 9)), scalar(integer(-1, 20))],
      ['range of a decimal', 'range', scalar(tenths(0, 9)), scalar(tenths(-0.1, 9))],
      ['step of a decimal', 'decimals', scalar(tenths(0, 9)), scalar(decimal({ min: 0, max: 9, decimals: 3 }))],
      ['number: decimal and integer', 'type', scalar(one), scalar(tenths(-5, 9))],
      ['number of bytes', 'length', bytes({ minBytes: 2, maxBytes: 4 }), bytes({ maxBytes: 9 })],
      ['length', 'length', scalar(boundedString({ maxBytes: 4 })), scalar(boundedString({ maxBytes: 5 }))],
      ['size bound', 'size_bound', json(z.object({}), { maxBytes: 20 }), json(z.object({}), { maxBytes: 30 })],
      ['item count', 'item_count', object({ m: z.array(one).min(2).max(3) }), object({ m: z.array(one).max(4) })],
      ['format to identifier', 'format', scalar(identifier(0, 4)), scalar(boundedString({ maxBytes: 4 }))],
      ['format to utf8', 'format', scalar(hex(4)), scalar(identifier(4, 4))],
    ] as const
  ).flatMap(([row, change, narrow, wide]): Row[] => [
    [`wider ${row}`, narrow, wide, [`${change} if_used ${F}`], [`${change} breaks ${S}`]],
    [`narrower ${row}`, wide, narrow, [`${change} breaks ${S}`], [`${change} breaks ${F}`]],
  ]),
  ...(
    [
      ['enum value', 'enum_value', scalar(z.enum(['x'])), scalar(z.enum(['y', 'x']))],
      ['option', 'option', union(a), union(b, a)],
    ] as const
  ).flatMap(([row, change, narrow, wide]): Row[] => [
    [`${row} added`, narrow, wide, [`${change}_added if_used ${F}`], [`${change}_added breaks ${S}`]],
    [`${row} removed`, wide, narrow, [`${change}_removed breaks ${S}`], [`${change}_removed breaks ${F}`]],
  ]),
  ...(
    [
      ['another format', 'format', scalar(httpsUrl(9)), scalar(identifier(1, 9))],
      ['another type', 'type', object({ m: one }), object({ m: z.boolean() })],
      ['another shape', 'type', object({ m: one }), object({ m: z.array(one).max(2) })],
      ['another literal', 'literal', object({ m: z.literal('x') }), object({ m: z.literal('y') })],
      [
        'another discriminator',
        'discriminator',
        union(a),
        json(z.discriminatedUnion('l', [z.object({ l: z.literal('a') })]), { maxBytes: 99 }),
      ],
      ['another encoding', 'encoding', scalar(one), object({ m: one })],
      ['no payload any more', 'encoding', scalar(one), empty()],
      ['text that becomes bytes', 'encoding', scalar(one), bytes({ maxBytes: 99 })],
      ['bytes that become nothing', 'encoding', bytes({ maxBytes: 9 }), empty()],
      ['a shifted range', 'range', scalar(integer(0, 9)), scalar(integer(5, 20))],
      ['a shifted range of a decimal', 'range', scalar(tenths(0, 9)), scalar(tenths(5, 20))],
      ['a shifted number of bytes', 'length', bytes({ maxBytes: 4 }), bytes({ minBytes: 1, maxBytes: 9 })],
      ['an integer out of a decimal', 'type', scalar(one), scalar(tenths(0, 8))],
    ] as const
  ).map(([row, change, older, newer]): Row => {
    const verdict = [`${change} breaks ${F}+${S}`];
    return [row, older, newer, verdict, verdict];
  }),
  [
    'a literal becomes an enum with it',
    object({ m: z.literal('x') }),
    object({ m: z.enum(['x', 'y']) }),
    [`type if_used ${F}`],
    [`type breaks ${S}`],
  ],
  [
    'a literal becomes a decimal with it',
    object({ m: z.literal(3) }),
    object({ m: tenths(0, 9) }),
    [`type if_used ${F}`],
    [`type breaks ${S}`],
  ],
  ...(
    [
      ['default given to a member', object({ m: one }), object({ m: one.default(1) })],
      ['default taken from a member', object({ m: one.default(1) }), object({ m: one })],
      ['default instead of absence', object({ m: one.optional() }), object({ m: one.default(1) })],
      ['absence instead of a default', object({ m: one.default(1) }), object({ m: one.optional() })],
    ] as const
  ).map(([row, older, newer]): Row => [row, older, newer, ['default compatible'], ['default compatible']]),
  [
    'another default',
    object({ m: one.default(1) }),
    object({ m: one.default(2) }),
    [`default if_used ${F}+${S}`],
    [`default if_used ${F}+${S}`],
  ],
  [
    'the same default in finer steps',
    object({ m: tenths(0, 9).default(0.5) }),
    object({ m: decimal({ min: 0, max: 9, decimals: 2 }).default(0.5) }),
    [`decimals if_used ${F}`],
    [`decimals breaks ${S}`],
  ],
  [
    'member with a default added',
    object({}),
    object({ m: one.default(1) }),
    ['member_added compatible'],
    ['member_added compatible'],
  ],
  [
    'member with a default added, strict',
    strict({}),
    strict({ m: one.default(1) }),
    [`member_added breaks ${F}`],
    [`member_added breaks ${S}`],
  ],
  [
    'member with a default removed',
    object({ m: one.default(1) }),
    object({}),
    ['member_removed compatible'],
    ['member_removed compatible'],
  ],
  [
    'member with a default removed, strict',
    strict({ m: one.default(1) }),
    strict({}),
    [`member_removed breaks ${S}`],
    [`member_removed breaks ${F}`],
  ],
  [
    'boolean becomes 0..1 as text',
    scalar(z.boolean()),
    scalar(integer(0, 1)),
    ['type compatible'],
    ['type compatible'],
  ],
  [
    'a size bound above the longest text',
    scalar(one),
    text(one, { maxBytes: 50 }),
    ['size_bound compatible'],
    ['size_bound compatible'],
  ],
  [
    'optional member added',
    object({}),
    object({ m: one.optional() }),
    ['member_added compatible'],
    ['member_added compatible'],
  ],
  [
    'optional member added, strict',
    strict({}),
    strict({ m: one.optional() }),
    [`member_added if_used ${F}`],
    [`member_added breaks ${S}`],
  ],
  ['required member added', object({}), object({ m: one }), [`member_added breaks ${S}`], [`member_added breaks ${F}`]],
  [
    'required member added, strict',
    strict({}),
    strict({ m: one }),
    [`member_added breaks ${F}+${S}`],
    [`member_added breaks ${F}+${S}`],
  ],
  [
    'optional member removed',
    object({ m: one.optional() }),
    object({}),
    ['member_removed compatible'],
    ['member_removed compatible'],
  ],
  [
    'optional member removed, strict',
    strict({ m: one.optional() }),
    strict({}),
    [`member_removed breaks ${S}`],
    [`member_removed breaks ${F}`],
  ],
  [
    'required member removed',
    object({ m: one }),
    object({}),
    [`member_removed breaks ${F}`],
    [`member_removed breaks ${S}`],
  ],
  [
    'required member removed, strict',
    strict({ m: one }),
    strict({}),
    [`member_removed breaks ${F}+${S}`],
    [`member_removed breaks ${F}+${S}`],
  ],
  [
    'member renamed',
    object({ m: one }),
    object({ n: one }),
    [`member_removed breaks ${F}`, `member_added breaks ${S}`],
    [`member_removed breaks ${S}`, `member_added breaks ${F}`],
  ],
  [
    'member may be absent',
    object({ m: one }),
    object({ m: one.optional() }),
    [`optional if_used ${F}`],
    [`optional breaks ${S}`],
  ],
  [
    'member may not be absent',
    object({ m: one.optional() }),
    object({ m: one }),
    [`required breaks ${S}`],
    [`required breaks ${F}`],
  ],
  [
    'member may be null',
    object({ m: one }),
    object({ m: one.nullable() }),
    [`nullable if_used ${F}`],
    [`nullable breaks ${S}`],
  ],
  [
    'member may not be null',
    object({ m: one.nullable() }),
    object({ m: one }),
    [`not_nullable breaks ${S}`],
    [`not_nullable breaks ${F}`],
  ],
  [
    'deeper nesting in an ignored member',
    object({}),
    object({ m: z.object({}).optional() }),
    [`nesting if_used ${F}`, 'member_added compatible'],
    [`nesting breaks ${S}`, 'member_added compatible'],
  ],
  [
    'less nesting',
    object({ m: z.object({}).optional() }),
    object({}),
    [`nesting breaks ${S}`, 'member_removed compatible'],
    [`nesting breaks ${F}`, 'member_removed compatible'],
  ],
  ['unknown keys refused', object({}), strict({}), ['strictness compatible'], ['strictness compatible']],
  ['unknown keys ignored', strict({}), object({}), ['strictness compatible'], ['strictness compatible']],
];

/** A change of depth comes with some of the changes above. */
const withoutNesting = (found: string[], expected: string[]): string[] =>
  expected.some((entry) => entry.startsWith('nesting')) ? found : found.filter((entry) => !entry.startsWith('nesting'));

describe('a changed payload', () => {
  test.each(rows)('%s', (_row, older, newer, inCommand, inEvent) => {
    const ofCommand = verdicts({ t: command(older, d) }, { t: command(newer, d) });
    const ofEvent = verdicts({ t: event(older, d) }, { t: event(newer, d) });
    expect(withoutNesting(ofCommand, inCommand)).toEqual(inCommand);
    expect(withoutNesting(ofEvent, inEvent)).toEqual(inEvent);
  });

  test.each(rows)('%s: in a document it names both sides or none', (_row, older, newer) => {
    if (older.encoding !== 'json' || newer.encoding !== 'json') return;
    const findings = checkCompatibility(describeTopics({}, { x: older }), describeTopics({}, { x: newer }));
    expect(findings.length).toBeGreaterThan(0);
    for (const { level, breaks } of findings) expect(breaks).toEqual(level === 'compatible' ? [] : [F, S]);
  });
});

const go = command(empty(), d);
const say = event(scalar(one), d);

describe('a changed topic', () => {
  test.each<[row: string, older: Topics, newer: Topics, expected: string[]]>([
    ['command added', {}, { t: go }, [`topic_added if_used ${F}`]],
    ['event added', {}, { t: say }, ['topic_added compatible']],
    ['command removed', { t: go }, {}, [`topic_removed breaks ${F}+${S}`]],
    ['event removed', { t: say }, {}, [`topic_removed breaks ${F}+${S}`]],
    ['the other direction', { t: command(scalar(one), d) }, { t: say }, [`direction breaks ${F}+${S}`]],
    ['scope added to a command', { t: { ...go, scopes: ['all'] } }, { t: go }, [`scope_added if_used ${F}`]],
    ['scope added to an event', { t: say }, { t: { ...say, scopes: ['all', 'device'] } }, ['scope_added compatible']],
    ['scope removed', { t: go }, { t: { ...go, scopes: ['device'] } }, [`scope_removed breaks ${F}+${S}`]],
    ['QoS raised', { t: { ...go, qos: 0 } }, { t: go }, ['qos_raised compatible']],
    ['QoS of a command lowered', { t: go }, { t: { ...go, qos: 0 } }, [`qos_lowered breaks ${F}`]],
    ['QoS of an event lowered', { t: say }, { t: { ...say, qos: 0 } }, [`qos_lowered breaks ${S}`]],
    ['retain on', { t: say }, { t: { ...say, retain: true } }, [`retain breaks ${F}+${S}`]],
    ['retain off', { t: { ...say, retain: true } }, { t: say }, [`retain breaks ${F}+${S}`]],
    ['expiry', { t: go }, { t: { ...go, expirySeconds: 5 } }, ['expiry compatible']],
  ])('%s', (_row, older, newer, expected) => {
    expect(verdicts(older, newer)).toEqual(expected);
  });
});

describe('a finding', () => {
  const of = (older: Topics, newer: Topics) => checkCompatibility(describeTopics(older), describeTopics(newer));

  test('names the place and says what comes of it', () => {
    const shapes = (max: number) =>
      event(
        json(
          z.object({
            shapes: z.array(z.discriminatedUnion('k', [z.object({ k: z.literal('a'), n: integer(0, max) })])).max(3),
          }),
          { maxBytes: 99 },
        ),
        d,
      );
    expect(of({ 'a/b': shapes(9) }, { 'a/b': shapes(20) })).toEqual([
      {
        path: 'a/b.shapes[]|"a".n',
        change: 'range',
        level: 'breaks',
        breaks: [S],
        explanation: '0..9 became 0..20: old servers refuse it as soon as new firmware reports it.',
      },
    ]);
  });

  test('tells both halves of a change that breaks both', () => {
    expect(
      of({ t: command(scalar(integer(0, 9)), d) }, { t: command(scalar(integer(5, 20)), d) })[0]?.explanation,
    ).toBe(
      '0..9 became 5..20: old firmware refuses it once a new server makes use of it. And new firmware refuses what old servers may send.',
    );
  });

  test('is also a name, a version and a document', () => {
    const older = describeTopics({}, { gone: object({}) });
    const newer = { ...describeTopics({}, { come: object({}) }), name: 'other', version: 2 };
    expect(checkCompatibility(older, newer).map(({ path, change, level }) => [path, change, level])).toEqual([
      ['name', 'name', 'compatible'],
      ['version', 'version', 'compatible'],
      ['come', 'document_added', 'compatible'],
      ['gone', 'document_removed', 'breaks'],
    ]);
  });

  test('tells of a removed topic that it was deprecated', () => {
    const old = { ...go, deprecated: 'Use say.' };
    expect(of({ t: old }, {})[0]).toMatchObject({
      level: 'breaks',
      explanation: expect.stringMatching(/It was deprecated\.$/) as string,
    });
    expect(of({ t: go }, {})[0]?.explanation).not.toContain('deprecated');
    expect(of({ t: go }, { t: { ...old, since: 1 } })).toEqual([]);
  });

  test('tells what another default means', () => {
    const state = (value: number) => event(object({ m: tenths(0, 9).default(value) }), d);
    expect(of({ t: state(1.5) }, { t: state(2) })).toEqual([
      {
        path: 't.m',
        change: 'default',
        level: 'if_used',
        breaks: [F, S],
        explanation:
          'An absent member is read as 2 instead of 1.5: encoders always write it, but who leaves it out is understood differently.',
      },
    ]);
  });

  test('is exact where a scaled bound is beyond what a double holds', () => {
    const wide = (max: number) => object({ m: integer(0, max) });
    const fine = object({ m: decimal({ min: 0, max: 999_999, decimals: 9 }) });
    expect(verdicts({ t: command(wide(999_999), d) }, { t: command(fine, d) })).toEqual([`type if_used ${F}`]);
    expect(verdicts({ t: command(wide(2 ** 53 - 1), d) }, { t: command(fine, d) })).toEqual([`type breaks ${F}+${S}`]);
  });

  test('is never about a root or a description', () => {
    expect(checkCompatibility(describeProtocol(secureEspV1), describeProtocol(withRoot(secureEspV1, '/x')))).toEqual(
      [],
    );
    expect(verdicts({ t: go }, { t: { ...go, description: 'other' } })).toEqual([]);
  });
});

test('every kind of change has a row here', () => {
  const seen = new Set(
    [
      ...rows.flatMap(([, older, newer]) => verdicts({ t: command(older, d) }, { t: command(newer, d) })),
      ...['name', 'version', 'document_added', 'document_removed', 'topic_added', 'topic_removed', 'direction'],
      ...['scope_added', 'scope_removed', 'qos_raised', 'qos_lowered', 'retain', 'expiry'],
    ].map((entry) => entry.split(' ')[0] as ContractChange),
  );
  expect([...seen].sort()).toEqual([...CONTRACT_CHANGES].sort());
});
