import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { ledStrip } from '../../../../examples/protocols/led-strip.js';
import { sensorArray } from '../../../../examples/protocols/sensor-array.js';
import { thermostat } from '../../../../examples/protocols/thermostat.js';
import { matchTopic, secureEspV1, topicOf, type PayloadCodec, type Payload, type Protocol } from '../../src/index.js';
import { encodeUtf8 } from '../../src/utf8.js';
import { EDGE_BYTES, EDGE_NUMBERS, EDGE_STRINGS, EDGE_URLS, EDGE_VALUES } from '../support/edges.js';
import { modelOf, valuesOf } from '../support/payload-arbitraries.js';
import { Random } from '../support/random.js';
import { mutate, plainNumber, spellJson, substitutions } from '../support/spell-json.js';
import { compileContract, type CContractModule } from '../support/wasm-codec.js';
import { wideContract } from '../support/wide-contract.js';

const CASES = Number(process.env['SECURE_ESP_CASES'] ?? 10_000);
const SEED = Number(process.env['SECURE_ESP_SEED'] ?? Math.floor(Math.random() * 0x7fffffff));
const contracts: readonly { name: string; protocol: Protocol; prefix: string }[] = [
  { name: 'secure-esp version 1', protocol: secureEspV1, prefix: 'sesp' },
  { name: 'a contract with every feature', protocol: wideContract, prefix: 'lab' },
  { name: 'the thermostat', protocol: thermostat, prefix: 'thermostat' },
  { name: 'the LED strip', protocol: ledStrip, prefix: 'led_strip' },
  { name: 'the sensor with arrays', protocol: sensorArray, prefix: 'sensor_array' },
];

interface Subject {
  readonly path: string;
  readonly index: number;
  readonly payload: Payload;
  readonly codec: PayloadCodec<unknown>;
}

const subjectsOf = (protocol: Protocol): Subject[] =>
  [
    ...Object.entries(protocol.topics).map(([path, { payload }]) => ({ path, payload, codec: protocol.codecs[path] })),
    ...Object.entries(protocol.documents).map(([path, payload]) => ({
      path,
      payload,
      codec: protocol.documentCodecs[path],
    })),
  ].map(({ path, payload, codec }, index) => ({ path, index, payload, codec: codec as PayloadCodec<unknown> }));

const total = contracts.reduce((sum, { protocol }) => sum + subjectsOf(protocol).length, 0);
// Fewer would not reliably find both verdicts for every payload.
const numRuns = Math.max(100, Math.ceil(CASES / total / 3));
const check = { numRuns, seed: SEED, endOnFailure: false };
vi.setConfig({ testTimeout: 900_000 });
console.info(`differential: ${String(CASES)} cases, seed ${String(SEED)} (SECURE_ESP_CASES, SECURE_ESP_SEED)`);

describe.each(contracts)('generated C of $name', ({ protocol, prefix }) => {
  let c: CContractModule;
  beforeAll(async () => {
    c = await compileContract(protocol, prefix);
  }, 120_000);

  describe.each(subjectsOf(protocol))('and TypeScript agree on $path', ({ index, payload, codec, path }) => {
    const values = payload.encoding === 'empty' ? fc.constant('') : valuesOf(modelOf(payload, path));
    /** A payload that says the value; raw bytes say themselves. */
    const spell = (value: unknown, random: Random, faults: boolean): Uint8Array => {
      if (value instanceof Uint8Array) return value;
      if (payload.encoding === 'json') return encodeUtf8(spellJson(value, random, faults));
      if (typeof value === 'number') return encodeUtf8(plainNumber(value));
      return encodeUtf8(typeof value === 'boolean' ? (value ? '1' : '0') : String(value));
    };

    const verdicts = new Set<string>();
    const agree = (bytes: Uint8Array): void => {
      const ours = codec.decode(bytes);
      verdicts.add(ours.ok ? 'ok' : ours.code);
      const theirs = c.roundTrip(index, bytes);
      if (payload.encoding === 'json') expect(theirs.decoded === 'ok').toBe(ours.ok);
      else expect(theirs.decoded).toBe(ours.ok ? 'ok' : ours.code);
      if (!ours.ok || payload.encoding === 'empty') return;
      let encoded: Uint8Array | undefined;
      try {
        encoded = codec.encode(ours.value);
      } catch {
        encoded = undefined;
      }
      expect(theirs.encoded).toBe(encoded === undefined ? 'no_space' : 'ok');
      expect(theirs.bytes && Buffer.from(theirs.bytes)).toEqual(encoded && Buffer.from(encoded));
    };

    test('for values, however they are spelled', () => {
      fc.assert(
        fc.property(values, fc.integer(), (value, seed) => {
          agree(spell(value, new Random(seed), false));
        }),
        check,
      );
    });

    test('for payloads that are nearly right', () => {
      fc.assert(
        fc.property(values, fc.integer(), (value, seed) => {
          const random = new Random(seed);
          const bytes = spell(value, random, true);
          agree(random.once(2) ? mutate(bytes, random) : bytes);
        }),
        check,
      );
      // Whatever the seed: few changes make bytes too short, so that some runs had none.
      const model = payload.encoding === 'bytes' ? modelOf(payload, path) : undefined;
      if (model?.kind === 'bytes' && model.minBytes > 0) agree(new Uint8Array(model.minBytes - 1));
    });

    test('and the cases so far were both accepted and refused', () => {
      expect(verdicts).toContain('ok');
      const model = payload.encoding === 'bytes' ? modelOf(payload, path) : undefined;
      const takesAll = model?.kind === 'bytes' && model.minBytes === 0;
      if (!takesAll) expect(verdicts).toContain('bad_payload');
    });

    test('for every token at the edge of the language, in every place', () => {
      const texts = [...EDGE_NUMBERS, ...EDGE_URLS, ...EDGE_STRINGS.map((token) => token.slice(1, -1))];
      if (payload.encoding !== 'json') for (const edge of texts) agree(encodeUtf8(edge));
      else {
        const tokens = [
          ...EDGE_NUMBERS,
          ...EDGE_STRINGS,
          ...EDGE_VALUES,
          ...EDGE_URLS.map((url) => JSON.stringify(url)),
        ];
        for (const value of fc.sample(values, { numRuns: 3, seed: SEED })) {
          for (const edge of substitutions(value, tokens)) agree(encodeUtf8(edge));
        }
      }
    });

    test('for every sequence at the edge of UTF-8', () => {
      const [value] = fc.sample(values, { numRuns: 1, seed: SEED });
      const rest = `",${new TextDecoder()
        .decode(spell(value, new Random(SEED), false))
        .trim()
        .slice(1)}`;
      for (const bytes of EDGE_BYTES) {
        if (payload.encoding === 'json')
          agree(Uint8Array.from([...encodeUtf8('{"ignored":"'), ...bytes, ...encodeUtf8(rest)]));
        else agree(Uint8Array.from(bytes));
      }
    });

    test('for any bytes', () => {
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.json({ maxDepth: 3 }).map(encodeUtf8),
        fc.stringMatching(/^-?[0-9]{1,20}(\.[0-9]*)?(e-?[0-9]{1,3})?$/).map(encodeUtf8),
        fc
          .webUrl({ withQueryParameters: true, withFragments: true, validSchemes: ['https', 'http', 'HtTpS'] })
          .map(encodeUtf8),
        fc
          .string({ unit: 'binary', minLength: Math.max(0, payload.maxBytes - 3), maxLength: payload.maxBytes + 3 })
          .map(encodeUtf8),
      );
      fc.assert(fc.property(bytes, agree), check);
    });
  });

  const leaves = Object.keys(protocol.topics);
  const level = fc.oneof(
    fc.constantFrom('devices', 'esp-001', 'client-0123456789', '', '+', '#', 'é', ...protocol.root.split('/')),
    fc.constantFrom(...leaves.flatMap((leaf) => leaf.split('/'))),
    fc.string({ unit: fc.constantFrom(...Array.from('abZ09_-')), maxLength: 70 }),
  );
  const device = fc.string({ unit: fc.constantFrom(...Array.from('abZ09_-')), minLength: 1, maxLength: 64 });
  const client = fc.string({ unit: fc.constantFrom(...Array.from('abZ09_-')), minLength: 16, maxLength: 64 });

  test('matches the same topics', () => {
    const leaf = fc.tuple(fc.constantFrom(...leaves), client).map(([name, id]) => name.replace('{client}', id));
    const proper = fc
      .tuple(fc.option(device), leaf)
      .map(([id, name]) => [protocol.root, ...(id === null ? [] : ['devices', id]), name].join('/'));
    const near = fc
      .tuple(proper, fc.integer())
      .map(([topic, seed]) => new TextDecoder().decode(mutate(encodeUtf8(topic), new Random(seed))));
    const free = fc.array(level, { maxLength: 6 }).map((levels) => `${protocol.root}/${levels.join('/')}`);
    fc.assert(
      fc.property(fc.oneof(proper, near, free, fc.string()), (topic) => {
        const ours = matchTopic(protocol, topic);
        const theirs = c.match(encodeUtf8(topic));
        expect(theirs).toEqual(
          ours && {
            index: leaves.indexOf(ours.leaf) + 1,
            scope: ours.scope === 'all' ? 0 : 1,
            device: ours.device ?? '',
            client: ours.client ?? '',
          },
        );
      }),
      { ...check, numRuns: Math.ceil(CASES / 10) },
    );
  });

  test('builds the same topics, and refuses the same ones', () => {
    const parameter = fc.oneof(device, client, fc.constantFrom(undefined, '', 'a/b', 'é', 'x'.repeat(65)));
    fc.assert(
      fc.property(
        fc.constantFrom(...leaves),
        fc.constantFrom('all', 'device'),
        parameter,
        parameter,
        (leaf, scope, id, other) => {
          let ours: string | undefined;
          try {
            ours = topicOf(
              protocol,
              leaf,
              scope === 'all' ? { scope } : { scope: 'device', device: id ?? '', client: other ?? '' },
            );
          } catch {
            ours = undefined;
          }
          const [code, topic] = c.build(leaves.indexOf(leaf) + 1, scope === 'all' ? 0 : 1, id, other, 1000);
          expect([code, topic]).toEqual(ours === undefined ? ['bad_value', ''] : ['ok', ours]);
          if (ours === undefined) return;
          expect(c.build(leaves.indexOf(leaf) + 1, scope === 'all' ? 0 : 1, id, other, ours.length)).toEqual([
            'no_space',
            '',
          ]);
          expect(c.match(encodeUtf8(ours))?.index).toBe(leaves.indexOf(leaf) + 1);
        },
      ),
      { ...check, numRuns: Math.ceil(CASES / 20) },
    );
  });

  test.each([-1, 0, leaves.length + 1, 1000])('builds no topic for %i, which is none', (topic) => {
    expect(c.build(topic, 1, 'esp-001', 'client-0123456789', 200)).toEqual(['bad_value', '']);
  });
});
