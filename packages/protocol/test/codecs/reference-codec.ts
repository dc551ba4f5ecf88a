import {
  decimalsOf,
  depthOf,
  isProtocolError,
  toPayloadModel,
  type DecodeResult,
  type Payload,
  type PayloadModel,
  type Protocol,
} from '../../src/index.js';
import { toJsonText } from '../../src/codecs/json-text.js';
import { decodeText, encodeText } from '../../src/codecs/text.js';
import { refuse, refuseIssues } from '../../src/codecs/verdict.js';

/** A payload of a contract that is text or JSON. */
export interface Subject {
  readonly path: string;
  readonly payload: Payload;
  readonly model: Exclude<PayloadModel, { kind: 'bytes' }>;
}

export const subjectsOf = (protocol: Protocol): Subject[] =>
  [
    ...Object.entries(protocol.topics).map(([path, { payload }]) => ({ path, payload })),
    ...Object.entries(protocol.documents).map(([path, payload]) => ({ path, payload })),
  ].flatMap(({ path, payload }) => {
    const model = toPayloadModel(payload, path);
    return model === undefined || model.kind === 'bytes' ? [] : [{ path, payload, model }];
  });

/** What a codec does, without any short cut: every text through `toJsonText`, every value through its schema. */
export function decodeByTheBook({ payload, model }: Subject, bytes: Uint8Array): DecodeResult<unknown> {
  const { encoding, schema, maxBytes } = payload;
  if (bytes.length > maxBytes) {
    return refuse('too_long', `is ${String(bytes.length)} bytes, the limit is ${String(maxBytes)}`);
  }
  if (encoding === 'text') return decodeText((value) => schema.safeParse(value), model, bytes);
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse('bad_payload', 'is not valid UTF-8');
  }
  const json = toJsonText(source, { maxDepth: depthOf(model), maxDecimals: decimalsOf(model) });
  if (!json.ok) return refuse('bad_payload', json.detail);
  let value: unknown;
  try {
    value = JSON.parse(json.text);
  } catch {
    return refuse('bad_payload', 'is not valid JSON');
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? { ok: true, value: parsed.data } : refuseIssues(parsed.error.issues);
}

/** The text of a value, or the message of the error. */
export function encodeByTheBook(
  { path, payload, model }: Subject,
  value: unknown,
): { text: string } | { error: string } {
  const parsed = payload.schema.safeParse(value);
  if (!parsed.success) return { error: `${path}: ${refuseIssues(parsed.error.issues).detail}` };
  const text = payload.encoding === 'text' ? encodeText(model, parsed.data as string) : stringify(model, parsed.data);
  const { length } = Buffer.from(text);
  return length <= payload.maxBytes
    ? { text }
    : { error: `${path}: is ${String(length)} bytes, the limit is ${String(payload.maxBytes)}` };
}

function stringify(model: PayloadModel, value: unknown): string {
  return JSON.stringify(value).replace(/"(?:[^"\\]|\\.)*"|-?[0-9.]+e-[0-9]+/g, (token) =>
    token.startsWith('"') ? token : Number(token).toFixed(decimalsOf(model)).replace(/0+$/, ''),
  );
}

/** What `encode` did, in the form of {@link encodeByTheBook}. */
export function encoded(encode: () => Uint8Array): { text: string } | { error: string } {
  try {
    return { text: Buffer.from(encode()).toString() };
  } catch (error) {
    if (isProtocolError(error) && error.code === 'invalid_value') return { error: error.message };
    throw error;
  }
}
