import {
  boundedString,
  command,
  decimal,
  defineProtocol,
  empty,
  event,
  integer,
  json,
  text,
} from '@secure-esp/protocol';
import { z } from 'zod';

/** Degrees Celsius; the firmware holds tenths as integers. */
const temperature = () => decimal({ min: -40, max: 125, decimals: 1 });
const setpoint = () => decimal({ min: 5, max: 35, decimals: 1 });

const MODES = ['off', 'heat', 'cool', 'auto'] as const;

const schedule = z.object({
  enabled: z.boolean(),
  entries: z
    .array(
      z.object({
        days: z.enum(['weekdays', 'weekend', 'every_day']),
        hour: integer(0, 23),
        minute: integer(0, 59),
        setpoint: setpoint().nullable(), // null: off from here on
        label: boundedString({ maxBytes: 24 }).optional(),
      }),
    )
    .max(14),
});

const climate = z.object({
  temperature: temperature(),
  setpoint: setpoint().nullable(), // null: nothing to reach in this mode
  humidity: integer(0, 100).optional(), // percent; not every model has the sensor
  mode: z.enum(MODES),
  heating: z.boolean(),
});

const reply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true) }),
  z.object({
    ok: z.literal(false),
    code: z.enum(['bad_payload', 'out_of_range', 'too_long', 'busy']),
    detail: boundedString({ maxBytes: 96 }),
  }),
]);

/** A thermostat that stands alone: commands with replies, a weekly schedule, one retained state. */
export const thermostat = defineProtocol({
  name: 'thermostat',
  version: 1,
  root: '/home/climate',
  topics: {
    setpoint: command(text(setpoint(), { maxBytes: 8 }), {
      description: 'Temperature to reach, degrees Celsius.',
      scopes: ['device'],
    }),
    mode: command(text(z.enum(MODES), { maxBytes: 16 }), { description: 'What the thermostat may do.' }),
    schedule: command(json(schedule, { maxBytes: 2048 }), {
      description: 'Replaces the weekly schedule. Stored.',
      scopes: ['device'],
    }),
    'schedule/skip': command(empty(), {
      description: 'Ignores the next entry of the schedule.',
      scopes: ['device'],
      expirySeconds: 600,
    }),
    climate: event(json(climate, { maxBytes: 256 }), { description: 'What is measured and wanted.', retain: true }),
    'replies/{client}': event(json(reply, { maxBytes: 192 }), { description: 'Answer to a command.' }),
  },
});

export default thermostat;
