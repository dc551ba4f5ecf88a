import { command, event, extendProtocol, hex, integer, json, secureEspV1, text } from '@secure-esp/protocol';
import { z } from 'zod';

/** `rrggbb` */
const colour = () => hex(6);
const milliseconds = () => integer(20, 60_000);

const effect = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('solid'), colour: colour() }),
  z.strictObject({ kind: z.literal('gradient'), colours: z.array(colour()).min(2).max(8) }),
  z.strictObject({
    kind: z.literal('chase'),
    colours: z.array(colour()).min(1).max(4),
    stepMs: milliseconds(),
    reverse: z.boolean().optional(),
  }),
  z.strictObject({ kind: z.literal('rainbow'), periodMs: milliseconds() }),
]);

const state = z.object({
  power: z.boolean(),
  brightness: integer(0, 100),
  effect: effect.nullable(), // null: pixels were set one by one
  pixels: integer(1, 600),
});

/** An LED strip that is also a secure-esp device: updates, settings, logs and presence come from the base. */
export const ledStrip = extendProtocol(secureEspV1, {
  name: 'led-strip',
  root: '/lights',
  topics: {
    'light/power': command(text(z.boolean(), { maxBytes: 4 }), { description: '0: dark; 1: lit.' }),
    'light/brightness': command(text(integer(0, 100), { maxBytes: 8 }), { description: 'Brightness, percent.' }),
    'light/effect': command(json(effect, { maxBytes: 256 }), { description: 'What the strip shows.' }),
    'light/pixels': command(
      json(z.strictObject({ first: integer(0, 599), colours: z.array(colour()).min(1).max(60) }), { maxBytes: 1024 }),
      { description: 'Colours of some pixels, from the first on.', scopes: ['device'], qos: 0, expirySeconds: 5 },
    ),
    'light/state': event(json(state, { maxBytes: 384 }), { description: 'What the strip shows now.', retain: true }),
  },
});

export default ledStrip;
