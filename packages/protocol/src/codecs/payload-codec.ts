import { ProtocolError } from '../errors.js';
import { decimalsOf, type PayloadModel } from '../model.js';
import type { Payload, PayloadInput, PayloadValue } from '../payload.js';
import { encodeUtf8 } from '../utf8.js';
import { toPayloadModel } from '../zod-model.js';
import { decodeBytes } from './bytes.js';
import { createJsonDecoder, encodeJson } from './json.js';
import { jsonWriter } from './json-writer.js';
import { createSafeParse } from './safe-parse.js';
import { decodeText, encodeText } from './text.js';
import { refuse, refuseIssues, type DecodeResult } from './verdict.js';

/** Decodes and encodes one payload. Both directions enforce the same bounds. */
export interface PayloadCodec<T, I = T> {
  /** Never throws on bytes from the network. Members that are absent and have a default are filled in. */
  decode(bytes: Uint8Array): DecodeResult<T>;
  /**
   * Throws {@link ProtocolError} `invalid_value` if `value` is not in the schema or too long for the wire. Members with a
   * default may be left out, and are written.
   */
  encode(value: I): Uint8Array;
}

/** Builds the codec of a payload. `path` names it in errors. Throws `invalid_definition` if C could not enforce the schema. */
export function createPayloadCodec<P extends Payload>(
  payload: P,
  path: string,
): PayloadCodec<PayloadValue<P>, PayloadInput<P>> {
  type Value = PayloadValue<P>;
  const model = toPayloadModel(payload, path);
  const read = readerOf(payload, model);
  const write = writerOf(payload, model, (value) => {
    const parsed = payload.schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new ProtocolError('invalid_value', `${path}: ${refuseIssues(parsed.error.issues).detail}`, path, {
      cause: parsed.error,
    });
  });

  const decode = (bytes: Uint8Array): DecodeResult<Value> => {
    if (bytes.length <= payload.maxBytes) return read(bytes) as DecodeResult<Value>;
    return model === undefined
      ? refuse('bad_payload', 'the payload must be empty')
      : refuse('too_long', `is ${String(bytes.length)} bytes, the limit is ${String(payload.maxBytes)}`);
  };

  const encode = (value: PayloadInput<P>): Uint8Array => {
    const bytes = write(value);
    if (bytes.length <= payload.maxBytes) return bytes;
    throw new ProtocolError(
      'invalid_value',
      `${path}: is ${String(bytes.length)} bytes, the limit is ${String(payload.maxBytes)}`,
      path,
    );
  };

  return Object.freeze({ decode, encode });
}

/** Decodes bytes that are no more than allowed. */
function readerOf(
  { encoding, schema }: Payload,
  model: PayloadModel | undefined,
): (bytes: Uint8Array) => DecodeResult<unknown> {
  if (model === undefined) return () => ({ ok: true, value: undefined });
  if (model.kind === 'bytes') return (bytes) => decodeBytes(model, bytes);
  const safeParse = createSafeParse(schema, model);
  return encoding === 'text' ? (bytes) => decodeText(safeParse, model, bytes) : createJsonDecoder(safeParse, model);
}

/** Encodes values, of whatever length; `parse` returns what the schema makes of them, or throws. */
function writerOf(
  { encoding }: Payload,
  model: PayloadModel | undefined,
  parse: (value: unknown) => unknown,
): (value: unknown) => Uint8Array {
  if (model === undefined) {
    return (value) => {
      parse(value);
      return new Uint8Array();
    };
  }
  if (model.kind === 'bytes') return (value) => new Uint8Array(parse(value) as Uint8Array);
  if (encoding === 'text') return (value) => encodeUtf8(encodeText(model, parse(value) as string | number | boolean));
  const write = jsonWriter(model);
  return (value) => encodeUtf8(write(value) ?? encodeJson(parse(value), decimalsOf(model)));
}
