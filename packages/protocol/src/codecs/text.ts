import type { z } from 'zod';
import type { FieldModel } from '../model.js';
import { decodeUtf8 } from '../utf8.js';
import { refuse, refuseIssues, type DecodeResult } from './verdict.js';

/** Canonical decimal: no plus sign, no leading zeros, no white space. */
const DECIMAL = /^-?(?:0|[1-9][0-9]*)$/;

/** Decodes one scalar. Integers are canonical decimals, booleans are `0` and `1`, everything else is the text itself. */
export function decodeText<T>(schema: z.ZodType<T>, model: FieldModel, bytes: Uint8Array): DecodeResult<T> {
  if (bytes.length === 0 && !(model.kind === 'string' && model.minBytes === 0))
    return refuse('bad_payload', 'the payload is missing');
  const text = decodeUtf8(bytes);
  if (text === undefined) return refuse('bad_payload', 'is not valid UTF-8');
  const scalar = toScalar(model, text);
  if (scalar === undefined) return refuse('bad_payload', `is not ${describe(model)}`);
  // Digits beyond the double's exact range are a range fault, not a malformed number.
  if (typeof scalar === 'number' && !Number.isSafeInteger(scalar))
    return refuse('out_of_range', `is not ${describe(model)}`);
  const parsed = schema.safeParse(scalar);
  return parsed.success ? { ok: true, value: parsed.data } : refuseIssues(parsed.error.issues);
}

function toScalar(model: FieldModel, text: string): string | number | boolean | undefined {
  switch (model.kind) {
    case 'integer':
      return DECIMAL.test(text) ? Number(text) + 0 : undefined;
    case 'boolean':
      return text === '1' ? true : text === '0' ? false : undefined;
    default:
      return text;
  }
}

function describe(model: FieldModel): string {
  return model.kind === 'integer' ? `an integer in ${String(model.min)}..${String(model.max)}` : `a ${model.kind}`;
}

export const encodeText = (value: string | number | boolean): string =>
  typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
