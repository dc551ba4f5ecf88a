import type { OpenApiHeader } from './openapi-document.js';

type Headers = Readonly<Record<string, OpenApiHeader>>;

const text = (description: string, pattern?: string): OpenApiHeader => ({
  description,
  required: true,
  schema: { type: 'string', ...(pattern === undefined ? {} : { pattern }) },
});
const fixed = (value: string, description: string): OpenApiHeader => ({
  description,
  required: true,
  schema: { type: 'string', const: value },
});
const optional = (header: OpenApiHeader): OpenApiHeader => ({ ...header, required: false });

const ETAG = text('SHA-256 of the whole file, a strong ETag.', '^"[0-9a-f]{64}"$');
const LENGTH = text('Bytes of the body, of `GET` for `HEAD`.', '^[0-9]+$');
const NOSNIFF = fixed('nosniff', 'Browsers take the content type as it is.');

/** On every reply. */
export const REQUEST_ID: Headers = {
  'x-request-id': text('Made by the server; the events of the request have it.', '^[0-9a-f]{16}$'),
};

/** Of what a device is offered, and of a channel's newest file. */
export const FRESH: Headers = {
  'cache-control': fixed('private, no-cache', 'Asked anew each time.'),
  vary: text('What the reply depends on: `accept` and the device headers.'),
};

/** Of a file at its own address. */
export const IMMUTABLE: Headers = {
  'cache-control': fixed('private, max-age=31536000, immutable', 'The file of this address never changes.'),
};

export const FILE: Headers = {
  etag: ETAG,
  'content-length': LENGTH,
  'accept-ranges': fixed('bytes', 'Single ranges are served.'),
  'content-disposition': text('A name for the file.', '^attachment; filename="[A-Za-z0-9._-]+"$'),
  'x-content-type-options': NOSNIFF,
};

/** On files of a channel, where the server was given `publicUrl`. */
export const OWN_ADDRESS: Headers = {
  'content-location': optional(text("The file's own address, when the server knows its public one.")),
};

export const MANIFEST: Headers = { 'content-length': LENGTH, 'x-content-type-options': NOSNIFF };
export const UNCHANGED: Headers = { etag: ETAG };
/** A device may have installed a file that is no release any more. */
export const NOTHING_NEWER: Headers = { etag: optional(ETAG) };

export const RANGE: Headers = {
  'content-range': text('Which bytes these are, and of how many.', '^bytes [0-9]+-[0-9]+/[0-9]+$'),
};

export const ELSEWHERE: Headers = {
  location: text('Address of the bytes, good for minutes.'),
  'content-length': fixed('0', 'No body.'),
  'cache-control': fixed('no-store', 'The address ends.'),
};

export const PROBLEM: Headers = {
  'content-length': LENGTH,
  'cache-control': fixed('no-store', 'Errors are not kept.'),
  'x-content-type-options': NOSNIFF,
};

/** What an error has beside, by status. */
export const PROBLEM_BY_STATUS: Readonly<Record<number, Headers>> = {
  412: { etag: ETAG },
  416: {
    etag: ETAG,
    'accept-ranges': fixed('bytes', 'Single ranges are served.'),
    'content-range': text('How many bytes there are.', '^bytes \\*/[0-9]+$'),
  },
  429: { 'retry-after': text('Seconds to wait.', '^[0-9]+$') },
  503: { 'retry-after': text('Seconds to wait.', '^[0-9]+$') },
};
