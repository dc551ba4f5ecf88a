import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { generateTestVectors } from '../../src/codegen/index.js';
import { payloadCases } from '../../src/codegen/vectors/payload-cases.js';
import { buildCases, matchCases } from '../../src/codegen/vectors/topic-cases.js';
import {
  bytes,
  command,
  createPayloadCodec,
  decimal,
  defineProtocol,
  describeProtocol,
  event,
  integer,
  json,
  matchTopic,
  secureEspV1,
  text,
  toFieldModel,
  type FieldModel,
  type PayloadCodec,
  type PayloadForm,
  type Protocol,
} from '../../src/index.js';
import { GOLDEN_CONTRACTS } from '../golden/contracts.js';
import { objects, schemaOf } from '../support/model-arbitraries.js';
import { mutantsOf } from '../support/model-mutants.js';
import { compileContract, type CContractModule } from '../support/wasm-codec.js';
import { wideContract } from '../support/wide-contract.js';

interface Vector {
  readonly name: string;
  readonly text?: string;
  readonly bytes?: string;
  readonly verdict: string;
  readonly value?: unknown;
}

interface VectorFile {
  readonly contract: string;
  readonly topic?: string;
  readonly document?: string;
  /** Whichever of the two there is. */
  readonly payload: string;
  readonly encoding: string;
  readonly vectors: readonly Vector[];
}

interface TopicsFile {
  readonly match: readonly { name: string; topic: string; match: Record<string, string> | null }[];
  readonly build: readonly {
    name: string;
    leaf: string;
    scope: string;
    device?: string;
    client?: string;
    topic: string | null;
  }[];
}

/** As a reader in another language sees them: the files, and nothing else. */
const vectorFiles = (protocol: Protocol): VectorFile[] =>
  generateTestVectors(protocol)
    .filter(({ path }) => path !== 'vectors/topics.json')
    .map(({ content }) => JSON.parse(content) as Omit<VectorFile, 'payload'>)
    .map((file) => ({ ...file, payload: file.topic ?? file.document ?? '' }));

const topicsFile = (protocol: Protocol): TopicsFile =>
  JSON.parse(
    generateTestVectors(protocol).find(({ path }) => path === 'vectors/topics.json')?.content ?? '',
  ) as TopicsFile;

const bytesOf = (vector: Vector): Uint8Array =>
  vector.text === undefined ? Buffer.from(vector.bytes ?? '', 'hex') : new TextEncoder().encode(vector.text);

const codecOf = (protocol: Protocol, payload: string): PayloadCodec<unknown> =>
  (protocol.codecs[payload] ?? protocol.documentCodecs[payload]) as PayloadCodec<unknown>;

/** Kinds of fields that no other contract here has. */
const numbersAndBytes = defineProtocol({
  name: 'numbers',
  version: 1,
  root: '/n',
  topics: {
    'set/blob': command(bytes({ minBytes: 2, maxBytes: 300 }), { description: 'Bytes.' }),
    'set/temperature': command(text(decimal({ min: -40, max: 125, decimals: 2 }), { maxBytes: 12 }), {
      description: 'A decimal.',
    }),
    state: event(
      json(
        z.object({
          temperature: decimal({ min: -40, max: 125, decimals: 2 }),
          pressure: decimal({ min: 0.1, max: 0.5, decimals: 9 }),
          unknown: integer(0, 9).default(5),
          ignored: z.enum(['a', 'b']).default('b'),
        }),
        { maxBytes: 256 },
      ),
      { description: 'Decimals and defaults.' },
    ),
  },
});

const CONTRACTS: readonly Protocol[] = [secureEspV1, wideContract, numbersAndBytes, ...GOLDEN_CONTRACTS];

describe.each(CONTRACTS.map((protocol) => ({ protocol, name: protocol.name })))('vectors of $name', ({ protocol }) => {
  const { topics, documents } = describeProtocol(protocol);
  const forms: readonly (readonly [string, PayloadForm])[] = [
    ...Object.entries(topics).map(([leaf, { payload }]) => [leaf, payload] as const),
    ...Object.entries(documents),
  ];

  test.each(forms)('of %s are judged by the codec as they are meant', (payload, form) => {
    const codec = codecOf(protocol, payload);
    for (const { name, bytes: given, accepted } of payloadCases(form, 65_536)) {
      expect([name, codec.decode(given).ok]).toEqual([name, accepted]);
    }
  });

  test('of topics are judged as they are meant', () => {
    const contract = describeProtocol(protocol);
    for (const { name, topic, accepted } of matchCases(contract)) {
      expect([name, matchTopic(protocol, topic) !== undefined]).toEqual([name, accepted]);
    }
    const built = new Map(topicsFile(protocol).build.map(({ name, topic }) => [name, topic !== null]));
    for (const { name, accepted } of buildCases(contract)) expect([name, built.get(name)]).toEqual([name, accepted]);
  });

  test('hold for the TypeScript codec', () => {
    for (const { payload, vectors } of vectorFiles(protocol)) {
      for (const vector of vectors) {
        const decoded = codecOf(protocol, payload).decode(bytesOf(vector));
        expect([vector.name, decoded.ok ? 'ok' : decoded.code]).toEqual([vector.name, vector.verdict]);
        if (decoded.ok) expect(plain(decoded.value)).toEqual(vector.value);
      }
    }
  });

  test.each(forms.filter(([, { encoding }]) => encoding === 'json'))(
    'of %s tell it from every payload that differs in one bound, flag or part',
    (payload, { model, maxBytes }) => {
      const codec = codecOf(protocol, payload);
      const given = (vectorFiles(protocol).find((file) => file.payload === payload)?.vectors ?? []).map(bytesOf);
      const expected = given.map((one) => verdictOf(codec, one));
      const missed = mutantsOf(model as FieldModel).filter((mutant) => {
        const other = createPayloadCodec(json(schemaOf(mutant.model) as never, { maxBytes }), payload);
        return given.every((one, index) => verdictOf(other, one) === expected[index]);
      });
      expect(missed.map(({ what }) => what)).toEqual([]);
    },
  );

  test('have names of their own, and no payload twice', () => {
    for (const { vectors } of vectorFiles(protocol)) {
      expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
      expect(new Set(vectors.map((vector) => Buffer.from(bytesOf(vector)).toString('hex'))).size).toBe(vectors.length);
    }
    const { match, build } = topicsFile(protocol);
    expect(new Set(match.map(({ name }) => name)).size).toBe(match.length);
    expect(new Set(build.map(({ name }) => name)).size).toBe(build.length);
  });

  test.each(forms)('of %s refuse every member of every object at least once', (payload, { model }) => {
    const file = vectorFiles(protocol).find((candidate) => candidate.payload === payload);
    const refused = (file?.vectors ?? []).filter(({ verdict }) => verdict !== 'ok').map(({ name }) => name);
    if (model === null || model.kind === 'bytes') return;
    for (const member of memberNames(model)) {
      const naming = new RegExp(`(?:^|[.}])${member}(?:\\[0\\])?: `);
      expect(
        refused.filter((name) => naming.test(name)),
        member,
      ).not.toEqual([]);
    }
  });
});

/** Verdict and value, comparable. */
function verdictOf(codec: PayloadCodec<unknown>, given: Uint8Array): string {
  const decoded = codec.decode(given);
  return decoded.ok ? JSON.stringify(decoded.value) : decoded.code;
}

/** What of a value stands in a vector. */
const plain = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? Buffer.from(value).toString('hex')
    : value === undefined
      ? undefined
      : JSON.parse(JSON.stringify(value));

function memberNames(model: FieldModel): readonly string[] {
  switch (model.kind) {
    case 'array':
      return memberNames(model.item);
    case 'object':
      return model.members.flatMap(({ name, type }) => [name, ...memberNames(type)]);
    case 'union':
      return model.options.flatMap(memberNames);
    default:
      return [];
  }
}

describe('the vectors', () => {
  test('of secure-esp have every verdict', () => {
    const verdicts = vectorFiles(secureEspV1).flatMap(({ vectors }) => vectors.map(({ verdict }) => verdict));
    expect([...new Set(verdicts)].sort()).toEqual(['bad_payload', 'ok', 'out_of_range', 'too_long']);
  });

  test('of any contract are judged by the codec as they are meant', () => {
    fc.assert(
      fc.property(objects(2), (model) => {
        const payload = json(schemaOf(model) as never, { maxBytes: 2000 });
        const codec = createPayloadCodec(payload, 'any');
        for (const { name, bytes: given, accepted } of payloadCases(
          { encoding: 'json', maxBytes: 2000, model },
          4096,
        )) {
          expect([name, codec.decode(given).ok]).toEqual([name, accepted]);
        }
      }),
    );
  });

  test('of decimals in an array are judged as they are meant: `0,0` would be two of them', () => {
    const schema = z.object({ q: z.array(decimal({ min: 0, max: 0, decimals: 1 })).max(3) });
    const codec = createPayloadCodec(json(schema, { maxBytes: 2000 }), 'any');
    const model = toFieldModel(schema, 'any');
    for (const { name, bytes: given, accepted } of payloadCases({ encoding: 'json', maxBytes: 2000, model }, 4096)) {
      expect([name, codec.decode(given).ok]).toEqual([name, accepted]);
    }
  });

  test('leave out what is longer than asked for', () => {
    const longest = (maxVectorBytes?: number): number => {
      const options = maxVectorBytes === undefined ? {} : { maxVectorBytes };
      const files = generateTestVectors(wideContract, options).filter(({ path }) => path !== 'vectors/topics.json');
      const vectors = files.flatMap(({ content }) => (JSON.parse(content) as VectorFile).vectors);
      return Math.max(...vectors.map((vector) => bytesOf(vector).length));
    };
    expect(longest(100)).toBeLessThanOrEqual(100);
    expect(longest()).toBe(4096);
    expect(longest(10_000)).toBe(8193);
  });

  test('are refused for payloads that would share a file', () => {
    const state = event(json(z.object({}), { maxBytes: 9 }), { description: 'd' });
    const generate = (...leaves: string[]) =>
      generateTestVectors(
        defineProtocol({
          name: 'lab',
          version: 1,
          root: '/lab',
          topics: Object.fromEntries(leaves.map((leaf) => [leaf, state])),
        }),
      );
    expect(() => generate('a/b', 'a_b')).toThrow(expect.objectContaining({ code: 'invalid_definition', path: 'a_b' }));
    const documents = { a: state.payload };
    expect(() =>
      generateTestVectors(defineProtocol({ name: 'lab', version: 1, root: '/lab', topics: { a: state }, documents })),
    ).toThrow(expect.objectContaining({ code: 'invalid_definition', path: 'a (document)' }));
    expect(() => generate('topics')).toThrow(expect.objectContaining({ code: 'invalid_definition', path: 'topics' }));
    expect(() => generate('{client}')).toThrow(
      expect.objectContaining({ code: 'invalid_definition', path: '{client}' }),
    );
  });
});

describe.each([
  { protocol: secureEspV1, prefix: 'sesp', name: 'secure-esp' },
  { protocol: wideContract, prefix: 'lab', name: 'a contract with every feature' },
  { protocol: numbersAndBytes as Protocol, prefix: 'num', name: 'decimals, bytes and defaults' },
  ...GOLDEN_CONTRACTS.map((protocol) => ({ protocol, prefix: 'lab', name: `the golden contract ${protocol.name}` })),
])('generated C of $name', ({ protocol, prefix }) => {
  let c: CContractModule;
  beforeAll(async () => {
    c = await compileContract(protocol, prefix);
  }, 120_000);

  test.each(vectorFiles(protocol).map((file, index) => ({ ...file, index })))(
    'gives every verdict on $payload, and reads the same value',
    ({ payload, encoding, vectors, index }) => {
      const codec = codecOf(protocol, payload);
      for (const vector of vectors) {
        const { decoded, encoded, bytes: written } = c.roundTrip(index, bytesOf(vector));
        expect([vector.name, decoded]).toEqual([vector.name, vector.verdict]);
        if (decoded !== 'ok' || encoding === 'empty') continue;
        expect([vector.name, encoded]).toEqual([vector.name, 'ok']);
        const again = codec.decode(written ?? new Uint8Array());
        expect([vector.name, again.ok && plain(again.value)]).toEqual([vector.name, vector.value]);
      }
    },
  );

  test('matches and builds every topic', () => {
    const leaves = Object.keys(protocol.topics);
    const { match, build } = topicsFile(protocol);
    for (const { name, topic, match: expected } of match) {
      const found = c.match(new TextEncoder().encode(topic));
      const meant = expected && {
        index: leaves.indexOf(expected['leaf'] ?? '') + 1,
        scope: expected['scope'] === 'all' ? 0 : 1,
        device: expected['device'] ?? '',
        client: expected['client'] ?? '',
      };
      expect([name, found ?? null]).toEqual([name, meant]);
    }
    for (const { name, leaf, scope, device, client, topic } of build) {
      const built = c.build(leaves.indexOf(leaf) + 1, scope === 'all' ? 0 : 1, device, client, 1000);
      expect([name, ...built]).toEqual(topic === null ? [name, 'bad_value', ''] : [name, 'ok', topic]);
    }
  });
});
