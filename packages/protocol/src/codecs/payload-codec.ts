import { ProtocolError } from '../errors.js';
import { depthOf } from '../model.js';
import type { Payload, PayloadValue } from '../payload.js';
import { encodeUtf8 } from '../utf8.js';
import { toPayloadModel } from '../zod-model.js';
import { decodeJson } from './json.js';
import { decodeText, encodeText } from './text.js';
import { refuse, refuseIssues, type DecodeResult } from './verdict.js';

/** Decodes and encodes one payload. Both directions enforce the same bounds. */
export interface PayloadCodec<T> {
  /** Never throws on bytes from the network. */
  decode(bytes: Uint8Array): DecodeResult<T>;
  /** Throws {@link ProtocolError} `invalid_value` if `value` is not in the schema or too long for the wire. */
  encode(value: T): Uint8Array;
}

/** Builds the codec of a payload. `path` names it in errors. Throws `invalid_definition` if C could not enforce the schema. */
export function createPayloadCodec<P extends Payload>(payload: P, path: string): PayloadCodec<PayloadValue<P>> {
  type Value = PayloadValue<P>;
  const model = toPayloadModel(payload, path);
  const maxDepth = model === undefined ? 0 : depthOf(model);

  const decode = (bytes: Uint8Array): DecodeResult<Value> => {
    if (bytes.length > payload.maxBytes) {
      return model === undefined
        ? refuse('bad_payload', 'the payload must be empty')
        : refuse('too_long', `is ${String(bytes.length)} bytes, the limit is ${String(payload.maxBytes)}`);
    }
    if (model === undefined) return { ok: true, value: undefined as Value };
    return payload.encoding === 'text'
      ? (decodeText(payload.schema, model, bytes) as DecodeResult<Value>)
      : (decodeJson(payload.schema, maxDepth, bytes) as DecodeResult<Value>);
  };

  const encode = (value: Value): Uint8Array => {
    const parsed = payload.schema.safeParse(value);
    if (!parsed.success) {
      throw new ProtocolError('invalid_value', `${path}: ${refuseIssues(parsed.error.issues).detail}`, path, {
        cause: parsed.error,
      });
    }
    if (model === undefined) return new Uint8Array();
    const text =
      payload.encoding === 'text' ? encodeText(parsed.data as string | number | boolean) : JSON.stringify(parsed.data);
    const bytes = encodeUtf8(text);
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
