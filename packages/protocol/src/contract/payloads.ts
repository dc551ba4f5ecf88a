import { z } from 'zod';
import { boundedString, hex, httpsUrl, integer, u32 } from '../fields.js';
import { REPLY_CODES, RESET_REASONS, UPDATE_REASONS, UPDATE_STATES } from './codes.js';

/** The app descriptor's string fields hold 32 bytes; so do the version and project of everything derived from it. */
const descriptorText = () => boundedString({ maxBytes: 32 });
const chip = () => boundedString({ minBytes: 1, maxBytes: 16, format: 'identifier' });
const flag = () => integer(0, 1);

/** Longest update URL in bytes, on every path (command, settings, manifest). */
export const URL_MAX_BYTES = 255;

/** `status`, also the last will (`{"online":false}`). */
export const statusSchema = z.discriminatedUnion('online', [
  z.object({
    online: z.literal(true),
    project: descriptorText(),
    version: descriptorText(),
    chip: chip(),
    bootId: u32(),
    resetReason: z.enum(RESET_REASONS),
    protocol: integer(1, 65_535),
    contract: hex(16),
  }),
  z.object({ online: z.literal(false) }),
]);

/** `update/state`. `run` counts update runs in NVS, so a subscriber never takes last week's `confirmed` for its own. */
export const updateStateSchema = z.object({
  run: u32(),
  state: z.enum(UPDATE_STATES),
  from: descriptorText(),
  to: descriptorText().nullable(),
  bytes: u32(),
  total: u32(),
  reason: z.enum(UPDATE_REASONS).nullable(),
});

/** `settings`. `interval` in seconds. */
export const settingsSchema = z.object({
  url: httpsUrl(URL_MAX_BYTES).nullable(),
  useUrl: flag(),
  interval: u32(),
});

/** `replies/{client}`. `run` answers `update/run`. */
export const replySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), run: u32().optional() }),
  z.object({ ok: z.literal(false), code: z.enum(REPLY_CODES), detail: boundedString({ maxBytes: 128 }) }),
]);

/** Protected header of a release manifest (compact JWS). `kid`: SHA-256 of the release key's SPKI, hex. */
export const manifestHeaderSchema = z.object({ alg: z.literal('ES256'), kid: hex(64) });

/** Payload of a release manifest. `exp` in Unix seconds, `size` in bytes, `sha256` of the served file, `image` its identity. */
export const manifestSchema = z.object({
  seq: u32(),
  exp: u32(),
  project: descriptorText(),
  chip: chip(),
  version: boundedString({ minBytes: 1, maxBytes: 32 }),
  secureVersion: u32(),
  size: u32(),
  sha256: hex(64),
  image: hex(64),
  url: httpsUrl(URL_MAX_BYTES),
  from: z
    .array(boundedString({ minBytes: 1, maxBytes: 32 }))
    .max(8)
    .optional(),
});
