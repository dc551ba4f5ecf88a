import { ProtocolError } from '../errors.js';
import { decimalsOf, depthOf, type PayloadModel } from '../model.js';
import type { Payload, PayloadInput, PayloadValue } from '../payload.js';
import { encodeUtf8 } from '../utf8.js';
import { toPayloadModel } from '../zod-model.js';
import { decodeBytes } from './bytes.js';
import { decodeJson, encodeJson } from './json.js';
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
  const bounds = {
    maxDepth: model === undefined ? 0 : depthOf(model),
    maxDecimals: model === undefined ? 0 : decimalsOf(model),
  };

  const decode = (bytes: Uint8Array): DecodeResult<Value> => {
    if (bytes.length > payload.maxBytes) {
      return model === undefined
        ? refuse('bad_payload', 'the payload must be empty')
        : refuse('too_long', `is ${String(bytes.length)} bytes, the limit is ${String(payload.maxBytes)}`);
    }
    if (model === undefined) return { ok: true, value: undefined as Value };
    if (model.kind === 'bytes') return decodeBytes(model, bytes) as DecodeResult<Value>;
    return payload.encoding === 'text'
      ? (decodeText(payload.schema, model, bytes) as DecodeResult<Value>)
      : (decodeJson(payload.schema, bounds, bytes) as DecodeResult<Value>);
  };

  const toBytes = (value: unknown, of: PayloadModel): Uint8Array => {
    if (of.kind === 'bytes') return new Uint8Array(value as Uint8Array);
    if (payload.encoding === 'json') return encodeUtf8(encodeJson(value, bounds));
    return encodeUtf8(encodeText(of, value as string | number | boolean));
  };

  const encode = (value: PayloadInput<P>): Uint8Array => {
    const parsed = payload.schema.safeParse(value);
    if (!parsed.success) {
      throw new ProtocolError('invalid_value', `${path}: ${refuseIssues(parsed.error.issues).detail}`, path, {
        cause: parsed.error,
      });
    }
    if (model === undefined) return new Uint8Array();
    const bytes = toBytes(parsed.data, model);
    if (bytes.length > payload.maxBytes) {
      throw new ProtocolError(
        'invalid_value',
        `${path}: is ${String(bytes.length)} bytes, the limit is ${String(payload.maxBytes)}`,
        path,
      );
    }
    return bytes;
  };

  return Object.freeze({ decode, encode });
}
