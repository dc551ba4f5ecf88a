import {
  boundedString,
  command,
  defineProtocol,
  empty,
  event,
  hex,
  identifier,
  integer,
  json,
  text,
  u32,
} from '@secure-esp/protocol';
import { z } from 'zod';

const CHANNELS = 8;

/** Applied to a raw sample: `(raw + offset) * gainPpm / 1000000`. */
const calibration = z.object({ offset: integer(-32_768, 32_767), gainPpm: integer(1, 2_000_000) });

const samples = z.object({
  channel: integer(0, CHANNELS - 1),
  firstIndex: u32(),
  startedAtMs: integer(0, Number.MAX_SAFE_INTEGER), // Unix time
  intervalMs: integer(1, 3_600_000),
  values: z.array(integer(-32_768, 32_767)).min(1).max(120),
});

const survey = z.object({
  uptimeSeconds: u32(),
  batteryMillivolts: integer(0, 20_000).nullable(), // null: on mains
  sensors: z
    .array(
      z.object({
        id: identifier(1, 16),
        quantity: z.enum(['temperature', 'humidity', 'pressure', 'soil_moisture', 'light']),
        ok: z.boolean(),
        last: integer(-32_768, 32_767).optional(), // absent until the first sample
        calibration: calibration.optional(),
      }),
    )
    .max(CHANNELS),
  alarms: z.array(z.boolean()).length(CHANNELS),
});

/** A box with up to eight sensors that sends blocks of samples. */
export const sensorArray = defineProtocol({
  name: 'sensor-array',
  version: 2,
  root: '/field/sensors',
  topics: {
    'sampling/interval': command(text(integer(1, 3_600_000), { maxBytes: 16 }), {
      description: 'Milliseconds between samples. Stored.',
    }),
    'sampling/now': command(empty(), { description: 'Takes one sample of every channel.', expirySeconds: 10 }),
    calibrate: command(
      json(z.object({ channel: integer(0, CHANNELS - 1), calibration: calibration.optional() }), { maxBytes: 128 }),
      { description: 'Stores the calibration of a channel; without one, clears it.', scopes: ['device'] },
    ),
    'location/label': command(text(boundedString({ maxBytes: 48 }), { maxBytes: 48 }), {
      description: 'Where the box stands, for people.',
      scopes: ['device'],
    }),
    samples: event(json(samples, { maxBytes: 1200 }), {
      description: 'A block of raw samples of one channel.',
      qos: 0,
    }),
    survey: event(json(survey, { maxBytes: 1536 }), { description: 'Every sensor and its state.', retain: true }),
  },
  documents: {
    /** As the workbench writes it to the box, in a file of its own. */
    certificate: json(
      z.strictObject({
        serial: hex(12),
        signedAtSeconds: u32(),
        channels: z.array(calibration).length(CHANNELS),
      }),
      { maxBytes: 640 },
    ),
  },
});

export default sensorArray;
