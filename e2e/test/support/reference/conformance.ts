import ajv from 'ajv';
import { request, type IncomingHttpHeaders } from 'node:http';
import { request as secureRequest, type RequestOptions } from 'node:https';
import { expect } from 'vitest';
import { documentedOperations } from './http-document.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request on a connection of its own. */
export function ask(url: string, options: RequestOptions & { readonly body?: string } = {}): Promise<Answer> {
  const { body, ...rest } = options;
  const send = url.startsWith('https:') ? secureRequest : request;
  return new Promise((resolve, reject) => {
    const outgoing = send(url, { agent: false, ...rest }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('latin1'),
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** What HTTP itself adds. */
const OF_HTTP = ['connection', 'date', 'keep-alive', 'transfer-encoding', 'content-type'];

/** Content type, headers and JSON are as documented for this status: nothing is missing, and nothing is more. */
export function expectDocumented(path: string, method: string, { status, headers, body }: Answer): void {
  const found = documentedOperations.find((one) => one.path === path && one.method === method);
  const response = found?.operation.responses[String(status)];
  expect([method, path, status, response !== undefined]).toEqual([method, path, status, true]);
  const documented = response?.headers ?? {};
  const names = Object.keys(headers).filter((name) => !OF_HTTP.includes(name));
  expect(names.sort()).toEqual(Object.keys(documented).sort());
  for (const [name, { schema }] of Object.entries(documented)) {
    expect([name, headers[name], conforms(schema, headers[name])]).toEqual([name, headers[name], true]);
  }
  const type = headers['content-type'] ?? '';
  const content = response?.content?.[type];
  expect([path, status, type, content !== undefined]).toEqual([path, status, type, true]);
  const value: unknown = type === 'application/json' ? JSON.parse(body) : body;
  expect(conforms(content?.schema ?? {}, value)).toBe(true);
}

const conforms = (schema: object, value: unknown): boolean =>
  new ajv({ schemaId: 'auto', unknownFormats: 'ignore' }).validate(schema, value) === true;
