import { createConfig, lintFromString } from '@redocly/openapi-core';
import { once } from 'node:events';
import { request, type RequestOptions } from 'node:https';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createOtaOpenApi,
  dangerouslyReleaseUnchecked,
  type OtaServerOptions,
  PROBLEMS,
  type Release,
} from '../../src/index.js';
import { device, operator, otherDevice, type Pair, serverCa } from '../fixtures/certificates.js';
import { publish } from '../fixtures/firmware.js';
import { type Answer, get } from '../fixtures/https-client.js';
import { runServerWith, UNBUFFERABLE } from '../fixtures/running-server.js';
import { documented, expectConforming } from './conformance.js';

const CHANNEL = '/{channel}.bin';
const UPDATE = '/update';
const IMAGE = '/images/{sha256}.bin';
const RUNS_1_0_0 = {
  'x-secure-esp-project': 'secure_esp',
  'x-secure-esp-chip': 'esp32c6',
  'x-secure-esp-version': '1.0.0',
  'x-secure-esp-image': '0'.repeat(64),
};
const RUNS_9_0_0 = { ...RUNS_1_0_0, 'x-secure-esp-version': '9.0.0' };
const JOSE = { accept: 'application/jose, application/octet-stream' };
const OTHER = { 'if-match': `"${'0'.repeat(64)}"` };

type Headers = Readonly<Record<string, string>>;

interface Case {
  readonly status: number;
  readonly path: string;
  readonly says: string;
  readonly code?: keyof typeof PROBLEMS;
  /** Default: for each method that the document has this status for. */
  readonly methods?: readonly ('get' | 'head')[];
  readonly target?: string;
  readonly headers?: Headers | ((release: Release) => Headers);
  readonly pair?: Pair | undefined;
  readonly server?: Partial<OtaServerOptions>;
  /** Downloads that run meanwhile, by these. */
  readonly meanwhile?: readonly Pair[];
}

const sameOf = ({ sha256 }: Release): Headers => ({ 'if-none-match': `"${sha256}"` });
const bridge = { channels: ['other'], until: new Date(Date.now() + 86_400_000) };
const redirect = { kind: 'redirect', urlFor: () => 'https://bucket.example/image?signature=x' } as const;

const everywhere = (one: Omit<Case, 'path'>): Case[] => [
  { ...one, path: CHANNEL },
  { ...one, path: UPDATE, headers: { ...RUNS_1_0_0, ...(typeof one.headers === 'object' ? one.headers : {}) } },
  { ...one, path: IMAGE },
];

const CASES: readonly Case[] = [
  ...everywhere({ status: 200, says: 'the image' }),
  { status: 200, path: CHANNEL, says: 'a manifest', headers: { ...RUNS_1_0_0, ...JOSE } },
  { status: 200, path: UPDATE, says: 'a manifest', headers: { ...RUNS_1_0_0, ...JOSE } },
  { status: 200, path: CHANNEL, says: 'the image and its address', server: { publicUrl: 'https://ota.example/' } },
  { status: 204, path: CHANNEL, says: 'nothing newer', headers: RUNS_9_0_0 },
  { status: 204, path: UPDATE, says: 'nothing newer', headers: RUNS_9_0_0 },
  ...everywhere({ status: 206, says: 'a range', headers: { range: 'bytes=100-199' } }),
  { status: 304, path: CHANNEL, says: 'the same file', headers: sameOf },
  { status: 304, path: IMAGE, says: 'the same file', headers: sameOf },
  { status: 304, path: CHANNEL, says: 'nothing newer', headers: { ...RUNS_9_0_0, 'if-none-match': '"x"' } },
  { status: 304, path: UPDATE, says: 'nothing newer', headers: { ...RUNS_9_0_0, 'if-none-match': '"x"' } },
  ...everywhere({ status: 307, says: 'elsewhere', server: { delivery: redirect } }),
  { status: 400, path: CHANNEL, says: 'a bad escape', code: 'bad_request', target: '/%zz.bin' },
  { status: 400, path: UPDATE, says: 'a bad escape', code: 'bad_request', target: `/update${'?'.padEnd(2100, 'x')}` },
  { status: 400, path: IMAGE, says: 'a bad escape', code: 'bad_request', target: '/images/%zz.bin' },
  {
    status: 400,
    path: CHANNEL,
    says: 'half a report',
    code: 'bad_device_header',
    headers: { 'x-secure-esp-chip': 'a' },
  },
  {
    status: 400,
    path: UPDATE,
    says: 'half a report',
    code: 'bad_device_header',
    headers: { 'x-secure-esp-chip': 'a' },
  },
  { status: 400, path: UPDATE, says: 'no report', code: 'device_headers_required' },
  ...everywhere({
    status: 403,
    says: 'no certificate',
    code: 'no_client',
    pair: undefined,
    server: { dangerouslyServeWithoutClientCertificate: bridge },
  }),
  ...everywhere({
    status: 403,
    says: 'another role',
    code: 'role_not_allowed',
    server: { trust: { roles: ['operator'] } },
  }),
  ...everywhere({ status: 403, says: 'a revoked one', code: 'revoked', server: { isRevoked: () => true } }),
  ...everywhere({
    status: 403,
    says: 'an expired one',
    code: 'certificate_expired',
    server: { now: () => new Date('2200-01-01T00:00:00Z') },
  }),
  { status: 404, path: CHANNEL, says: 'no channel', code: 'not_found', target: '/none.bin' },
  { status: 404, path: IMAGE, says: 'no image', code: 'not_found', target: `/images/${'0'.repeat(64)}.bin` },
  { status: 404, path: CHANNEL, says: 'which chip?', code: 'chip_required', target: '/both.bin', pair: operator },
  ...everywhere({ status: 412, says: 'another file', code: 'precondition_failed', headers: OTHER }),
  ...everywhere({
    status: 416,
    says: 'behind the end',
    code: 'range_not_satisfiable',
    headers: { range: 'bytes=999999999-' },
  }),
  ...everywhere({
    status: 429,
    says: 'too often',
    code: 'too_many_requests',
    server: { limits: { requestsPerClient: { consume: () => Promise.reject(new Exhausted()) } } },
  }),
  ...everywhere({
    status: 429,
    says: 'too many at once',
    code: 'too_many_downloads',
    methods: ['get'],
    server: { limits: { downloadsPerClient: 1 } },
    meanwhile: [device],
  }),
  ...everywhere({
    status: 500,
    says: 'a failure',
    code: 'internal',
    server: { isRevoked: () => Promise.reject(new Error('the database is away')) },
  }),
  ...everywhere({
    status: 503,
    says: 'too many in all',
    code: 'busy',
    server: { limits: { downloads: 1 } },
    meanwhile: [otherDevice],
  }),
];

/** As `rate-limiter-flexible` refuses. */
class Exhausted extends Error {
  readonly msBeforeNext = 2500;
}

const document = createOtaOpenApi();
const methodsOf = ({ path, status, methods }: Case): readonly string[] =>
  methods ??
  Object.entries(document.paths[path] ?? {}).flatMap(([name, { responses }]) => (status in responses ? name : []));

const run = async ({ server = {}, meanwhile = [] }: Case) => {
  const running = await runServerWith(async (store) => {
    const now = (): Date => new Date();
    for (const chip of ['esp32', 'esp32c6'] as const)
      await publish(store, { chip, version: '1.1.0' }, { name: 'both', now });
    if (meanwhile.length > 0) {
      const release = { channel: 'large', project: 'large', chip: 'esp32c6', version: '1.0.0' };
      await dangerouslyReleaseUnchecked({ store, image: UNBUFFERABLE, release });
    }
    return publish(store, { version: '1.2.0' }, { now });
  }, server);
  for (const pair of meanwhile) {
    const held = request({
      host: '127.0.0.1',
      port: running.port,
      path: '/large.bin',
      ca: serverCa,
      ...pair,
      agent: false,
    });
    onTestFinished(() => void held.destroy());
    held.on('error', () => undefined).end();
    const [response] = (await once(held, 'response')) as [{ statusCode: number }];
    expect(response.statusCode).toBe(200);
  }
  return running;
};

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const config = await createConfig({ extends: ['recommended-strict'], rules: { 'no-server-example.com': 'off' } });
    const source = JSON.stringify(document);
    const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
  });

  it('has every error code of the server, with its status, but for those of other methods', () => {
    const codes = Object.values(document.paths)
      .flatMap((path) => Object.values(path))
      .flatMap(({ responses }) => Object.entries(responses))
      .flatMap(([status, { content }]) =>
        (content?.['application/problem+json']?.schema.properties?.['code']?.enum ?? []).map(
          (code) => `${code} ${status}`,
        ),
      );
    const all = Object.entries(PROBLEMS).map(([code, { status }]) => `${code} ${status}`);
    expect([...new Set(codes)].sort()).toEqual(all.filter((code) => code !== 'method_not_allowed 405').sort());
  });

  it('has no reply that is not provoked here', () => {
    const seen = new Set(CASES.flatMap((one) => methodsOf(one).map((method) => `${method} ${one.path} ${one.status}`)));
    const all = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.keys(responses).map((status) => `${method} ${path} ${status}`),
      ),
    );
    expect(all.filter((one) => !seen.has(one))).toEqual([]);
  });

  it.each(CASES)('$path, $status: $says', async (one) => {
    const { port, release } = await run(one);
    const target = one.target ?? one.path.replace('{channel}', release.channel).replace('{sha256}', release.sha256);
    const headers = typeof one.headers === 'function' ? one.headers(release) : one.headers;
    const pair = 'pair' in one ? one.pair : device;
    const methods = methodsOf(one);
    expect(methods).not.toEqual([]);
    for (const method of methods) {
      const options: RequestOptions = { method: method.toUpperCase(), ...(headers === undefined ? {} : { headers }) };
      const answer: Answer = await get(port, target, pair, options);
      expect([method, answer.status]).toEqual([method, one.status]);
      expectConforming(documented(document, { path: one.path, method }, one.status), method, answer);
      if (one.code !== undefined && method === 'get')
        expect(JSON.parse(answer.body.toString())).toHaveProperty('code', one.code);
    }
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('says what becomes of %s', async (method) => {
    const { port } = await run({ status: 405, path: CHANNEL, says: '' });
    const { status, headers, body } = await get(port, '/secure_esp.bin', device, { method });
    expect([status, headers['allow'], headers['content-type']]).toEqual([405, 'GET, HEAD', 'application/problem+json']);
    expect(JSON.parse(body.toString())).toHaveProperty('code', 'method_not_allowed');
  });
});
