import { decimalText, toScaled } from '../decimal.js';
import type { FieldModel } from '../model.js';
import { decodeUtf8 } from '../utf8.js';
import type { SafeParse } from './safe-parse.js';
import { refuse, refuseIssues, type DecodeResult } from './verdict.js';

/** Canonical: no plus sign, no leading zeros, no exponent, no white space. */
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.([0-9]+))?$/;

/**
 * Decodes one scalar. Integers are canonical decimals, decimals may have a point and as many digits behind it as the
 * schema has decimals, zeros included; booleans are `0` and `1`, everything else is the text itself.
 */
export function decodeText<T>(safeParse: SafeParse<T>, model: FieldModel, bytes: Uint8Array): DecodeResult<T> {
  if (bytes.length === 0 && !(model.kind === 'string' && model.minBytes === 0))
    return refuse('bad_payload', 'the payload is missing');
  const text = decodeUtf8(bytes);
  if (text === undefined) return refuse('bad_payload', 'is not valid UTF-8');
  const scalar = toScalar(model, text);
  if (scalar === undefined) return refuse('bad_payload', `is not ${describe(model)}`);
  // Digits beyond the double's exact range are a range fault, not a malformed number.
  if (typeof scalar === 'number' && Math.abs(scalar) > Number.MAX_SAFE_INTEGER)
    return refuse('out_of_range', `is not ${describe(model)}`);
  const parsed = safeParse(scalar);
  return parsed.success ? { ok: true, value: parsed.data } : refuseIssues(parsed.error.issues);
}

function toScalar(model: FieldModel, text: string): string | number | boolean | undefined {
  switch (model.kind) {
    case 'integer':
      return toNumber(text, 0);
    case 'decimal':
      return toNumber(text, model.decimals);
    case 'boolean':
      return text === '1' ? true : text === '0' ? false : undefined;
    default:
      return text;
  }
}

function toNumber(text: string, maxDecimals: number): number | undefined {
  const [match, fraction = ''] = NUMBER.exec(text) ?? [];
  return match !== undefined && fraction.length <= maxDecimals ? Number(text) + 0 : undefined;
}

function describe(model: FieldModel): string {
  if (model.kind === 'integer') return `an integer in ${String(model.min)}..${String(model.max)}`;
  if (model.kind !== 'decimal') return `a ${model.kind}`;
  const { min, max, decimals } = model;
  return `a number in ${decimalText(min, decimals)}..${decimalText(max, decimals)} of at most ${String(decimals)} decimals`;
}

/** A value of the model as text; of a decimal the shortest. */
export function encodeText(model: FieldModel, value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (model.kind !== 'decimal' || typeof value !== 'number') return String(value);
  const scaled = toScaled(value, model.decimals);
  return scaled === undefined ? String(value) : decimalText(scaled, model.decimals);
}
