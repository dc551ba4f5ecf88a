import { z } from 'zod';
import { ProtocolError } from './errors.js';
import type { BytesModel } from './model.js';

/**
 * How a payload stands on the wire:
 * - `empty`: zero bytes
 * - `text`: one scalar as UTF-8 text, never quoted (what a person types after `mosquitto_pub -m`)
 * - `bytes`: the bytes themselves, whatever they are
 * - `json`: one JSON object, the exact language is that of `decodeJson`
 */
export type PayloadEncoding = 'empty' | 'text' | 'bytes' | 'json';

/** A payload: its encoding, its schema and the size above which it is refused unread. */
export interface Payload<S extends z.ZodType = z.ZodType> {
  readonly encoding: PayloadEncoding;
  readonly schema: S;
  /** Inclusive, of the encoded payload. */
  readonly maxBytes: number;
}

/** The value type of a payload, as decoders return it. */
export type PayloadValue<P extends Payload> = z.output<P['schema']>;

/** What encoders take: the same, but a member with a default may be left out. */
export type PayloadInput<P extends Payload> = z.input<P['schema']>;

const bounded = (maxBytes: number, what: string): number => {
  if (Number.isInteger(maxBytes) && maxBytes >= 1 && maxBytes <= 65_535) return maxBytes;
  throw new ProtocolError(
    'invalid_definition',
    `${what}: maxBytes must be an integer in 1..65535, got ${String(maxBytes)}`,
    what,
  );
};

/** A payload of zero bytes; its value is `undefined`. */
export const empty = (): Payload<z.ZodUndefined> => ({ encoding: 'empty', schema: z.undefined(), maxBytes: 0 });

/** A text payload: a string, integer, decimal, boolean (`0`/`1`) or enum schema. `maxBytes` may exceed the longest valid text, so that a near miss is `out_of_range` and not `too_long`. */
export const text = <S extends z.ZodType<string | number | boolean>>(
  schema: S,
  options: { maxBytes: number },
): Payload<S> => ({
  encoding: 'text',
  schema,
  maxBytes: bounded(options.maxBytes, 'text'),
});

/**
 * A payload of raw bytes, `minBytes` (default 0) to `maxBytes` of them; its value is a `Uint8Array` of its own, never a
 * view of what was received.
 */
export function bytes(bounds: { minBytes?: number; maxBytes: number }): Payload<z.ZodType<Uint8Array, Uint8Array>> {
  const minBytes = bounds.minBytes ?? 0;
  const maxBytes = bounded(bounds.maxBytes, 'bytes');
  if (!Number.isInteger(minBytes) || minBytes < 0 || minBytes > maxBytes) {
    throw new ProtocolError(
      'invalid_definition',
      `bytes: minBytes must be an integer in 0..maxBytes, got ${String(minBytes)}`,
      'bytes',
    );
  }
  const field: BytesModel = { kind: 'bytes', minBytes, maxBytes };
  const schema = z
    .custom<Uint8Array>(isUint8Array, 'must be a Uint8Array')
    .refine((value) => !isUint8Array(value) || value.length >= minBytes, `must be at least ${String(minBytes)} bytes`)
    .meta({ secureEsp: field });
  return { encoding: 'bytes', schema, maxBytes };
}

/** By its tag, so that arrays of another realm (a test runner's, a frame's) are recognised too. */
const isUint8Array = (value: unknown): value is Uint8Array =>
  Object.prototype.toString.call(value) === '[object Uint8Array]';

/** A JSON payload: an object or a discriminated union of objects. */
export const json = <S extends z.ZodType<object>>(schema: S, options: { maxBytes: number }): Payload<S> => ({
  encoding: 'json',
  schema,
  maxBytes: bounded(options.maxBytes, 'json'),
});
