import { z } from 'zod';
import {
  boundedString,
  bytes,
  command,
  decimal,
  defineProtocol,
  empty,
  event,
  hex,
  httpsUrl,
  identifier,
  integer,
  json,
  text,
  u32,
} from '../../src/index.js';

const MODES = ['off', 'eco', 'full_power', '3rd'] as const;
const SAFE = Number.MAX_SAFE_INTEGER;

const scalars = z.object({
  tiny: integer(0, 255),
  small: integer(1, 65_535),
  wide: u32(),
  huge: integer(0, SAFE),
  tinySigned: integer(-128, 127),
  smallSigned: integer(-32_768, 0),
  wideSigned: integer(-2_147_483_648, 2_147_483_647),
  hugeSigned: integer(-SAFE, SAFE),
  offset: integer(-5, -3),
  flag: z.boolean(),
  mode: z.enum(MODES),
  label: boundedString({ minBytes: 1, maxBytes: 12 }),
  url: httpsUrl(40),
  name: identifier(2, 8),
  digest: hex(6),
  kind: z.literal('scalars "1" é?'),
  major: z.literal(-7),
  stable: z.literal(true),
  class: integer(0, 9),
  default: z.boolean().optional(),
});

const optionals = z.strictObject({
  both: integer(0, 9).nullable().optional(),
  word: boundedString({ maxBytes: 4 }).nullable(),
  mark: z.literal('x').optional(),
  nested: z.object({ mode: z.enum(['on', 'off']).optional() }).optional(),
  list: z.array(z.boolean()).max(2).nullable(),
});

const point = z.object({ x: integer(-9, 9), y: integer(-9, 9).optional() });

const shape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('circle'), at: point, size: integer(0, 9), mode: z.enum(['a', 'b']) }),
  z.strictObject({ kind: z.literal('line'), size: boundedString({ maxBytes: 5 }), at: z.array(point).min(1).max(3) }),
  z.object({ kind: z.literal('none'), mode: z.enum(['c']).optional() }),
]);

const collections = z.object({
  numbers: z.array(integer(0, 999)).min(1).max(4),
  names: z.array(identifier(1, 6)).max(3),
  modes: z.array(z.enum(MODES)).length(2),
  points: z.array(point).max(3).optional(),
  shapes: z.array(shape).max(2),
  deep: z.object({ deeper: z.object({ deepest: z.array(z.boolean()).max(2) }) }),
});

const tagged = z.discriminatedUnion('v', [
  z.object({ v: z.literal(1), value: u32() }),
  z.object({ v: z.literal(-2), inner: shape }),
  z.object({ v: z.literal('one') }),
  z.object({ v: z.literal(false), empty: z.object({}) }),
]);

const measures = z.object({
  coarse: decimal({ min: -40, max: 125, decimals: 1 }),
  fine: decimal({ min: 0, max: 0.000000255, decimals: 9 }),
  offset: decimal({ min: -3.27, max: -0.05, decimals: 2 }),
  widest: decimal({ min: -999999.999999999, max: 999999.999999999, decimals: 9 }).nullable(),
  track: z.array(decimal({ min: -90, max: 90, decimals: 7 })).max(3),
  rest: decimal({ min: 0, max: 65.535, decimals: 3 }).optional(),
});

const defaults = z.object({
  level: integer(0, 100).default(42),
  big: integer(-SAFE, SAFE).default(-SAFE),
  ratio: decimal({ min: 0, max: 1, decimals: 2 }).default(0.25),
  on: z.boolean().default(true),
  mode: z.enum(MODES).default('full_power'),
  label: boundedString({ maxBytes: 12 }).default('é "quoted"'),
  hint: boundedString({ maxBytes: 4 }).nullable().default('none'),
  spare: boundedString({ maxBytes: 4 }).default(''),
});

const options = { description: 'A test of "every" feature: */ /* ünïcode.' };

/** A contract that has every feature once. */
export const wideContract = defineProtocol({
  name: 'wide-lab',
  version: 3,
  root: '/lab/wide',
  topics: {
    'text/any': command(text(boundedString({ maxBytes: 40 }), { maxBytes: 64 }), options),
    'text/name': command(text(identifier(2, 8), { maxBytes: 32 }), options),
    'text/digest': command(text(hex(8), { maxBytes: 8 }), options),
    'text/url': command(text(httpsUrl(280), { maxBytes: 300 }), options),
    'text/flag': command(text(z.boolean(), { maxBytes: 4 }), options),
    'text/mode': command(text(z.enum(MODES), { maxBytes: 16 }), options),
    'text/signed': command(text(integer(-1000, 1000), { maxBytes: 40 }), options),
    'text/safe': command(text(integer(-SAFE, SAFE), { maxBytes: 40 }), { ...options, scopes: ['device'], qos: 0 }),
    'text/setpoint': command(text(decimal({ min: 5, max: 35, decimals: 1 }), { maxBytes: 24 }), options),
    'text/fine': command(
      text(decimal({ min: -9.999999999, max: 9.999999999, decimals: 9 }), { maxBytes: 40 }),
      options,
    ),
    'raw/any': command(bytes({ maxBytes: 64 }), { ...options, since: 3 }),
    'raw/frame': command(bytes({ minBytes: 4, maxBytes: 16 }), { ...options, deprecated: 'Use raw/any.' }),
    'json/measures': event(json(measures, { maxBytes: 1024 }), options),
    'json/defaults': command(json(defaults, { maxBytes: 1024 }), options),
    go: command(empty(), { ...options, scopes: ['all'] }),
    'json/scalars': event(json(scalars, { maxBytes: 4096 }), { ...options, retain: true }),
    'json/optionals': event(json(optionals, { maxBytes: 4096 }), options),
    'json/collections': command(json(collections, { maxBytes: 8192 }), options),
    'json/shape': command(json(shape, { maxBytes: 1024 }), options),
    tagged: event(json(tagged, { maxBytes: 1024 }), { ...options, scopes: ['all', 'device'] }),
    'answers/{client}/last': event(json(z.object({}), { maxBytes: 64 }), options),
  },
  documents: { tinyDocument: json(z.object({ n: integer(0, 1) }), { maxBytes: 12 }) },
});
