import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkCompatibility,
  command,
  createPayloadCodec,
  defineProtocol,
  describeProtocol,
  event,
  json,
  parseProtocolDescription,
  secureEspV1,
  text,
  type FieldModel,
  type ObjectModel,
  type Protocol,
} from '../../src/index.js';
import { encodeText } from '../../src/codecs/text.js';
import { GOLDEN_CONTRACTS } from '../golden/contracts.js';
import { objects, scalars, schemaOf, variants } from '../support/model-arbitraries.js';
import { valuesOf } from '../support/payload-arbitraries.js';
import { wideContract } from '../support/wide-contract.js';

const CONTRACTS: readonly Protocol[] = [secureEspV1, wideContract, ...GOLDEN_CONTRACTS];

const payloadOf = (model: FieldModel) => json(schemaOf(model) as never, { maxBytes: 4096 });
const describeModel = (model: FieldModel, direction: 'command' | 'event') => {
  const payload = payloadOf(model);
  const topic = direction === 'command' ? command(payload, { description: 'd' }) : event(payload, { description: 'd' });
  return describeProtocol(defineProtocol({ name: 'lab', version: 1, root: '/lab', topics: { t: topic } }));
};

/** The same model, declared in another order. */
function reordered(model: FieldModel): FieldModel {
  switch (model.kind) {
    case 'enum':
      return { ...model, values: [...model.values].reverse() };
    case 'array':
      return { ...model, item: reordered(model.item) as typeof model.item };
    case 'object':
      return { ...model, members: [...model.members].reverse().map((m) => ({ ...m, type: reordered(m.type) })) };
    case 'union':
      return { ...model, options: [...model.options].reverse().map((option) => reordered(option) as ObjectModel) };
    default:
      return model;
  }
}

const models = objects(2);
const pairs = models.chain((older) => variants(older).map((newer) => [older, newer] as const));

describe('checkCompatibility', () => {
  test.each(CONTRACTS.map((protocol) => [protocol.name, protocol] as const))(
    'finds nothing in %s and itself',
    (_name, protocol) => {
      const description = describeProtocol(protocol);
      expect(checkCompatibility(description, description)).toEqual([]);
      expect(checkCompatibility(parseProtocolDescription(JSON.stringify(description)), description)).toEqual([]);
    },
  );

  test('finds nothing in a contract declared in another order, which has the same hash', () => {
    fc.assert(
      fc.property(models, (model) => {
        const [one, other] = [describeModel(model, 'event'), describeModel(reordered(model), 'event')];
        expect(one.contractHash).toBe(other.contractHash);
        expect(checkCompatibility(one, other)).toEqual([]);
      }),
    );
  });

  test('finds something exactly when the hashes differ', () => {
    fc.assert(
      fc.property(pairs, ([older, newer]) => {
        const [one, other] = [describeModel(older, 'command'), describeModel(newer, 'command')];
        expect(checkCompatibility(one, other).length > 0).toBe(one.contractHash !== other.contractHash);
      }),
      { numRuns: 500 },
    );
  });

  test('names whoever really refuses a payload of the other contract', () => {
    const cases = pairs.chain(([older, newer]) =>
      fc.tuple(fc.constant(older), fc.constant(newer), valuesOf(older), valuesOf(newer)),
    );
    fc.assert(
      fc.property(cases, ([older, newer, fromOlder, fromNewer]) => {
        const readsOlder = createPayloadCodec(payloadOf(newer), 't').decode(encode(older, fromOlder)).ok;
        const readsNewer = createPayloadCodec(payloadOf(older), 't').decode(encode(newer, fromNewer)).ok;
        const broken = (direction: 'command' | 'event') =>
          checkCompatibility(describeModel(older, direction), describeModel(newer, direction)).flatMap(
            ({ breaks }) => breaks,
          );
        const [ofCommand, ofEvent] = [broken('command'), broken('event')];
        if (!readsNewer)
          expect([ofCommand, ofEvent]).toEqual([
            expect.arrayContaining(['old-firmware']),
            expect.arrayContaining(['old-servers']),
          ]);
        if (!readsOlder)
          expect([ofCommand, ofEvent]).toEqual([
            expect.arrayContaining(['old-servers']),
            expect.arrayContaining(['old-firmware']),
          ]);
      }),
      { numRuns: 2000 },
    );
  }, 60_000);

  test('names whoever really refuses a text of the other contract', () => {
    const sizes = fc.integer({ min: 1, max: 6 });
    const cases = fc
      .tuple(scalars, scalars, sizes, sizes)
      .chain(([older, newer, was, is]) =>
        fc.tuple(fc.constant([older, was] as const), fc.constant([newer, is] as const), valuesOf(newer)),
      );
    fc.assert(
      fc.property(cases, ([[older, was], [newer, is], value]) => {
        const payloads = [
          text(schemaOf(older) as never, { maxBytes: was }),
          text(schemaOf(newer) as never, { maxBytes: is }),
        ] as const;
        const [one, other] = payloads.map((payload) =>
          describeProtocol(
            defineProtocol({
              name: 'lab',
              version: 1,
              root: '/lab',
              topics: { t: command(payload, { description: 'd' }) },
            }),
          ),
        );
        if (one === undefined || other === undefined) throw new Error('two contracts were described');
        const findings = checkCompatibility(one, other);
        expect(findings.length > 0).toBe(one.contractHash !== other.contractHash);
        const bytes = new TextEncoder().encode(encodeText(newer, value as string | number | boolean));
        const isWritten = createPayloadCodec(payloads[1], 't').decode(bytes).ok;
        if (isWritten && !createPayloadCodec(payloads[0], 't').decode(bytes).ok) {
          expect(findings.flatMap(({ breaks }) => breaks)).toContain('old-firmware');
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('turns around with its arguments: what widens the one way narrows the other', () => {
    fc.assert(
      fc.property(pairs, ([older, newer]) => {
        const sides = (one: FieldModel, other: FieldModel, direction: 'command' | 'event') =>
          new Set(
            checkCompatibility(describeModel(one, direction), describeModel(other, direction)).flatMap(
              ({ breaks }) => breaks,
            ),
          );
        expect(sides(older, newer, 'command')).toEqual(sides(newer, older, 'event'));
      }),
      { numRuns: 500 },
    );
  });
});

const encode = (model: FieldModel, value: unknown): Uint8Array =>
  createPayloadCodec(payloadOf(model), 't').encode(value as never);
