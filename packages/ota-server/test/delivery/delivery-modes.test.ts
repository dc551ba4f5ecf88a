import { DEVICE_ACCEPT, DEVICE_HEADERS } from '@secure-esp/protocol';
import { describe, expect, it } from 'vitest';
import {
  createMemoryFirmwareStore,
  createOtaHandler,
  type Delivery,
  isOtaError,
  type OtaEvent,
  type OtaHandlerOptions,
  type OtaRequest,
  toWebHandler,
} from '../../src/index.js';
import { codeOf } from '../fixtures/bytes.js';
import { NOW, publish } from '../fixtures/firmware.js';
import { watchStore } from '../fixtures/watched-store.js';

const ACCEL: Delivery = { kind: 'accel', location: '/protected-images/' };
const CLIENT = { cn: 'esp-001', role: 'device' } as const;
const PRESIGNED = 'https://bucket.s3.example/key?X-Amz-Signature=secret&a=%2F';
const REPORT = {
  [DEVICE_HEADERS.project]: 'secure_esp',
  [DEVICE_HEADERS.chip]: 'esp32c6',
  [DEVICE_HEADERS.version]: '0.9.0',
  [DEVICE_HEADERS.image]: 'ab'.repeat(32),
};

async function setUp(delivery: Delivery, over: Partial<OtaHandlerOptions> = {}) {
  const store = watchStore(createMemoryFirmwareStore());
  const release = await publish(store, { version: '1.0.0' });
  const events: OtaEvent[] = [];
  const now = () => NOW;
  const handler = createOtaHandler({ store, delivery, now, onEvent: (event) => events.push(event), ...over });
  const ask = (headers: Record<string, string> = {}, more: Partial<OtaRequest> = {}) =>
    handler.handle({ method: 'GET', target: '/secure_esp.bin', headers, client: CLIENT, ...more });
  return { store, release, events, handler, ask, etag: `"${release.sha256}"` };
}

const redirectTo = (url: string): Delivery => ({ kind: 'redirect', urlFor: () => url });

describe.each([
  ['accel', ACCEL],
  ['redirect', redirectTo(PRESIGNED)],
] as const)('images delivered by %s', (_kind, delivery) => {
  it('are decided here: who may fetch, 304, 412, 416, 404 and HEAD, without a byte read', async () => {
    const { ask, etag, store, release } = await setUp(delivery);
    expect((await ask({ 'if-none-match': etag })).status).toBe(304);
    expect(await codeOf(await ask({ 'if-match': '"other"' }))).toBe('precondition_failed');
    expect(await codeOf(await ask({ range: 'bytes=99999999-' }))).toBe('range_not_satisfiable');
    expect(await codeOf(await ask({}, { target: '/other.bin' }))).toBe('not_found');
    const anonymous = await createOtaHandler({ store, delivery }).handle({
      method: 'GET',
      target: '/secure_esp.bin',
      headers: {},
    });
    expect(await codeOf(anonymous)).toBe('no_client');
    const head = await ask({}, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, headers: { etag, 'content-length': String(release.size) } });
    expect([head.headers['location'], head.headers['x-accel-redirect']]).toEqual([undefined, undefined]);
    expect(store.opened).toBe(0);
  });

  it('leave manifests to this server', async () => {
    const { ask } = await setUp(delivery);
    const reply = await ask({ ...REPORT, accept: DEVICE_ACCEPT });
    expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'application/jose' } });
    expect(reply.body).toBeInstanceOf(Uint8Array);
  });

  it('are not seen as downloads', async () => {
    const { ask, events, store } = await setUp(delivery, { limits: { downloads: 1, downloadsPerClient: 1 } });
    for (let round = 0; round < 3; round += 1) expect((await ask({ range: 'bytes=1-2' })).body).toBeUndefined();
    expect(events.filter(({ type }) => type === 'download' || type === 'download_started')).toEqual([]);
    expect(store.opened).toBe(0);
  });

  it('come out of the Fetch standard’s handler, too', async () => {
    const { handler, release } = await setUp(delivery);
    const web = toWebHandler(handler, { clientOf: () => CLIENT });
    const response = await web(new Request('https://updates.example/secure_esp.bin'), undefined);
    expect([response.status, response.headers.get('x-accel-redirect'), response.headers.get('location')]).toEqual(
      delivery.kind === 'accel' ? [200, `/protected-images/${release.sha256}.bin`, null] : [307, null, PRESIGNED],
    );
    expect((await response.arrayBuffer()).byteLength).toBe(0);
  });
});

describe('X-Accel-Redirect', () => {
  it('names the file, with the headers that nginx keeps, and neither length nor body', async () => {
    const { ask, etag, release } = await setUp(ACCEL);
    for (const headers of [{}, { range: 'bytes=1-2' }, { range: 'bytes=1-2', 'if-range': etag }, REPORT]) {
      const reply = await ask(headers);
      expect(reply.status).toBe(200);
      expect(reply.headers).toMatchObject({
        'x-accel-redirect': `/protected-images/${release.sha256}.bin`,
        'content-type': 'application/octet-stream',
        'content-disposition': 'attachment; filename="secure_esp.bin"',
        'cache-control': 'private, no-cache',
        etag,
      });
      expect([reply.headers['content-length'], reply.headers['content-range'], reply.body]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
  });

  it.each([{ 'if-match': '*' }, { 'if-unmodified-since': NOW.toUTCString() }, { ...REPORT, 'if-none-match': '*' }])(
    'is not used where nginx would judge differently: %j',
    async (headers) => {
      const { ask, release } = await setUp(ACCEL);
      const reply = await ask(headers);
      expect([reply.status, reply.headers['x-accel-redirect']]).toEqual([200, undefined]);
      expect(reply.headers['content-length']).toBe(String(release.size));
    },
  );

  it.each(['', '/', 'images/', '/images', '//', '/a b/', '/../', '/a/./b/', '/a\r\nset-cookie: x/', '/%2e/'])(
    'refuses the location %j',
    (location) => {
      const create = () =>
        createOtaHandler({ store: createMemoryFirmwareStore(), delivery: { kind: 'accel', location } });
      expect(create).toThrow(
        expect.objectContaining({ code: 'bad_option', message: expect.stringContaining('location') as string }),
      );
    },
  );
});

describe('redirects', () => {
  it('are temporary and not kept by any cache', async () => {
    const { ask } = await setUp(redirectTo(PRESIGNED));
    for (const headers of [{}, { range: 'bytes=1-2' }, REPORT]) {
      expect(await ask(headers)).toEqual({
        status: 307,
        headers: { location: PRESIGNED, 'content-length': '0', 'cache-control': 'no-store' },
      });
    }
  });

  it('ask for an address each time, with the image and the request’s signal', async () => {
    const { signal } = new AbortController();
    const asked: unknown[] = [];
    const { ask, release } = await setUp({
      kind: 'redirect',
      urlFor: (image, options) => {
        asked.push([image, options.signal === signal]);
        return Promise.resolve(PRESIGNED);
      },
    });
    await ask({}, { signal });
    await ask({}, { signal });
    const image = { sha256: release.sha256, size: release.size };
    expect(asked).toEqual([
      [image, true],
      [image, true],
    ]);
  });

  it.each([
    'http://bucket.s3.example/secret',
    'ftp://bucket/secret',
    '/secret',
    '',
    'https://user:secret@bucket.example/',
    'https://bucket.example/secret\r\nset-cookie: x',
    'https://bucket.example/secret#fragment',
  ])('are refused to the address %j, which no reply and no error tells', async (url) => {
    const { ask, events } = await setUp(redirectTo(url));
    const reply = await ask();
    expect([reply.status, reply.headers['location'], await codeOf(reply)]).toEqual([500, undefined, 'internal']);
    const errors = events.flatMap((event) => (event.type === 'failed' ? [event.error] : []));
    expect(errors).toHaveLength(1);
    expect(isOtaError(errors[0]) && errors[0].message).toContain('delivery.urlFor');
    expect(isOtaError(errors[0]) && errors[0].message).not.toContain('secret');
  });

  it('fail with the function that gives the address', async () => {
    const cause = new Error('no credentials');
    const { ask, events } = await setUp({ kind: 'redirect', urlFor: () => Promise.reject(cause) });
    expect((await ask()).status).toBe(500);
    expect(events).toContainEqual(expect.objectContaining({ type: 'failed', error: cause }));
  });
});
