import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { ledStrip } from '../../../../examples/protocols/led-strip.js';
import { sensorArray } from '../../../../examples/protocols/sensor-array.js';
import { thermostat } from '../../../../examples/protocols/thermostat.js';
import { jsonWriter } from '../../src/codecs/json-writer.js';
import { passesUnchanged } from '../../src/codecs/passes-unchanged.js';
import { createPayloadCodec, integer, json, secureEspV1, type Protocol } from '../../src/index.js';
import { encodeUtf8 } from '../../src/utf8.js';
import { EDGE_BYTES, EDGE_NUMBERS, EDGE_STRINGS, EDGE_URLS, EDGE_VALUES } from '../support/edges.js';
import { valuesOf } from '../support/payload-arbitraries.js';
import { Random } from '../support/random.js';
import { mutate, plainNumber, spellJson, substitutions } from '../support/spell-json.js';
import { wideContract } from '../support/wide-contract.js';
import { decodeByTheBook, encodeByTheBook, encoded, subjectsOf, type Subject } from './reference-codec.js';
import { strangeValue } from './strange-value.js';

const SEED = Number(process.env['SECURE_ESP_SEED'] ?? Math.floor(Math.random() * 0x7fffffff));
const NUM_RUNS = 1000;
const contracts: readonly { name: string; protocol: Protocol }[] = [
  { name: 'secure-esp version 1', protocol: secureEspV1 },
  { name: 'a contract with every feature', protocol: wideContract },
  { name: 'the thermostat', protocol: thermostat },
  { name: 'the LED strip', protocol: ledStrip },
  { name: 'the sensor with arrays', protocol: sensorArray },
];
const subjects = contracts.flatMap(({ name, protocol }) =>
  subjectsOf(protocol).map((subject) => ({ ...subject, name: `${subject.path} of ${name}` })),
);
const check = { numRuns: NUM_RUNS, seed: SEED, endOnFailure: false };
vi.setConfig({ testTimeout: 120_000 });
console.info(`short cuts: seed ${String(SEED)} (SECURE_ESP_SEED)`);

/** Equal to the prototypes, the sign of zero and the order of members. */
function same(ours: unknown, byTheBook: unknown, about: string): void {
  if (isDeepStrictEqual(ours, byTheBook) && JSON.stringify(ours) === JSON.stringify(byTheBook)) return;
  expect({ about, result: ours }).toStrictEqual({ about, result: byTheBook });
  expect(JSON.stringify(ours), about).toBe(JSON.stringify(byTheBook));
}

function spell({ payload }: Subject, value: unknown, random: Random, faults: boolean): Uint8Array {
  if (payload.encoding === 'json') return encodeUtf8(spellJson(value, random, faults));
  if (typeof value === 'number') return encodeUtf8(plainNumber(value));
  return encodeUtf8(typeof value === 'boolean' ? (value ? '1' : '0') : String(value));
}

describe.each(subjects)('$name', (subject) => {
  const { payload, model, path } = subject;
  const codec = createPayloadCodec(payload, path);
  const values = valuesOf(model);
  const agree = (bytes: Uint8Array): void => {
    same(codec.decode(bytes), decodeByTheBook(subject, bytes), Buffer.from(bytes).toString());
  };

  test('decodes whatever was written, or nearly so, as without short cuts', () => {
    fc.assert(
      fc.property(values, fc.integer(), (value, seed) => {
        const random = new Random(seed);
        const { text } = { text: '', ...encodeByTheBook(subject, value) };
        const plain = encodeUtf8(text);
        agree(plain);
        agree(mutate(plain, random));
        agree(spell(subject, value, random, false));
        const nearly = spell(subject, value, random, true);
        agree(nearly);
        agree(mutate(nearly, random));
      }),
      check,
    );
  });

  test('decodes every token at the edge of the language, in every place, as without short cuts', () => {
    const texts = [...EDGE_NUMBERS, ...EDGE_URLS, ...EDGE_STRINGS.map((token) => token.slice(1, -1))];
    const tokens = [...EDGE_NUMBERS, ...EDGE_STRINGS, ...EDGE_VALUES, ...EDGE_URLS.map((url) => JSON.stringify(url))];
    for (const bytes of EDGE_BYTES) agree(Uint8Array.from([0x22, ...bytes, 0x22]));
    if (payload.encoding === 'text') for (const edge of texts) agree(encodeUtf8(edge));
    else {
      const [value] = fc.sample(values, { numRuns: 1, seed: SEED });
      for (const edge of substitutions(value, tokens)) agree(encodeUtf8(edge));
    }
  });

  test('encodes values, and what nearly is one, as without short cuts', () => {
    fc.assert(
      fc.property(values, fc.integer(), (value, seed) => {
        same(
          encoded(() => codec.encode(value)),
          encodeByTheBook(subject, value),
          'a value',
        );
        // Twice the same: some give another answer each time they are asked.
        const strange = (): unknown => strangeValue(value, new Random(seed));
        same(
          encoded(() => codec.encode(strange())),
          encodeByTheBook(subject, strange()),
          `strange by ${String(seed)}`,
        );
      }),
      check,
    );
  });
});

describe.each(subjects.filter(({ payload }) => payload.encoding === 'json'))('$name', ({ payload, model, path }) => {
  test('takes the short cuts for what it writes itself', () => {
    const codec = createPayloadCodec(payload, path);
    const [passes, write] = [passesUnchanged(model), jsonWriter(model)];
    fc.assert(
      fc.property(valuesOf(model), (value) => {
        const result = encoded(() => codec.encode(value));
        if (!('text' in result)) return;
        const written: unknown = JSON.parse(result.text);
        expect(passes(written)).toBe(true);
        expect(write(written)).toBe(result.text);
      }),
      { ...check, numRuns: 100 },
    );
  });
});

describe('encoding reads each member once', () => {
  const codec = createPayloadCodec(json(z.object({ n: integer(0, 9) }), { maxBytes: 64 }), 'x');
  const answers = (...values: unknown[]) => ({
    get n() {
      return values.shift() as number;
    },
  });

  test('so that what was checked is what is sent', () => {
    expect(encoded(() => codec.encode(answers(1, 1000)))).toEqual({ text: '{"n":1}' });
  });

  test('unless the schema has to be asked, which then decides', () => {
    expect(encoded(() => codec.encode(answers(1000, 2, 3000)))).toEqual({ text: '{"n":2}' });
    expect(encoded(() => codec.encode(answers(1000, 1000, 1)))).toHaveProperty('error');
  });
});
