import { z } from 'zod';
import { ProtocolError } from './errors.js';

/**
 * How a payload stands on the wire:
 * - `empty`: zero bytes
 * - `text`: one scalar as UTF-8 text, never quoted (what a person types after `mosquitto_pub -m`)
 * - `json`: one JSON object, see {@link decodeJson} for the exact language
 */
export type PayloadEncoding = 'empty' | 'text' | 'json';

/** A payload: its encoding, its schema and the size above which it is refused unread. */
export interface Payload<S extends z.ZodType = z.ZodType> {
  readonly encoding: PayloadEncoding;
  readonly schema: S;
  readonly maxBytes: number;
}

/** The value type of a payload. */
export type PayloadValue<P extends Payload> = z.output<P['schema']>;

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

/** A text payload: a string, integer, boolean (`0`/`1`) or enum schema. `maxBytes` may exceed the longest valid text, so that a near miss is `out_of_range` and not `too_long`. */
export const text = <S extends z.ZodType<string | number | boolean>>(
  schema: S,
  options: { maxBytes: number },
): Payload<S> => ({
  encoding: 'text',
  schema,
  maxBytes: bounded(options.maxBytes, 'text'),
});

/** A JSON payload: an object or a discriminated union of objects. */
export const json = <S extends z.ZodType<object>>(schema: S, options: { maxBytes: number }): Payload<S> => ({
  encoding: 'json',
  schema,
  maxBytes: bounded(options.maxBytes, 'json'),
});
