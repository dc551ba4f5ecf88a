import type { OpenApiHeader, OpenApiOperation, OpenApiResponse } from '@secure-esp/ota-server';
import { EST_PROBLEMS, type EstProblemCode } from '@secure-esp/pki';

/** `secure-esp est serve`. */
export const EST_URL = 'https://localhost:8443';

type Headers = Readonly<Record<string, OpenApiHeader>>;

const text = (description: string, schema: Omit<OpenApiHeader['schema'], 'type'>): OpenApiHeader => ({
  description,
  required: true,
  schema: { type: 'string', ...schema },
});

const COMMON: Headers = {
  'content-length': text('Bytes of the body.', { pattern: '^[0-9]+$' }),
  'cache-control': text('Not kept.', { const: 'no-store' }),
  'x-content-type-options': text('Browsers take the content type as it is.', { const: 'nosniff' }),
};
const RETRY = { 'retry-after': text('Seconds to wait.', { pattern: '^[0-9]+$' }) };
const BESIDE: Readonly<Record<number, Headers>> = {
  401: { 'www-authenticate': text('What to show.', { const: 'Basic realm="est", charset="UTF-8"' }) },
  429: RETRY,
  503: RETRY,
};

const CERTIFICATES: OpenApiResponse = {
  description: 'Certificates: certs-only CMS in base64.',
  headers: {
    ...COMMON,
    'content-transfer-encoding': text('As RFC 7030 wants it.', { const: 'base64' }),
  },
  content: {
    'application/pkcs7-mime; smime-type=certs-only': { schema: { type: 'string', pattern: '^[A-Za-z0-9+/=\\n]+$' } },
  },
};

function refusals(codes: readonly EstProblemCode[]): Readonly<Record<string, OpenApiResponse>> {
  const statuses = [...new Set(codes.map((code) => EST_PROBLEMS[code].status))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status): [string, OpenApiResponse] => {
      const own = codes.filter((code) => EST_PROBLEMS[code].status === status);
      const description = own.map((code) => EST_PROBLEMS[code].message).join(' ');
      const content = { 'text/plain; charset=utf-8': { schema: { type: 'string' } } };
      return [String(status), { description, headers: { ...COMMON, ...BESIDE[status] }, content }];
    }),
  );
}

const OF_BODIES = [
  'bad_request',
  'bad_csr',
  'name_refused',
  'revoked',
  'timeout',
  'length_required',
  'too_large',
  'unsupported_type',
  'too_many',
  'internal',
  'unavailable',
] as const;
const CSR = {
  required: true,
  description: 'A PKCS#10 request in base64, without PEM labels.',
  content: { 'application/pkcs10': { schema: { type: 'string' } } },
};

interface EstOperation extends OpenApiOperation {
  readonly requestBody?: typeof CSR;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

const operation = (own: Omit<EstOperation, 'tags' | 'parameters'>): EstOperation => ({
  tags: ['Enrolment'],
  parameters: [],
  ...own,
});

/** By path and method. */
export const EST_PATHS: Readonly<Record<string, Readonly<Record<string, EstOperation>>>> = {
  '/.well-known/est/cacerts': {
    get: operation({
      operationId: 'getCaCerts',
      summary: 'The CA of servers and the CA of devices',
      security: [],
      responses: { 200: CERTIFICATES, ...refusals(['internal', 'unavailable']) },
    }),
  },
  '/.well-known/est/simpleenroll': {
    post: operation({
      operationId: 'simpleEnroll',
      summary: 'The first certificate of a device that shows its claim',
      security: [{ claim: [] }],
      requestBody: CSR,
      responses: { 200: CERTIFICATES, ...refusals([...OF_BODIES, 'unauthorized', 'claim_expired', 'claim_bound']) },
    }),
  },
  '/.well-known/est/simplereenroll': {
    post: operation({
      operationId: 'simpleReenroll',
      summary: 'Another certificate for the device that holds this one',
      description: 'The grace port has this address only, and lets the certificate be over.',
      security: [{ clientCertificate: [] }],
      requestBody: CSR,
      responses: {
        200: CERTIFICATES,
        ...refusals([
          ...OF_BODIES,
          'subject_mismatch',
          'certificate_required',
          'certificate_refused',
          'certificate_expired',
        ]),
      },
    }),
  },
};
