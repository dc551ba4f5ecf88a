import { DEVICE_HEADERS } from '@secure-esp/protocol';
import type { OpenApiParameter } from './openapi-document.js';

const CHANNEL_NAME = '^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$';

const header = (name: string, description: string, pattern?: string): OpenApiParameter => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string', ...(pattern === undefined ? {} : { pattern }) },
});

export const CHANNEL_IN_PATH: OpenApiParameter = {
  name: 'channel',
  in: 'path',
  required: true,
  description: 'Name of the channel, as given to `ota publish --name`.',
  schema: { type: 'string', pattern: CHANNEL_NAME },
};

export const SHA256_IN_PATH: OpenApiParameter = {
  name: 'sha256',
  in: 'path',
  required: true,
  description: 'SHA-256 of the file.',
  schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
};

export const CHIP: OpenApiParameter = {
  name: 'chip',
  in: 'query',
  required: false,
  description: 'Which file, where the channel has images for several chips. Devices say it in their headers.',
  schema: { type: 'string' },
};

export const CHANNEL_IN_QUERY: OpenApiParameter = {
  name: 'channel',
  in: 'query',
  required: false,
  description: 'Only releases of this channel. Default: all channels.',
  schema: { type: 'string', pattern: CHANNEL_NAME },
};

/** What a device runs: all four headers, or none. */
export const DEVICE: readonly OpenApiParameter[] = [
  header(DEVICE_HEADERS.project, 'Project of the running image, at most 32 bytes.'),
  header(DEVICE_HEADERS.chip, 'The chip, such as `esp32c3`.', '^[A-Za-z0-9_-]{1,16}$'),
  header(DEVICE_HEADERS.version, 'Version of the running image.'),
  header(DEVICE_HEADERS.image, 'Identity of the running image.', '^[0-9A-Fa-f]{64}$'),
];

export const CONDITIONS: readonly OpenApiParameter[] = [
  header('if-match', 'Only this file, else 412.'),
  header('if-none-match', 'Not this file again: 304. Of a device: the file that it installed.'),
];

export const RANGES: readonly OpenApiParameter[] = [
  header('range', 'One range of bytes. Several, and malformed ones, are answered with the whole file.'),
  header('if-range', 'The range only of this file, else the whole file.'),
];
