import { holdsString, type StringField } from '../fields.js';
import type { DecimalModel, FieldModel, IntegerModel, LiteralModel, ScalarModel } from '../model.js';
import type { PayloadEncoding } from '../payload.js';

/** In a text payload a boolean is written as the integers 0 and 1, so it is compared as these. */
export const onTheWire = (model: FieldModel, encoding: PayloadEncoding): FieldModel =>
  encoding === 'text' && model.kind === 'boolean' ? { kind: 'integer', min: 0, max: 1 } : model;

/**
 * True if a reader of `reader` accepts everything that a writer of `writer` writes. Never true without being so; false
 * also where the kinds share no more than some values.
 */
export function readsAll(reader: FieldModel, writer: ScalarModel): boolean {
  switch (writer.kind) {
    case 'string':
      return reader.kind === 'string' && readsString(reader, writer);
    case 'integer':
      return (reader.kind === 'integer' || reader.kind === 'decimal') && numbersWithin(reader, writer);
    case 'decimal':
      return reader.kind === 'decimal' && reader.decimals >= writer.decimals && numbersWithin(reader, writer);
    case 'boolean':
      return reader.kind === 'boolean';
    case 'literal':
      return readsValue(reader, writer.value);
    case 'enum':
      return writer.values.every((value) => readsValue(reader, value));
  }
}

export const within = (outer: Omit<IntegerModel, 'kind'>, inner: Omit<IntegerModel, 'kind'>): boolean =>
  outer.min <= inner.min && outer.max >= inner.max;

/** {@link within}, whatever the bounds are scaled by; exact, since a scaled bound may be beyond what a double holds. */
export function numbersWithin(outer: IntegerModel | DecimalModel, inner: IntegerModel | DecimalModel): boolean {
  const places = Math.max(placesOf(outer), placesOf(inner));
  const scaled = (bound: number, of: IntegerModel | DecimalModel): bigint =>
    BigInt(bound) * 10n ** BigInt(places - placesOf(of));
  return scaled(outer.min, outer) <= scaled(inner.min, inner) && scaled(outer.max, outer) >= scaled(inner.max, inner);
}

const placesOf = (model: IntegerModel | DecimalModel): number => (model.kind === 'decimal' ? model.decimals : 0);

type ByteBounds = Pick<StringField, 'minBytes' | 'maxBytes'>;

/** Formats whose every text is one of another format too; `utf8` takes them all. */
export const readsFormat = (reader: StringField, writer: StringField): boolean =>
  reader.format === writer.format ||
  reader.format === 'utf8' ||
  (reader.format === 'identifier' && writer.format === 'hex');

export const readsLength = (reader: ByteBounds, writer: ByteBounds): boolean =>
  reader.minBytes <= writer.minBytes && reader.maxBytes >= writer.maxBytes;

const readsString = (reader: StringField, writer: StringField): boolean =>
  readsFormat(reader, writer) && readsLength(reader, writer);

function readsValue(reader: FieldModel, value: LiteralModel['value']): boolean {
  switch (reader.kind) {
    case 'string':
      return typeof value === 'string' && holdsString(reader, value);
    case 'integer':
    case 'decimal':
      return typeof value === 'number' && numbersWithin(reader, { kind: 'integer', min: value, max: value });
    case 'boolean':
      return typeof value === 'boolean';
    case 'literal':
      return reader.value === value;
    case 'enum':
      return typeof value === 'string' && reader.values.includes(value);
    default:
      return false;
  }
}

/** The longest text that a writer of a text payload writes, bytes. */
export function longestText(model: FieldModel): number {
  switch (model.kind) {
    case 'string':
      return model.maxBytes;
    case 'integer':
      return Math.max(String(model.min).length, String(model.max).length);
    case 'decimal':
      return Math.max(...[model.min, model.max].map((bound) => longestDecimal(bound, model.decimals)));
    case 'enum':
      return Math.max(...model.values.map((value) => value.length));
    case 'boolean':
      return 1;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

/** The length of a bound with all its digits and a point: nothing between zero and it is longer. */
const longestDecimal = (bound: number, decimals: number): number =>
  (bound < 0 ? 1 : 0) + Math.max(String(Math.abs(bound)).length, decimals + 1) + 1;
