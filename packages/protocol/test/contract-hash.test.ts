import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  boundedString,
  bytes,
  command,
  decimal,
  defineProtocol,
  event,
  integer,
  json,
  secureEspV1,
  text,
  withRoot,
  type Topics,
} from '../src/index.js';

interface Change {
  readonly name?: string;
  readonly version?: number;
  readonly root?: string;
  readonly topics?: Topics;
}

const level = { maxBytes: 8 };
const level09 = () => text(integer(0, 9), level);
const status = () => json(z.object({ a: z.enum(['x', 'y']), b: integer(0, 9) }), { maxBytes: 64 });
const base: Topics = {
  'set/level': command(level09(), { description: 'd' }),
  status: event(status(), { description: 'd' }),
};

const hashOf = ({ name = 'lab', version = 1, root = '/lab', topics = base }: Change = {}): string =>
  defineProtocol({ name, version, root, topics }).contractHash;

const withStatus = (schema: z.ZodType<object>, maxBytes = 64): Change => ({
  topics: { ...base, status: event(json(schema, { maxBytes }), { description: 'd' }) },
});
const withLevel = (definition: Topics[string]): Change => ({ topics: { ...base, 'set/level': definition } });

describe('the contract hash', () => {
  test('is 16 hex digits, and that of secure-esp version 1 is this', () => {
    expect(secureEspV1.contractHash).toBe('e39d769480af5e1d');
  });

  test.each<[string, Change]>([
    ['the root', { root: '/other' }],
    ['descriptions', withLevel(command(level09(), { description: 'other' }))],
    ['deprecation', withLevel(command(level09(), { description: 'd', deprecated: 'Use status.' }))],
    ['the version in which a topic appeared', withLevel(command(level09(), { description: 'd', since: 1 }))],
    ['the order of topics', { topics: Object.fromEntries(Object.entries(base).reverse()) }],
    ['the order of scopes', withLevel(command(level09(), { description: 'd', scopes: ['device', 'all'] }))],
    ['the order of members', withStatus(z.object({ b: integer(0, 9), a: z.enum(['x', 'y']) }))],
    ['the order of enum values', withStatus(z.object({ a: z.enum(['y', 'x']), b: integer(0, 9) }))],
    ['zod metadata', withStatus(z.object({ a: z.enum(['x', 'y']).describe('which'), b: integer(0, 9) }))],
  ])('does not change with %s', (_what, change) => {
    expect(hashOf(change)).toBe(hashOf());
  });

  test.each<[string, Change]>([
    ['the name', { name: 'other' }],
    ['the version', { version: 2 }],
    ['a topic more', { topics: { ...base, more: command(level09(), { description: 'd' }) } }],
    ['a bound', withLevel(command(text(integer(0, 10), level), { description: 'd' }))],
    ['a size bound', withLevel(command(text(integer(0, 9), { maxBytes: 9 }), { description: 'd' }))],
    ['a scope', withLevel(command(level09(), { description: 'd', scopes: ['all'] }))],
    ['the QoS', withLevel(command(level09(), { description: 'd', qos: 0 }))],
    ['the expiry', withLevel(command(level09(), { description: 'd', expirySeconds: 61 }))],
    ['the direction', withLevel(event(level09(), { description: 'd', scopes: ['all', 'device'] }))],
    ['retain', { topics: { ...base, status: event(status(), { description: 'd', retain: true }) } }],
    ['a member more', withStatus(z.object({ a: z.enum(['x', 'y']), b: integer(0, 9), c: z.boolean() }))],
    ['an enum value more', withStatus(z.object({ a: z.enum(['x', 'y', 'z']), b: integer(0, 9) }))],
    ['an optional member', withStatus(z.object({ a: z.enum(['x', 'y']), b: integer(0, 9).optional() }))],
    ['a nullable member', withStatus(z.object({ a: z.enum(['x', 'y']), b: integer(0, 9).nullable() }))],
    ['strictness', withStatus(z.strictObject({ a: z.enum(['x', 'y']), b: integer(0, 9) }))],
    ['a type', withStatus(z.object({ a: boundedString({ maxBytes: 1 }), b: integer(0, 9) }))],
  ])('changes with %s', (_what, change) => {
    expect(hashOf(change)).not.toBe(hashOf());
  });

  const celsius = (min: number, max: number, decimals: number) =>
    hashOf(withLevel(command(text(decimal({ min, max, decimals }), level), { description: 'd' })));
  const raw = (minBytes: number, maxBytes: number) =>
    hashOf(withLevel(command(bytes({ minBytes, maxBytes }), { description: 'd' })));
  const filled = (b: z.ZodType) => hashOf(withStatus(z.object({ a: z.enum(['x', 'y']), b })));

  test('tells all decimals, bytes and defaults apart', () => {
    const hashes = [
      hashOf(),
      celsius(0, 9, 1),
      celsius(0, 9, 2),
      celsius(0, 90, 1),
      celsius(-1, 9, 1),
      celsius(0, 0.9, 2),
      raw(0, 8),
      raw(1, 8),
      raw(0, 9),
      filled(integer(0, 9).default(1)),
      filled(integer(0, 9).default(2)),
      filled(integer(0, 9).nullable().default(2)),
      filled(z.boolean()),
      filled(z.boolean().default(true)),
      filled(z.boolean().default(false)),
      filled(z.boolean().optional()),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('stays the same below another root', () => {
    const moved = withRoot(secureEspV1, '/acme/plant-7');
    expect([moved.contractHash, moved.root]).toEqual([secureEspV1.contractHash, '/acme/plant-7']);
  });
});
