import { isHttpsUrl } from '../https-url.js';
import type { StringField } from '../fields.js';
import type { FieldModel, IntegerModel, LiteralModel, ScalarModel } from '../model.js';
import type { PayloadEncoding } from '../payload.js';
import { hasUnencodable, utf8Length } from '../utf8.js';

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
      return reader.kind === 'integer' && within(reader, writer);
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

/** Formats whose every text is one of another format too; `utf8` takes them all. */
export const readsFormat = (reader: StringField, writer: StringField): boolean =>
  reader.format === writer.format ||
  reader.format === 'utf8' ||
  (reader.format === 'identifier' && writer.format === 'hex');

export const readsLength = (reader: StringField, writer: StringField): boolean =>
  reader.minBytes <= writer.minBytes && reader.maxBytes >= writer.maxBytes;

const readsString = (reader: StringField, writer: StringField): boolean =>
  readsFormat(reader, writer) && readsLength(reader, writer);

function readsValue(reader: FieldModel, value: LiteralModel['value']): boolean {
  switch (reader.kind) {
    case 'string':
      return typeof value === 'string' && holds(reader, value);
    case 'integer':
      return typeof value === 'number' && value >= reader.min && value <= reader.max;
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

function holds({ minBytes, maxBytes, format }: StringField, text: string): boolean {
  const bytes = utf8Length(text);
  if (bytes < minBytes || bytes > maxBytes || hasUnencodable(text)) return false;
  switch (format) {
    case 'utf8':
      return true;
    case 'https-url':
      return isHttpsUrl(text);
    case 'identifier':
      return /^[A-Za-z0-9_-]*$/.test(text);
    case 'hex':
      return /^[0-9a-f]*$/.test(text);
  }
}

/** The longest text that a writer of a text payload writes, bytes. */
export function longestText(model: FieldModel): number {
  switch (model.kind) {
    case 'string':
      return model.maxBytes;
    case 'integer':
      return Math.max(String(model.min).length, String(model.max).length);
    case 'enum':
      return Math.max(...model.values.map((value) => value.length));
    case 'boolean':
      return 1;
    default:
      return Number.POSITIVE_INFINITY;
  }
}
