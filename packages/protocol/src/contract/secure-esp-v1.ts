import type { z } from 'zod';
import { defineProtocol, type DocumentValue, type TopicValue } from '../define-protocol.js';
import { boundedString, httpsUrl, integer } from '../fields.js';
import { empty, json, text } from '../payload.js';
import { command, event } from '../topic-definition.js';
import {
  manifestHeaderSchema,
  manifestSchema,
  replySchema,
  settingsSchema,
  statusSchema,
  updateStateSchema,
  URL_MAX_BYTES,
} from './payloads.js';

/** Shortest and longest update interval, seconds. */
export const UPDATE_INTERVAL_SECONDS = Object.freeze({ min: 300, max: 9_999_999 });

/** The secure-esp contract, version 1. */
export const secureEspV1 = defineProtocol({
  name: 'secure-esp',
  version: 1,
  root: '/esp',
  topics: {
    'update/url': command(text(httpsUrl(URL_MAX_BYTES), { maxBytes: URL_MAX_BYTES }), {
      description: 'Stores the firmware URL in non-volatile storage. It is effective while use_url is 1.',
    }),
    'update/use_url': command(text(integer(0, 1), { maxBytes: 16 }), {
      description: '0: the built-in firmware URL is used; 1: the stored one.',
    }),
    'update/interval': command(
      text(integer(UPDATE_INTERVAL_SECONDS.min, UPDATE_INTERVAL_SECONDS.max), { maxBytes: 16 }),
      {
        description: 'Seconds between update checks. Stored, and effective at once.',
      },
    ),
    'update/run': command(empty(), { description: 'Starts an update check now.' }),
    restart: command(empty(), { description: 'Restarts the device once its reply is delivered.', expirySeconds: 10 }),
    log: event(text(boundedString({ maxBytes: 511 }), { maxBytes: 511 }), {
      scopes: ['all', 'device'],
      description: 'Log lines: "secure_esp: [SUCCESS] ...", "[WARNING]", "[ERROR]".',
    }),
    status: event(json(statusSchema, { maxBytes: 512 }), {
      retain: true,
      description: 'Presence and identity of the device; also its last will.',
    }),
    'update/state': event(json(updateStateSchema, { maxBytes: 512 }), {
      retain: true,
      description: 'Progress and outcome of the current or last update run.',
    }),
    settings: event(json(settingsSchema, { maxBytes: 512 }), { retain: true, description: 'The settings in force.' }),
    'replies/{client}': event(json(replySchema, { maxBytes: 256 }), {
      description: 'Answer to a command, on the response topic that the command named.',
    }),
  },
  documents: {
    manifestHeader: json(manifestHeaderSchema, { maxBytes: 256 }),
    // As a compact JWS (base64url, header, signature) it then always fits MANIFEST_MAX_BYTES.
    manifest: json(manifestSchema, { maxBytes: 1344 }),
  },
});

/** Type of {@link secureEspV1}. */
export type SecureEspV1 = typeof secureEspV1;

/** Payload of `status`: with `online` true what the device is and runs, with false (its last will) nothing else. */
export type DeviceStatus = TopicValue<SecureEspV1, 'status'>;
/** Payload of `update/state`. `run` counts update runs, `bytes` and `total` are bytes of the image, 0 until known. */
export type UpdateStateEvent = TopicValue<SecureEspV1, 'update/state'>;
/** Payload of `settings`: `interval` in seconds, `url` null when none is stored, `useUrl` 1 when it is used. */
export type DeviceSettings = TopicValue<SecureEspV1, 'settings'>;
/**
 * Payload of `replies/{client}`: a command was accepted (`run`: by `update/run`), or refused with a {@link ReplyCode}
 * and a sentence.
 */
export type Reply = TopicValue<SecureEspV1, 'replies/{client}'>;
/**
 * Claims of a release manifest. `exp` in Unix seconds, `size` in bytes, `sha256` of the served file and `image` (its
 * identity) in hex.
 */
export type ReleaseManifest = DocumentValue<SecureEspV1, 'manifest'>;
/** JOSE header of a release manifest. `kid`: SHA-256 of the SubjectPublicKeyInfo of the release key, hex. */
export type ManifestHeader = z.output<typeof manifestHeaderSchema>;
