import { z } from 'zod';
import { ProtocolError } from './errors.js';
import { isHttpsUrl } from './https-url.js';
import { hasUnencodable, utf8Length } from './utf8.js';

/** What C needs to know of a string: bounds in bytes, and the closed list of formats that both languages implement. */
export interface StringField {
  readonly kind: 'string';
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

/** Metadata that {@link boundedString} left on a schema, or `undefined`. */
export const stringFieldOf = (schema: z.core.$ZodType): StringField | undefined =>
  (z.globalRegistry.get(schema) as { secureEsp?: StringField } | undefined)?.secureEsp;
