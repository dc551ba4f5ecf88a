// What the thermostat hears and says, in one place: the operator's program imports it, `secure-esp codegen c` makes C of it.
import { command, decimal, event, extendProtocol, json, secureEspV1, text } from '@secure-esp/protocol';
import { z } from 'zod';

/** What it may do. */
const mode = z.enum(['off', 'heat', 'cool', 'auto']);
/** Degrees Celsius; C holds tenths as integers. */
const setpoint = () => decimal({ min: 5, max: 35, decimals: 1 });

const climate = z.object({
  /** `null`: the sensor does not answer. */
  temperature: decimal({ min: -40, max: 125, decimals: 1 }).nullable(),
  setpoint: setpoint(),
  mode,
  action: z.enum(['idle', 'heating', 'cooling']),
});

// Updates, settings, logs and presence are those of secure-esp; these topics are the product's.
export const thermostat = extendProtocol(secureEspV1, {
  name: 'thermostat',
  topics: {
    'app/setpoint': command(text(setpoint(), { maxBytes: 8 }), {
      description: 'Temperature to reach, degrees Celsius.',
      scopes: ['device'],
    }),
    'app/mode': command(text(mode, { maxBytes: 8 }), { description: 'What the thermostat may do.' }),
    'app/climate': event(json(climate, { maxBytes: 128 }), {
      description: 'What is measured, wanted and done.',
      retain: true,
    }),
  },
});

export default thermostat;
