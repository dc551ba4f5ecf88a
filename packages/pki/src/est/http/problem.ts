import type { EstReply } from './est-exchange.js';

/**
 * Every error reply: its `code` (in events and tests), HTTP status and the one sentence that the client gets as
 * `text/plain`. Nothing else of what went wrong leaves the server.
 */
export const EST_PROBLEMS = {
  bad_request: { status: 400, message: 'The request is malformed.' },
  bad_csr: { status: 400, message: 'The body is not a certificate request in base64.' },
  subject_mismatch: { status: 400, message: 'The request asks for other names than those of the client certificate.' },
  unauthorized: { status: 401, message: 'A device id and its claim token are required.' },
  claim_expired: { status: 403, message: 'The claim has expired.' },
  claim_bound: { status: 403, message: 'The claim was used for another key.' },
  certificate_required: { status: 403, message: 'A client certificate of a device is required.' },
  certificate_refused: { status: 403, message: 'The client certificate is not one of a device of this authority.' },
  certificate_expired: { status: 403, message: 'The client certificate has expired.' },
  revoked: { status: 403, message: 'The certificate has been revoked.' },
  name_refused: { status: 403, message: 'This name cannot be certified for a device.' },
  not_found: { status: 404, message: 'There is no such address.' },
  method_not_allowed: { status: 405, message: 'The method is not possible here.' },
  timeout: { status: 408, message: 'The request took too long.' },
  length_required: { status: 411, message: 'A Content-Length is required.' },
  too_large: { status: 413, message: 'The certificate request is too large.' },
  unsupported_type: { status: 415, message: 'The body must be of type application/pkcs10.' },
  too_many: { status: 429, message: 'Too many attempts. Try again later.' },
  internal: { status: 500, message: 'The server failed. Try again later.' },
  unavailable: { status: 503, message: 'Certificates cannot be issued right now. Try again later.' },
} as const satisfies Record<string, { readonly status: number; readonly message: string }>;

/** A key of {@link EST_PROBLEMS}: the `code` of a refusal. */
export type EstProblemCode = keyof typeof EST_PROBLEMS;

/** Ends the handling of a request with an error reply. It never leaves the handler. */
export class EstRefusal extends Error {
  override readonly name = 'EstRefusal';
  readonly code: EstProblemCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: EstProblemCode, options: { headers?: Readonly<Record<string, string>>; message?: string } = {}) {
    super(options.message ?? EST_PROBLEMS[code].message);
    this.code = code;
    this.headers = options.headers ?? {};
  }
}

export function refusalReply({ code, message, headers }: EstRefusal): EstReply {
  const body = Buffer.from(`${message}\n`);
  return {
    status: EST_PROBLEMS[code].status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(body.length),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body,
  };
}
