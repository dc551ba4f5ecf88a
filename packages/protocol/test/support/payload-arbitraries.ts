import fc from 'fast-check';
import {
  depthOf,
  fromScaled,
  isHttpsUrl,
  toPayloadModel,
  type DecimalModel,
  type ObjectModel,
  type Payload,
  type PayloadModel,
} from '../../src/index.js';
import { utf8Length } from '../../src/utf8.js';

/** Valid values of a model, as encoders take them: members with a default may be missing. */
export function valuesOf(model: PayloadModel): fc.Arbitrary<unknown> {
  switch (model.kind) {
    case 'string':
      return strings(model.format, model.minBytes, model.maxBytes);
    case 'integer':
      return fc.oneof(
        fc.integer({ min: Math.max(model.min, -(2 ** 31)), max: Math.min(model.max, 2 ** 31 - 1) }),
        fc.constantFrom(model.min, model.max),
        fc
          .maxSafeInteger()
          .filter((value) => (value >= model.min && value <= model.max) || model.max - model.min < 2 ** 40)
          .map((value) => Math.min(model.max, Math.max(model.min, value))),
      );
    case 'decimal':
      return scaledOf(model).map((scaled) => fromScaled(scaled, model.decimals));
    case 'bytes':
      return fc.uint8Array({ minLength: model.minBytes, maxLength: model.maxBytes });
    case 'boolean':
      return fc.boolean();
    case 'literal':
      return fc.constant(model.value);
    case 'enum':
      return fc.constantFrom(...model.values);
    case 'array':
      return fc.array(valuesOf(model.item), { minLength: model.minItems, maxLength: model.maxItems });
    case 'object':
      return objects(model);
    case 'union':
      return fc.oneof(...model.options.map(objects));
  }
}

/** Values of a decimal times `10^decimals`: any, the bounds, and small ones, whose text JSON would write with an exponent. */
export function scaledOf({ min, max, decimals }: DecimalModel): fc.Arbitrary<number> {
  const clamped = (scaled: number): number => Math.min(max, Math.max(min, scaled));
  const steps = fc.integer({ min, max }).map((scaled) => clamped(scaled - (scaled % 10 ** decimals)));
  const tiny = fc.integer({ min: -99, max: 99 }).map(clamped);
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max), steps, tiny);
}

function objects(model: ObjectModel): fc.Arbitrary<unknown> {
  const shape = Object.fromEntries(
    model.members.map((member) => {
      const values = valuesOf(member.type);
      return [member.name, member.nullable ? fc.option(values, { nil: null, freq: 3 }) : values];
    }),
  );
  const required = model.members.filter((member) => !member.optional && member.default === undefined);
  const requiredKeys = required.map((member) => member.name);
  return fc.record(shape, { requiredKeys, noNullPrototype: true });
}

function strings(format: string, minBytes: number, maxBytes: number): fc.Arbitrary<string> {
  const bounds = { minLength: minBytes, maxLength: maxBytes };
  switch (format) {
    case 'hex':
      return fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), ...bounds });
    case 'identifier':
      return fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ019_-')), ...bounds });
    case 'https-url': {
      const rest = fc.string({ unit: fc.constantFrom(...Array.from('ab.-:/?&=%1~[]_@')), maxLength: maxBytes - 9 });
      const candidates = rest.map((text) => `https://h${text}`).filter((text) => isHttpsUrl(text));
      return fc.oneof(candidates, fc.constantFrom('https://a', 'HTTPS://[::1]:65535/', 'https://a.b-c:1?x=/'));
    }
    default: {
      const unit = fc.oneof(
        { weight: 6, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }) },
        fc.constantFrom('\u0001', '\n', '\t', '\b', '\f', '\r', '\u001f', '"', '\\', '/', '\u007f'),
        fc.constantFrom('é', '\u07ff', '\u0800', '€', '\u2028', '\ufeff', '\uffff', '😀', '\u{10ffff}'),
      );
      return fc
        .string({ unit, ...bounds })
        .map((text) => cut(text, maxBytes))
        .filter((text) => utf8Length(text) >= minBytes);
    }
  }
}

function cut(text: string, maxBytes: number): string {
  let kept = '';
  for (const char of text) {
    if (utf8Length(kept + char) > maxBytes) break;
    kept += char;
  }
  return kept;
}

/** Model of a payload that is not empty. */
export function modelOf(payload: Payload, path: string): PayloadModel {
  const model = toPayloadModel(payload, path);
  if (model === undefined) throw new Error(`${path} is empty`);
  return model;
}

export const nestingOf = (payload: Payload, path: string): number => depthOf(modelOf(payload, path));
