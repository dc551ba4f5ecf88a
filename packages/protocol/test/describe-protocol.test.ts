import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  boundedString,
  bytes,
  command,
  decimal,
  defineProtocol,
  describeProtocol,
  event,
  integer,
  json,
  parseProtocolDescription,
  secureEspV1,
  text,
  withRoot,
  type Protocol,
} from '../src/index.js';
import { GOLDEN_CONTRACTS } from './golden/contracts.js';
import { wideContract } from './support/wide-contract.js';

const later = defineProtocol({
  name: 'later',
  version: 2,
  root: '/later',
  topics: {
    aim: command(text(decimal({ min: -5, max: 35, decimals: 1 }), { maxBytes: 8 }), { description: 'd', since: 2 }),
    picture: command(bytes({ minBytes: 1, maxBytes: 64 }), { description: 'd', deprecated: 'Use "aim".', since: 1 }),
    state: event(
      json(
        z.object({
          aim: decimal({ min: -5, max: 35, decimals: 1 }).default(20.5),
          label: boundedString({ maxBytes: 8 }).default(''),
          limit: integer(0, 9).nullable().default(3),
          on: z.boolean().default(false),
        }),
        { maxBytes: 64 },
      ),
      { description: 'd' },
    ),
  },
});

const CONTRACTS: readonly Protocol[] = [secureEspV1, wideContract, later, ...GOLDEN_CONTRACTS];

/** Any part of it changed, to see what a reader says. */
const changed = (change: (description: never) => void, protocol: Protocol = wideContract): string => {
  const description: unknown = JSON.parse(JSON.stringify(describeProtocol(protocol)));
  change(description as never);
  return JSON.stringify(description);
};

/** The member of `state` in the contract above, changed. */
const changedMember = (index: number, change: object): string =>
  changed((d: Editable) => {
    const { model } = d.topics['state']?.payload as { model: { members: object[] } };
    Object.assign(model.members[index] ?? {}, change);
  }, later);

describe('describeProtocol', () => {
  test.each(CONTRACTS.map((protocol) => ({ name: protocol.name, protocol })))(
    '$name comes back from a file as it was written',
    ({ protocol }) => {
      const description = describeProtocol(protocol);
      const text = JSON.stringify(description, null, 2);
      expect(parseProtocolDescription(text)).toStrictEqual(description);
      expect(JSON.stringify(parseProtocolDescription(text), null, 2)).toBe(text);
    },
  );

  test('says what a contract means, without zod', () => {
    const { format, name, version, contractHash, root, topics, documents } = describeProtocol(
      withRoot(secureEspV1, '/acme'),
    );
    expect([format, name, version, contractHash, root]).toEqual([1, 'secure-esp', 1, 'e39d769480af5e1d', '/acme']);
    expect(topics['update/interval']).toStrictEqual({
      direction: 'command',
      description: 'Seconds between update checks. Stored, and effective at once.',
      scopes: ['all', 'device'],
      qos: 1,
      payload: { encoding: 'text', maxBytes: 16, model: { kind: 'integer', min: 300, max: 9_999_999 } },
      expirySeconds: 60,
    });
    expect(topics['status']).toMatchObject({ direction: 'event', retain: true, payload: { model: { kind: 'union' } } });
    expect(topics['restart']?.payload).toEqual({ encoding: 'empty', maxBytes: 0, model: null });
    expect(Object.keys(documents)).toEqual(['manifestHeader', 'manifest']);
  });
});

describe('a description', () => {
  test('scales decimals, and says of a topic what it is told', () => {
    const { topics } = describeProtocol(later);
    expect(topics['aim']).toMatchObject({
      since: 2,
      payload: { encoding: 'text', model: { kind: 'decimal', min: -50, max: 350, decimals: 1 } },
    });
    expect(topics['aim']).not.toHaveProperty('deprecated');
    expect(topics['picture']).toMatchObject({
      deprecated: 'Use "aim".',
      payload: { encoding: 'bytes', maxBytes: 64, model: { kind: 'bytes', minBytes: 1, maxBytes: 64 } },
    });
    expect(topics['state']?.payload.model).toMatchObject({ members: [{ name: 'aim', default: 205 }, {}, {}, {}] });
  });

  test('of a contract without any of it is the same text as ever', () => {
    const text = JSON.stringify(describeProtocol(secureEspV1));
    expect(text).not.toMatch(/"(?:default|deprecated|since|decimals)":/);
  });
});

interface Editable {
  format: number;
  name: string;
  version: number;
  root: string;
  contractHash: string;
  extra?: number;
  topics: Record<string, { qos: number; retain?: boolean; scopes: string[]; payload: Record<string, unknown> }>;
}

describe('parseProtocolDescription', () => {
  test.each<[string, string, RegExp]>([
    ['no JSON', '{', /not valid JSON/],
    ['another JSON', '[1]', /description/],
    ['what nests without end', '['.repeat(100_000), /nests deeper/],
    ['another format', changed((d: Editable) => (d.format = 2)), /^format/],
    ['a member more', changed((d: Editable) => (d.extra = 2)), /description/],
    ['a name that is none', changed((d: Editable) => (d.name = 'A')), /^name/],
    ['a root that is none', changed((d: Editable) => (d.root = 'a/#')), /^root/],
    ['a version that is none', changed((d: Editable) => (d.version = 0)), /^version/],
    ['a hash of something else', changed((d: Editable) => (d.contractHash = '0'.repeat(16))), /^contractHash/],
    [
      'an edit without its hash',
      changed((d: Editable) => Object.assign(d.topics['go'] ?? {}, { qos: 0 })),
      /^contractH/,
    ],
    ['a QoS of 2', changed((d: Editable) => Object.assign(d.topics['go'] ?? {}, { qos: 2 })), /^topics\.go\.qos/],
    ['no scope', changed((d: Editable) => Object.assign(d.topics['go'] ?? {}, { scopes: [] })), /^topics\.go\.scopes/],
    [
      'a command that is retained',
      changed((d: Editable) => Object.assign(d.topics['go'] ?? {}, { retain: true })),
      /go/,
    ],
    [
      'a leaf that is none',
      changed((d: Editable) => Object.assign(d.topics, { 'a/+': d.topics['go'] })),
      /a topic leaf must be/,
    ],
    [
      'a model that is none',
      changed((d: Editable) => Object.assign(d.topics['text/any']?.payload ?? {}, { model: { kind: 'float' } })),
      /text\/any/,
    ],
    ['a default of another type', changedMember(1, { default: 1 }), /not a value of the member/],
    ['a default that is too long', changedMember(1, { default: '123456789' }), /not a value of the member/],
    ['a default beyond its decimal', changedMember(0, { default: 351 }), /not a value of the member/],
    ['a default between two steps', changedMember(0, { default: 20.5 }), /topics\.state/],
    ['a default that may be absent', changedMember(2, { optional: true }), /not a value of the member/],
    [
      'a decimal of ten decimals',
      changedMember(0, { type: { kind: 'decimal', min: 0, max: 1, decimals: 10 } }),
      /topics\.state/,
    ],
    [
      'bytes of two bounds',
      changed((d: Editable) => Object.assign(d.topics['picture']?.payload ?? {}, { maxBytes: 65 }), later),
      /topics\.picture/,
    ],
    [
      'a topic newer than its contract',
      changed((d: Editable) => Object.assign(d.topics['aim'] ?? {}, { since: 3 }), later),
      /newer than the contract/,
    ],
    [
      'a notice with the end of a comment',
      changed((d: Editable) => Object.assign(d.topics['aim'] ?? {}, { deprecated: 'a */' }), later),
      /topics\.aim\.deprecated/,
    ],
    [
      'bounds upside down',
      changed((d: Editable) =>
        Object.assign(d.topics['text/any']?.payload ?? {}, { model: { kind: 'integer', min: 2, max: 1 } }),
      ),
      /text\/any/,
    ],
    [
      'a union whose options have no tag',
      changed((d: Editable) =>
        Object.assign(d.topics['tagged']?.payload ?? {}, {
          model: { kind: 'union', discriminator: 'v', options: [{ kind: 'object', strict: false, members: [] }] },
        }),
      ),
      /tagged/,
    ],
  ])('refuses %s', (_what, text, message) => {
    expect(() => parseProtocolDescription(text)).toThrow(
      expect.objectContaining({
        name: 'ProtocolError',
        code: 'invalid_definition',
        message: expect.stringMatching(message) as string,
      }),
    );
  });
});
