import ajv from 'ajv';
import { expect } from 'vitest';
import type { OpenApiDocument, OpenApiResponse } from '../../src/index.js';
import type { Answer } from '../fixtures/https-client.js';

/** What HTTP itself adds. */
const OF_HTTP = ['connection', 'date', 'keep-alive', 'transfer-encoding', 'content-type'];

/** The reply that the document has for this answer. */
export function documented(
  document: OpenApiDocument,
  { path, method }: { readonly path: string; readonly method: string },
  status: number,
): OpenApiResponse {
  const response = document.paths[path]?.[method]?.responses[String(status)];
  if (response === undefined) throw new Error(`${method} ${path} has no ${status} in the document`);
  return response;
}

/** Status, headers, content type and body are those of the document: nothing is missing, and nothing is more. */
export function expectConforming(response: OpenApiResponse, method: string, { headers, body }: Answer): void {
  const names = Object.keys(headers).filter((name) => !OF_HTTP.includes(name));
  expect(names.filter((name) => !(name in response.headers))).toEqual([]);
  for (const [name, { required, schema }] of Object.entries(response.headers)) {
    const value = headers[name];
    if (required || value !== undefined) expect([name, value, conforms(schema, value)]).toEqual([name, value, true]);
  }
  const type = headers['content-type'];
  if (response.content === undefined) {
    expect([type, body.length]).toEqual([undefined, 0]);
    return;
  }
  expect(Object.keys(response.content)).toContain(type);
  const schema = response.content[type ?? '']?.schema ?? {};
  if (method === 'head') expect(body).toHaveLength(0);
  else if (type === 'application/problem+json') expect(conforms(schema, JSON.parse(body.toString()))).toBe(true);
  else expect(conforms(schema, body.toString('latin1'))).toBe(true);
}

const conforms = (schema: object, value: unknown): boolean =>
  new ajv({ schemaId: 'auto', unknownFormats: 'ignore' }).validate(schema, value) === true;
