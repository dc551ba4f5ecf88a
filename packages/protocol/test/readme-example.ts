import { z } from 'zod';
import {
  accessRules,
  boundedString,
  command,
  decimal,
  defineProtocol,
  event,
  integer,
  json,
  matchTopic,
  text,
  topicOf,
} from '@secure-esp/protocol';
import { generateC } from '@secure-esp/protocol/codegen';

const greenhouse = defineProtocol({
  name: 'greenhouse',
  version: 1,
  root: '/green',
  topics: {
    'valve/open': command(text(integer(0, 100), { maxBytes: 8 }), { description: 'Opening of the valve, percent.' }),
    climate: event(
      json(
        z.object({
          temperature: decimal({ min: -40, max: 125, decimals: 1 }), // degrees Celsius
          mode: z.enum(['day', 'night']).default('day'),
          note: boundedString({ maxBytes: 32 }).optional(),
        }),
        { maxBytes: 128 },
      ),
      { description: 'The climate, once a minute.', retain: true },
    ),
  },
});

// Topics
const topic = topicOf(greenhouse, 'valve/open', { scope: 'device', device: 'house-7' });
console.log(topic, matchTopic(greenhouse, topic)); // '/green/devices/house-7/valve/open' { leaf: 'valve/open', scope: 'device', device: 'house-7' }

// Payloads: encode throws on a value outside the contract, decode never throws
const payload = greenhouse.codecs['valve/open'].encode(40);
console.log(greenhouse.codecs['valve/open'].decode(payload)); // { ok: true, value: 40 }
console.log(greenhouse.codecs['valve/open'].decode(new TextEncoder().encode('101'))); // { ok: false, code: 'out_of_range', … }

// What a broker may allow, and what the firmware compiles
console.log(accessRules(greenhouse));
for (const { path, content } of generateC(greenhouse, { prefix: 'gh' })) console.log(path, content.length);
