import { z } from 'zod';
import { decimalText, fromScaled, MAX_DECIMALS, MAX_SCALED, toScaled } from './decimal.js';
import { ProtocolError } from './errors.js';
import { isHttpsUrl } from './https-url.js';
import type { BytesModel, DecimalModel } from './model.js';
import { hasUnencodable, utf8Length } from './utf8.js';

/** What C needs to know of a string: bounds in bytes, and the closed list of formats that both languages implement. */
export interface StringField {
  readonly kind: 'string';
  /** Inclusive bounds, in bytes of UTF-8. */
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly format: StringFormat;
}

/**
 * - `utf8`: any well-formed text without NUL
 * - `https-url`: see {@link isHttpsUrl}
 * - `identifier`: `[A-Za-z0-9_-]`
 * - `hex`: `[0-9a-f]`
 */
export type StringFormat = 'utf8' | 'https-url' | 'identifier' | 'hex';

const FORMATS: Record<StringFormat, (text: string) => boolean> = {
  utf8: (text) => !hasUnencodable(text),
  'https-url': isHttpsUrl,
  identifier: (text) => /^[A-Za-z0-9_-]*$/.test(text),
  hex: (text) => /^[0-9a-f]*$/.test(text),
};

/** True if `text` is a value of `field`. */
export function holdsString({ minBytes, maxBytes, format }: StringField, text: string): boolean {
  const bytes = utf8Length(text);
  return bytes >= minBytes && bytes <= maxBytes && FORMATS[format](text) && !hasUnencodable(text);
}

/** A string bounded in **bytes** of UTF-8 (zod's own `.max` counts UTF-16 units, which C cannot enforce). */
export function boundedString(bounds: { minBytes?: number; maxBytes: number; format?: StringFormat }): z.ZodString {
  const { minBytes = 0, maxBytes, format = 'utf8' } = bounds;
  if (
    !Number.isInteger(minBytes) ||
    !Number.isInteger(maxBytes) ||
    minBytes < 0 ||
    maxBytes < minBytes ||
    maxBytes > 65_535
  ) {
    throw new ProtocolError(
      'invalid_definition',
      `boundedString: bounds must be integers with 0 <= minBytes <= maxBytes <= 65535, got ${String(minBytes)}..${String(maxBytes)}`,
      'boundedString',
    );
  }
  const field: StringField = { kind: 'string', minBytes, maxBytes, format };
  return z
    .string()
    .superRefine((text, context) => {
      const bytes = utf8Length(text);
      if (bytes > maxBytes) {
        context.addIssue({
          code: 'custom',
          params: { limit: 'too_long' },
          message: `must be at most ${String(maxBytes)} bytes, is ${String(bytes)}`,
        });
      } else if (bytes < minBytes) {
        context.addIssue({
          code: 'custom',
          message: `must be at least ${String(minBytes)} bytes, is ${String(bytes)}`,
        });
      }
      if (!FORMATS[format](text)) context.addIssue({ code: 'custom', message: `is not a valid ${format} string` });
    })
    .meta({ secureEsp: field });
}

/** An https URL in the grammar of {@link isHttpsUrl}, 1..`maxBytes` bytes. */
export const httpsUrl = (maxBytes: number): z.ZodString =>
  boundedString({ minBytes: 1, maxBytes, format: 'https-url' });

/** Lower-case hexadecimal of exactly `digits` digits. */
export const hex = (digits: number): z.ZodString =>
  boundedString({ minBytes: digits, maxBytes: digits, format: 'hex' });

/** A device, client or key name: `[A-Za-z0-9_-]`, so that it never needs escaping in a topic, a CN or a path. */
export const identifier = (minBytes: number, maxBytes: number): z.ZodString =>
  boundedString({ minBytes, maxBytes, format: 'identifier' });

/** An integer in `min..max` (both within ±(2^53-1)). */
export function integer(min: number, max: number): z.ZodInt {
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min > max) {
    throw new ProtocolError(
      'invalid_definition',
      `integer: bounds must be safe integers with min <= max, got ${String(min)}..${String(max)}`,
      'integer',
    );
  }
  return z.int().min(min).max(max);
}

/** 0..4294967295. */
export const u32 = (): z.ZodInt => integer(0, 4_294_967_295);

/**
 * A number in `min..max` that is a multiple of `10^-decimals` (`decimals` 1..9): `decimal({ min: -40, max: 125, decimals: 2 })`.
 * In TypeScript it is a `number`, in C the scaled integer `value * 10^decimals`, which has at most 15 digits. A value is a
 * multiple if it is the double that its decimal text stands for: `0.1 + 0.2` is none, `Math.round(x * 100) / 100` always is
 * one of 2 decimals.
 */
export function decimal(bounds: { min: number; max: number; decimals: number }): z.ZodNumber {
  const { decimals } = bounds;
  if (!Number.isInteger(decimals) || decimals < 1 || decimals > MAX_DECIMALS) {
    throw new ProtocolError(
      'invalid_definition',
      `decimal: decimals must be an integer in 1..${String(MAX_DECIMALS)}, got ${String(decimals)}`,
      'decimal',
    );
  }
  const step = decimalText(1, decimals);
  const [min, max] = [toScaled(bounds.min, decimals), toScaled(bounds.max, decimals)];
  if (min === undefined || max === undefined || min > max) {
    throw new ProtocolError(
      'invalid_definition',
      `decimal: bounds must be multiples of ${step} within ±${decimalText(MAX_SCALED, decimals)} with min <= max, got ${String(bounds.min)}..${String(bounds.max)}`,
      'decimal',
    );
  }
  const field: DecimalModel = { kind: 'decimal', min, max, decimals };
  return z
    .number()
    .min(fromScaled(min, decimals))
    .max(fromScaled(max, decimals))
    .superRefine((value, context) => {
      // What has too many digits to tell is out of range, and so refused already.
      const known = Math.abs(value) <= fromScaled(MAX_SCALED, decimals);
      if (known && toScaled(value, decimals) === undefined) {
        context.addIssue({ code: 'custom', message: `must be a multiple of ${step}` });
      }
    })
    .meta({ secureEsp: field });
}

/** What {@link boundedString}, {@link decimal} or `bytes` left on a schema, or `undefined`. */
export const declaredFieldOf = (schema: z.core.$ZodType): StringField | DecimalModel | BytesModel | undefined =>
  (z.globalRegistry.get(schema) as { secureEsp?: StringField | DecimalModel | BytesModel } | undefined)?.secureEsp;
