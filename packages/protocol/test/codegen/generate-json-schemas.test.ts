import Ajv from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { generateJsonSchemas } from '../../src/codegen/index.js';
import {
  bytes,
  createPayloadCodec,
  decimal,
  defineProtocol,
  event,
  integer,
  json,
  secureEspV1,
  toScaled,
  type Payload,
  type Protocol,
} from '../../src/index.js';
import { GOLDEN_CONTRACTS } from '../golden/contracts.js';
import { objects, schemaOf } from '../support/model-arbitraries.js';
import { modelOf, valuesOf } from '../support/payload-arbitraries.js';
import { wideContract } from '../support/wide-contract.js';

/** Validates with ajv, whose drafts know every keyword used here under the same meaning; steps exactly, not as doubles. */
function validatorOf(content: string): (value: unknown) => boolean {
  const { $schema, ...schema } = JSON.parse(content) as Record<string, unknown>;
  expect($schema).toBe('https://json-schema.org/draft/2020-12/schema');
  const ajv = new Ajv({ strictKeywords: true, unicode: true });
  ajv.removeKeyword('multipleOf').addKeyword('multipleOf', {
    type: 'number',
    validate: (step: number, value: number) => toScaled(value, Math.round(-Math.log10(step))) !== undefined,
  });
  const validate = ajv.compile(schema);
  return (value) => validate(value) === true;
}

interface JsonPayload {
  readonly name: string;
  readonly payload: Payload;
  readonly accepts: (value: unknown) => boolean;
}

const jsonPayloadsOf = (protocol: Protocol): JsonPayload[] => {
  const topics = Object.entries(protocol.topics).map(([leaf, { payload }]) => [leaf, payload] as const);
  const payloads = [...topics, ...Object.entries(protocol.documents)].filter(([, { encoding }]) => encoding === 'json');
  const files = generateJsonSchemas(protocol);
  expect(files.length).toBe(payloads.length);
  return payloads.map(([name, payload], index) => ({
    name: `${protocol.name} ${name}`,
    payload,
    accepts: validatorOf(files[index]?.content ?? ''),
  }));
};

const PAYLOADS = [secureEspV1 as Protocol, wideContract as Protocol, ...GOLDEN_CONTRACTS].flatMap(jsonPayloadsOf);

describe('the JSON Schema', () => {
  test.each(PAYLOADS)('of $name accepts every value of the contract', ({ name, payload, accepts }) => {
    fc.assert(
      fc.property(valuesOf(modelOf(payload, name)), (value) => {
        expect(accepts(JSON.parse(JSON.stringify(value)))).toBe(true);
      }),
    );
  });

  test.each(PAYLOADS)('of $name refuses what the codec refuses of a type or a member', ({ name, payload, accepts }) => {
    const codec = createPayloadCodec({ ...payload, maxBytes: 65_535 }, name);
    const junk = fc.constantFrom<unknown>(null, -1.5, 'A'.repeat(400), [], {}, 2 ** 53, undefined);
    const spoilt = fc.tuple(valuesOf(modelOf(payload, name)), fc.nat(), junk).map(([value, at, other]) => {
      const copy = { ...(value as Record<string, unknown>) };
      const keys = Object.keys(copy);
      const key = keys[at % Math.max(1, keys.length)];
      // What an unknown member may hold is a matter of depth, which a schema cannot bound.
      if (key === undefined) return copy;
      if (other === undefined) Reflect.deleteProperty(copy, key);
      else copy[key] = other;
      return copy;
    });
    fc.assert(
      fc.property(spoilt, (value) => {
        const text = JSON.stringify(value);
        const decoded = codec.decode(new TextEncoder().encode(text));
        expect(accepts(JSON.parse(text))).toBe(decoded.ok);
      }),
    );
  });

  test('accepts every value of any contract', () => {
    const cases = objects(2).chain((model) => fc.tuple(fc.constant(model), valuesOf(model)));
    fc.assert(
      fc.property(cases, ([model, value]) => {
        const payload = json(schemaOf(model) as never, { maxBytes: 999 });
        const topics = { t: event(payload, { description: 'd' }) };
        const [file] = generateJsonSchemas(defineProtocol({ name: 'lab', version: 1, root: '/lab', topics }));
        expect(validatorOf(file?.content ?? '')(value)).toBe(true);
      }),
    );
  });

  test('counts characters where the contract counts bytes, and says so', () => {
    const file = generateJsonSchemas(wideContract).find(({ path }) => path === 'wide_lab_json_scalars.schema.json');
    expect(JSON.parse(file?.content ?? '')).toMatchObject({
      title: 'wide-lab: json/scalars',
      properties: {
        label: { type: 'string', minLength: 1, maxLength: 12, $comment: '1..12 bytes of UTF-8, without NUL' },
        digest: { minLength: 6, maxLength: 6, pattern: '^[0-9a-f]*$' },
      },
    });
  });

  test('says of a decimal its step, and of a default that it may be left out', () => {
    const celsius = decimal({ min: -40, max: 125.5, decimals: 7 });
    const shape = { aim: celsius, next: celsius.default(-0.5), limit: integer(0, 9).nullable().default(3) };
    const topics = {
      state: event(json(z.object(shape), { maxBytes: 99 }), { description: 'd' }),
      raw: event(bytes({ maxBytes: 9 }), { description: 'd' }),
    };
    const files = generateJsonSchemas(defineProtocol({ name: 'lab', version: 1, root: '/lab', topics }));
    expect(files.map(({ path }) => path)).toEqual(['lab_state.schema.json']);
    const aim = { type: 'number', minimum: -40, maximum: 125.5, multipleOf: 1e-7 };
    expect(JSON.parse(files[0]?.content ?? '')).toMatchObject({
      properties: {
        aim,
        next: { ...aim, default: -0.5 },
        limit: { anyOf: [{ type: 'integer', minimum: 0, maximum: 9 }, { type: 'null' }], default: 3 },
      },
      required: ['aim'],
    });
  });

  test('exists for JSON only', () => {
    const paths = generateJsonSchemas(secureEspV1).map(({ path }) => path);
    expect(paths).toEqual(
      ['status', 'update_state', 'settings', 'replies', 'manifest_header', 'manifest'].map(
        (stem) => `secure_esp_${stem}.schema.json`,
      ),
    );
  });

  test('is refused for two payloads that would share a file', () => {
    const state = event(json(z.object({}), { maxBytes: 9 }), { description: 'd' });
    const protocol = defineProtocol({ name: 'lab', version: 1, root: '/lab', topics: { 'a/b': state, a_b: state } });
    expect(() => generateJsonSchemas(protocol)).toThrow(
      expect.objectContaining({ code: 'invalid_definition', path: 'a_b' }),
    );
  });
});
