import type { OpenApiHeader, OpenApiOperation, OpenApiResponse, OpenApiSchema } from '@secure-esp/ota-server';

/** The admin port of `secure-esp ota serve`: plain HTTP, without certificates. */
export const ADMIN_URL = 'http://localhost:8071';

const HEADERS: Readonly<Record<string, OpenApiHeader>> = {
  'content-length': {
    description: 'Bytes of the body.',
    required: true,
    schema: { type: 'string', pattern: '^[0-9]+$' },
  },
  'cache-control': { description: 'Not kept.', required: true, schema: { type: 'string', const: 'no-store' } },
  'x-content-type-options': {
    description: 'Browsers take the content type as it is.',
    required: true,
    schema: { type: 'string', const: 'nosniff' },
  },
};

const reply = (description: string, type: string, schema: OpenApiSchema): OpenApiResponse => ({
  description,
  headers: HEADERS,
  content: { [type]: { schema } },
});
const said = (status: string, more: Readonly<Record<string, OpenApiSchema>> = {}): OpenApiSchema => ({
  type: 'object',
  properties: { status: { type: 'string', const: status }, ...more },
  required: ['status', ...Object.keys(more)],
  additionalProperties: false,
});

const operation = (
  operationId: string,
  summary: string,
  responses: Readonly<Record<string, OpenApiResponse>>,
): OpenApiOperation & { readonly security: readonly [] } => ({
  operationId,
  summary,
  tags: ['Health and metrics'],
  security: [],
  parameters: [],
  responses,
});

export const ADMIN_PATHS: Readonly<Record<string, OpenApiOperation>> = {
  '/health/live': operation('getLive', 'Whether the process runs', {
    200: reply('It does.', 'application/json', said('live')),
  }),
  '/health/ready': operation('getReady', 'Whether devices should be sent here', {
    200: reply('They may.', 'application/json', said('ready')),
    503: reply(
      'Not now; the reason is for people.',
      'application/json',
      said('not ready', { reason: { type: 'string' } }),
    ),
  }),
  '/metrics': operation('getMetrics', 'Metrics of all processes, in the text format of Prometheus', {
    200: reply('The metrics.', 'text/plain; version=0.0.4; charset=utf-8', { type: 'string' }),
    503: reply('A process does not answer; the log says which.', 'text/plain', { type: 'string' }),
  }),
};
