import { decimalsOf, depthOf, type PayloadModel } from '../model.js';
import { decodeUtf8 } from '../utf8.js';
import { toJsonText, type JsonText } from './json-text.js';
import { ordinaryJson } from './ordinary-json.js';
import type { SafeParse } from './safe-parse.js';
import { refuse, refuseIssues, type DecodeResult } from './verdict.js';

/**
 * Makes the decoder of the JSON language that both sides accept: well-formed UTF-8, then what `JSON.parse` accepts, nested
 * no deeper than the schema, no `\u0000` and no lone surrogate in any string (see {@link toJsonText}). A duplicate key's
 * last value wins, whatever the earlier ones are.
 *
 * An integer may be written in any way whose exact decimal value is that integer: `1e2`, `100.0` and `10000e-2` are 100,
 * `-0` is 0. `1.00000000000000000001` is refused, although a double would round it to 1: how far a reader rounds must not
 * decide what a device does. So it is with decimals: `21.50`, `2.15e1` and `2150e-2` are 21.5.
 */
export function createJsonDecoder<T>(
  safeParse: SafeParse<T>,
  model: PayloadModel,
): (bytes: Uint8Array) => DecodeResult<T> {
  const bounds = { maxDepth: depthOf(model), maxDecimals: decimalsOf(model) };
  const ordinary = ordinaryJson(bounds);
  const toText = (source: string): JsonText =>
    ordinary.test(source) ? { ok: true, text: source } : toJsonText(source, bounds);

  return (bytes) => {
    const source = decodeUtf8(bytes);
    if (source === undefined) return refuse('bad_payload', 'is not valid UTF-8');
    const json = toText(source);
    if (!json.ok) return refuse('bad_payload', json.detail);
    let value: unknown;
    try {
      value = JSON.parse(json.text);
    } catch {
      return refuse('bad_payload', 'is not valid JSON');
    }
    const parsed = safeParse(value);
    return parsed.success ? { ok: true, value: parsed.data } : refuseIssues(parsed.error.issues);
  };
}

/** Numbers that `JSON.stringify` writes with an exponent, and strings, which may look like one. */
const TINY_NUMBER = /"(?:[^"\\]|\\.)*"|-?[0-9.]+e-[0-9]+/g;

/** Below this many decimals no number is so small that it is written with an exponent. */
const TINY_DECIMALS = 7;

/** Encodes a value of a schema as C does: every number as its shortest decimal, never with an exponent. */
export function encodeJson(value: unknown, maxDecimals: number): string {
  const text = JSON.stringify(value);
  if (maxDecimals < TINY_DECIMALS || !text.includes('e-')) return text;
  return text.replace(TINY_NUMBER, (token) =>
    token.startsWith('"') ? token : Number(token).toFixed(maxDecimals).replace(/0+$/, ''),
  );
}
