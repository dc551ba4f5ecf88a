import type { OtaReply } from './ota-exchange.js';

/**
 * Every error reply: its `code`, HTTP status and what it means to the client. The body is `{"code","message"}` as
 * `application/problem+json`; nothing else of what went wrong leaves the server.
 */
export const PROBLEMS = {
  bad_request: { status: 400, message: 'The request target is malformed.' },
  bad_device_header: { status: 400, message: 'The X-Secure-Esp headers are incomplete or malformed.' },
  device_headers_required: {
    status: 400,
    message: 'This address answers devices only: send the X-Secure-Esp headers.',
  },
  no_client: { status: 403, message: 'A client certificate of a device or an operator is required.' },
  role_not_allowed: { status: 403, message: 'This kind of certificate may not fetch firmware.' },
  certificate_expired: { status: 403, message: 'The client certificate has expired.' },
  revoked: { status: 403, message: 'The client certificate has been revoked.' },
  not_found: { status: 404, message: 'There is no such file.' },
  chip_required: { status: 404, message: 'This channel has images for several chips: add ?chip=NAME.' },
  method_not_allowed: { status: 405, message: 'Only GET and HEAD are possible here.' },
  precondition_failed: { status: 412, message: 'The file is another one than the request expects.' },
  range_not_satisfiable: { status: 416, message: 'The range begins behind the end of the file.' },
  too_many_downloads: { status: 429, message: 'This client has too many downloads running. Try again later.' },
  too_many_requests: { status: 429, message: 'This client asks too often. Try again later.' },
  internal: { status: 500, message: 'The server failed. Try again later.' },
  busy: { status: 503, message: 'Too many downloads are running. Try again later.' },
} as const satisfies Record<string, { readonly status: number; readonly message: string }>;

/** A key of {@link PROBLEMS}: the `code` in the body of a refusal. */
export type OtaProblemCode = keyof typeof PROBLEMS;

export function problem(code: OtaProblemCode, headers: Readonly<Record<string, string>> = {}): OtaReply {
  const { status, message } = PROBLEMS[code];
  const body = new TextEncoder().encode(JSON.stringify({ code, message }));
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'content-length': String(body.length),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body,
  };
}
