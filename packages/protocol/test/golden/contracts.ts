import { z } from 'zod';
import {
  boundedString,
  bytes,
  command,
  decimal,
  defineProtocol,
  empty,
  event,
  integer,
  json,
  text,
  u32,
  type Documents,
  type Protocol,
  type Topics,
} from '../../src/index.js';

const contract = (name: string, topics: Topics, documents: Documents = {}): Protocol =>
  defineProtocol({ name, version: 1, root: '/t', topics, documents });

/** One small contract per feature; what they generate is committed next to this file. */
export const GOLDEN_CONTRACTS: readonly Protocol[] = [
  contract('text-topics', {
    'set/level': command(text(integer(-5, 300), { maxBytes: 8 }), { description: 'An integer.' }),
    'set/on': command(text(z.boolean(), { maxBytes: 2 }), { description: 'A boolean.', scopes: ['device'] }),
    'set/mode': command(text(z.enum(['eco', 'full']), { maxBytes: 8 }), { description: 'An enum.', expirySeconds: 5 }),
    say: event(text(boundedString({ maxBytes: 16 }), { maxBytes: 16 }), { description: 'A string.', qos: 0 }),
    go: command(empty(), { description: 'Nothing.' }),
  }),
  contract('json-object', {
    state: event(
      json(
        z.object({
          bootId: u32(),
          temperature: integer(-400, 1250),
          name: boundedString({ minBytes: 1, maxBytes: 8 }),
          unit: z.literal('C'),
          power: z.enum(['on', 'off']),
        }),
        { maxBytes: 128 },
      ),
      { description: 'An object of scalars.', retain: true },
    ),
  }),
  contract('json-union', {
    'answers/{client}': event(
      json(
        z.discriminatedUnion('ok', [
          z.object({ ok: z.literal(true) }),
          z.object({ ok: z.literal(false), code: z.enum(['busy', 'no']) }),
        ]),
        { maxBytes: 64 },
      ),
      { description: 'One of two objects.' },
    ),
  }),
  contract(
    'json-array',
    {},
    { list: json(z.object({ ids: z.array(integer(0, 99)).min(1).max(3) }), { maxBytes: 32 }) },
  ),
  contract('json-optional', {
    settings: event(
      json(
        z.strictObject({
          limit: integer(0, 9).optional(),
          label: boundedString({ maxBytes: 4 }).nullable(),
          pin: z
            .object({ number: integer(0, 39) })
            .nullable()
            .optional(),
        }),
        { maxBytes: 64 },
      ),
      { description: 'Members that may be absent, null, or both.' },
    ),
  }),
  contract('numbers-and-bytes', {
    'set/target': command(text(decimal({ min: 5, max: 35, decimals: 1 }), { maxBytes: 8 }), { description: 'A decimal.' }),
    frame: command(bytes({ minBytes: 2, maxBytes: 16 }), { description: 'Raw bytes.', deprecated: 'Use set/target.' }),
    climate: event(
      json(
        z.object({
          temperature: decimal({ min: -40, max: 125, decimals: 2 }),
          fan: integer(0, 3).default(1),
          mode: z.enum(['auto', 'manual']).default('auto'),
          label: boundedString({ maxBytes: 8 }).default('none'),
        }),
        { maxBytes: 128 },
      ),
      { description: 'Decimals and defaults.' },
    ),
  }),
];
