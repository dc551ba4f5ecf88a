import { createHash } from 'node:crypto';
import { DEVICE_ACCEPT, DEVICE_HEADERS } from '@secure-esp/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createMemoryFirmwareStore,
  createOtaHandler,
  dangerouslyReleaseUnchecked,
  type OtaClient,
  type OtaEvent,
  type OtaHandlerOptions,
  type OtaRequest,
  type Release,
  renewRelease,
  verifyManifest,
} from '../../src/index.js';
import { bodyOf, codeOf } from '../fixtures/bytes.js';
import { manifestSigner, NOW, publish, releaseKey, storeWith } from '../fixtures/firmware.js';
import { recordOutcomes } from '../fixtures/recorded-events.js';

const DEVICE: OtaClient = { cn: 'esp-001', role: 'device', issuer: 'CN=Device CA', serial: '4A' };

const request = (target: string, over: Partial<OtaRequest> = {}): OtaRequest => ({
  method: 'GET',
  target,
  headers: {},
  client: DEVICE,
  ...over,
});

const anonymous = (target: string): OtaRequest => ({ method: 'GET', target, headers: {} });

const report = (version: string, over: Record<string, string> = {}): Record<string, string> => ({
  [DEVICE_HEADERS.project]: 'secure_esp',
  [DEVICE_HEADERS.chip]: 'esp32c6',
  [DEVICE_HEADERS.version]: version,
  [DEVICE_HEADERS.image]: 'ab'.repeat(32),
  accept: DEVICE_ACCEPT,
  ...over,
});

const handlerOf = (store: OtaHandlerOptions['store'], over: Partial<OtaHandlerOptions> = {}) =>
  createOtaHandler({ store, now: () => NOW, ...over });

/** Three chunks and a bit, so ranges cross chunk borders. */
async function largeRelease(): Promise<{ store: ReturnType<typeof createMemoryFirmwareStore>; release: Release }> {
  const store = createMemoryFirmwareStore();
  const payload = Buffer.alloc(900_000, '0123456789abcdef');
  const release = await publish(store, { payload, version: '1.0.0' });
  return { store, release };
}

describe('a channel, asked by a device', () => {
  it('answers with a signed manifest that names the file, when something newer is released', async () => {
    const store = await storeWith('1.0.0', '1.1.0');
    const handler = handlerOf(store);
    const reply = await handler.handle(request('/secure_esp.bin', { headers: report('1.0.0') }));
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toBe('application/jose');
    const jws = (await bodyOf(reply)).toString();
    const verdict = await verifyManifest(jws, [releaseKey.publicKey], { now: NOW });
    if (!verdict.ok) throw new Error(verdict.detail);
    expect(verdict.manifest).toMatchObject({ version: '1.1.0', seq: 2, chip: 'esp32c6', project: 'secure_esp' });

    const file = await handler.handle(request(new URL(verdict.manifest.url).pathname, { headers: report('1.0.0') }));
    expect(file.status).toBe(200);
    const bytes = await bodyOf(file);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(verdict.manifest.sha256);
    expect(bytes.length).toBe(verdict.manifest.size);
  });

  it('answers with the file itself to a device that takes no manifests, and when there is none', async () => {
    const store = await storeWith('1.0.0');
    const plain = await handlerOf(store).handle(
      request('/secure_esp.bin', { headers: report('0.9', { accept: 'application/octet-stream' }) }),
    );
    expect(plain.headers['content-type']).toBe('application/octet-stream');

    const image = new Uint8Array([1, 2, 3]);
    const described = { channel: 'raw', project: 'secure_esp', chip: 'esp32c6', version: '7' };
    await dangerouslyReleaseUnchecked({ store, image, release: described });
    const raw = await handlerOf(store).handle(request('/raw.bin', { headers: report('1.0.0') }));
    expect(await bodyOf(raw)).toEqual(Buffer.from(image));
  });

  it.each([
    ['the same version', '1.1.0', {}],
    ['a higher version', '2.0.0', {}],
    ['another project', '1.0.0', { [DEVICE_HEADERS.project]: 'other' }],
    ['another chip', '1.0.0', { [DEVICE_HEADERS.chip]: 'esp32s3' }],
  ])('has nothing newer for %s: 204, or 304 to a conditional request', async (_name, version, over) => {
    const handler = handlerOf(await storeWith('1.0.0', '1.1.0'));
    const headers = report(version, over);
    expect(await handler.handle(request('/secure_esp.bin', { headers }))).toMatchObject({ status: 204 });
    const conditional = { ...headers, 'if-none-match': '"0123"' };
    const reply = await handler.handle(request('/secure_esp.bin', { headers: conditional }));
    expect(reply.status).toBe(304);
    expect(reply.body).toBeUndefined();
  });

  it('names the running file in the ETag of a 304, where it knows it', async () => {
    const store = createMemoryFirmwareStore();
    const { image, sha256 } = await publish(store, {});
    const headers = report('1.0.0', { [DEVICE_HEADERS.image]: image.toUpperCase(), 'if-none-match': `"${sha256}"` });
    const reply = await handlerOf(store).handle(request('/secure_esp.bin', { headers }));
    expect(reply).toMatchObject({ status: 304, headers: { etag: `"${sha256}"` } });
  });

  it('offers again what the device installed and rolled back from', async () => {
    const store = createMemoryFirmwareStore();
    const { sha256 } = await publish(store, { version: '2.0.0' });
    const headers = report('1.0.0', { 'if-none-match': `"${sha256}"`, accept: 'application/octet-stream' });
    expect((await handlerOf(store).handle(request('/secure_esp.bin', { headers }))).status).toBe(200);
  });

  it('stops offering a release when its manifest has expired', async () => {
    const store = createMemoryFirmwareStore();
    await publish(store, { version: '2.0.0' }, { expiresInSeconds: 60 });
    const at = (seconds: number) =>
      handlerOf(store, { now: () => new Date(NOW.getTime() + seconds * 1000) }).handle(
        request('/secure_esp.bin', { headers: report('1.0.0') }),
      );
    expect((await at(59)).status).toBe(200);
    expect((await at(60)).status).toBe(204);
    await renewRelease({ store, seq: 1, signer: manifestSigner, now: () => NOW, expiresInSeconds: 120 });
    const verdict = await verifyManifest((await bodyOf(await at(60))).toString(), [releaseKey.publicKey]);
    expect(verdict).toMatchObject({ ok: true, manifest: { seq: 2, version: '2.0.0' } });
  });

  it('resumes a download that it offered as a file', async () => {
    const { store, release } = await largeRelease();
    const headers = report('0.1', {
      accept: 'application/octet-stream',
      range: 'bytes=100-',
      'if-range': `"${release.sha256}"`,
    });
    const reply = await handlerOf(store).handle(request('/secure_esp.bin', { headers }));
    expect(reply.status).toBe(206);
    expect(reply.headers['content-range']).toBe(`bytes 100-${release.size - 1}/${release.size}`);
  });

  it('understands a project name in UTF-8, which headers carry as bytes', async () => {
    const store = createMemoryFirmwareStore();
    await publish(store, { project: 'møtor' }, { name: 'motor' });
    const project = Buffer.from('møtor').toString('latin1');
    const headers = report('0.1', { [DEVICE_HEADERS.project]: project });
    expect((await handlerOf(store).handle(request('/motor.bin', { headers }))).status).toBe(200);
  });

  it.each([
    ['an unparsable version', { [DEVICE_HEADERS.version]: 'banana' }],
    ['an identity that is no hash', { [DEVICE_HEADERS.image]: 'abc' }],
    ['an impossible chip', { [DEVICE_HEADERS.chip]: 'esp 32' }],
    ['a project that is too long', { [DEVICE_HEADERS.project]: 'p'.repeat(33) }],
    ['a project that is not UTF-8', { [DEVICE_HEADERS.project]: '\xff' }],
  ])('refuses %s', async (_name, over) => {
    const handler = handlerOf(await storeWith('1.0.0'));
    const reply = await handler.handle(request('/secure_esp.bin', { headers: report('1.0.0', over) }));
    expect(reply.status).toBe(400);
    expect(await codeOf(reply)).toBe('bad_device_header');
  });

  it.each(Object.values(DEVICE_HEADERS))('refuses a report without %s', async (name) => {
    const headers = Object.fromEntries(Object.entries(report('1.0.0')).filter(([header]) => header !== name));
    const handler = handlerOf(await storeWith('1.0.0'));
    expect((await handler.handle(request('/secure_esp.bin', { headers }))).status).toBe(400);
  });
});

describe('/update', () => {
  it('finds the newest release over all channels, or in one', async () => {
    const store = createMemoryFirmwareStore();
    await publish(store, { version: '1.0.0' }, { name: 'stable' });
    await publish(store, { version: '1.1.0' }, { name: 'beta' });
    const seqOf = async (target: string) => {
      const reply = await handlerOf(store).handle(request(target, { headers: report('0.9') }));
      const verdict = await verifyManifest((await bodyOf(reply)).toString(), [releaseKey.publicKey]);
      return verdict.ok ? verdict.manifest.seq : undefined;
    };
    expect(await seqOf('/update')).toBe(2);
    expect(await seqOf('/update?channel=stable')).toBe(1);
    const none = await handlerOf(store).handle(request('/update?channel=nightly', { headers: report('0.9') }));
    expect(none.status).toBe(204);
  });

  it('is for devices only', async () => {
    const reply = await handlerOf(await storeWith('1.0.0')).handle(request('/update'));
    expect(reply.status).toBe(400);
    expect(await codeOf(reply)).toBe('device_headers_required');
  });
});

describe('a channel, asked without device headers', () => {
  it('gives the newest file, as the plain file server it replaces did', async () => {
    const store = await storeWith('1.0.0', '1.1.0');
    const [, newest] = await store.listReleases();
    const reply = await handlerOf(store).handle(request('/secure_esp.bin'));
    expect(reply).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(newest?.size),
        etag: `"${newest?.sha256 ?? ''}"`,
        'accept-ranges': 'bytes',
        'cache-control': 'private, no-cache',
        'x-content-type-options': 'nosniff',
      },
    });
    expect(
      createHash('sha256')
        .update(await bodyOf(reply))
        .digest('hex'),
    ).toBe(newest?.sha256);
  });

  it('wants to know the chip where there are several', async () => {
    const store = await storeWith('1.0.0');
    await publish(store, { chip: 'esp32' });
    const handler = handlerOf(store);
    const ask = await handler.handle(request('/secure_esp.bin'));
    expect(ask.status).toBe(404);
    expect(await codeOf(ask)).toBe('chip_required');
    expect((await handler.handle(request('/secure_esp.bin?chip=esp32'))).status).toBe(200);
    expect(await codeOf(await handler.handle(request('/secure_esp.bin?chip=esp32s3')))).toBe('not_found');
  });

  it('names the address of the image where it knows its own', async () => {
    const { store, release } = await largeRelease();
    const reply = await handlerOf(store, { publicUrl: 'https://ota.example/fw/' }).handle(request('/secure_esp.bin'));
    expect(reply.headers['content-location']).toBe(`https://ota.example/fw/images/${release.sha256}.bin`);
  });
});

describe('an image', () => {
  it('is immutable, and answers conditional requests', async () => {
    const { store, release } = await largeRelease();
    const handler = handlerOf(store);
    const target = `/images/${release.sha256}.bin`;
    const etag = `"${release.sha256}"`;
    const get = (headers: Record<string, string>) => handler.handle(request(target, { headers }));
    expect((await get({})).headers['cache-control']).toBe('private, max-age=31536000, immutable');
    expect(await get({ 'if-none-match': etag })).toMatchObject({ status: 304, headers: { etag } });
    expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
    expect((await get({ 'if-match': etag })).status).toBe(200);
    expect((await get({ 'if-match': '"other"' })).status).toBe(412);
    expect(await get({ range: `bytes=${release.size}-` })).toMatchObject({
      status: 416,
      headers: { 'content-range': `bytes */${release.size}` },
    });
  });

  it('answers HEAD like GET, without a body and without ranges', async () => {
    const { store, release } = await largeRelease();
    const handler = handlerOf(store);
    const target = `/images/${release.sha256}.bin`;
    const get = await handler.handle(request(target));
    const head = await handler.handle(request(target, { method: 'HEAD', headers: { range: 'bytes=0-1' } }));
    expect(head).toEqual({ status: 200, headers: get.headers });
  });

  it('is the same file in whatever ranges it is fetched', async () => {
    const { store, release } = await largeRelease();
    const handler = handlerOf(store);
    const target = `/images/${release.sha256}.bin`;
    const etag = `"${release.sha256}"`;
    const whole = await bodyOf(await handler.handle(request(target)));
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: release.size - 1 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cuts, fc.boolean(), async (unsorted, ifRange) => {
        const edges = [0, ...unsorted.sort((a, b) => a - b), release.size];
        const parts: Buffer[] = [];
        for (const [index, start] of edges.slice(0, -1).entries()) {
          const end = (edges[index + 1] ?? 0) - 1;
          const headers = { range: `bytes=${start}-${end}`, ...(ifRange ? { 'if-range': etag } : {}) };
          const reply = await handler.handle(request(target, { headers }));
          expect(reply.status).toBe(206);
          expect(reply.headers['content-length']).toBe(String(end - start + 1));
          parts.push(await bodyOf(reply));
        }
        expect(Buffer.concat(parts).equals(whole)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('is sent whole when If-Range names another file', async () => {
    const { store, release } = await largeRelease();
    for (const ifRange of ['"other"', `W/"${release.sha256}"`, 'Sun, 22 Nov 2026 12:00:00 GMT']) {
      const headers = { range: 'bytes=5-10', 'if-range': ifRange };
      const reply = await handlerOf(store).handle(request(`/images/${release.sha256}.bin`, { headers }));
      expect(reply.status).toBe(200);
      expect((await bodyOf(reply)).length).toBe(release.size);
    }
  });

  it('is served once it is released, not once it is stored', async () => {
    const store = createMemoryFirmwareStore();
    const { sha256 } = await store.putImage({ bytes: new Uint8Array(10) });
    expect((await handlerOf(store).handle(request(`/images/${sha256}.bin`))).status).toBe(404);
  });
});

describe('who may fetch', () => {
  const cases: readonly [string, { readonly client?: OtaClient }, string | undefined][] = [
    ['a device', { client: DEVICE }, undefined],
    ['an operator', { client: { cn: 'operator', role: 'operator' } }, undefined],
    ['the broker', { client: { cn: 'broker', role: 'broker' } }, 'role_not_allowed'],
    ['another update server', { client: { cn: 'ota', role: 'ota' } }, 'role_not_allowed'],
    ['nobody', {}, 'no_client'],
    ['an expired device', { client: { ...DEVICE, notAfter: NOW } }, 'certificate_expired'],
    ['a device in its last second', { client: { ...DEVICE, notAfter: new Date(NOW.getTime() + 1) } }, undefined],
    ['a device without a date', { client: { ...DEVICE, notAfter: new Date('') } }, 'certificate_expired'],
  ];
  it.each(cases)('%s', async (_name, over, code) => {
    const store = await storeWith('1.0.0');
    const given = over.client === undefined ? anonymous('/secure_esp.bin') : request('/secure_esp.bin', over);
    const reply = await handlerOf(store).handle(given);
    expect(reply.status).toBe(code === undefined ? 200 : 403);
    if (code !== undefined) expect(await codeOf(reply)).toBe(code);
  });

  it('asks for every request whether the certificate is revoked', async () => {
    const revoked = new Set<string | undefined>();
    const handler = handlerOf(await storeWith('1.0.0'), { isRevoked: ({ serial }) => revoked.has(serial) });
    expect((await handler.handle(request('/secure_esp.bin'))).status).toBe(200);
    revoked.add('4A');
    const reply = await handler.handle(request('/secure_esp.bin'));
    expect(reply.status).toBe(403);
    expect(await codeOf(reply)).toBe('revoked');
  });

  it('serves nothing when revocation cannot be looked up', async () => {
    const handler = handlerOf(await storeWith('1.0.0'), { isRevoked: () => Promise.reject(new Error('no database')) });
    const reply = await handler.handle(request('/secure_esp.bin'));
    expect(reply.status).toBe(500);
    expect((await bodyOf(reply)).toString()).not.toContain('database');
  });

  it('tells strangers nothing about what exists', async () => {
    const reply = await handlerOf(await storeWith('1.0.0')).handle(anonymous('/nothing.bin'));
    expect(await codeOf(reply)).toBe('no_client');
  });

  it('serves clients without a certificate only when told so', async () => {
    const handler = handlerOf(await storeWith('1.0.0'), { trust: { dangerouslyAllowAnonymous: true } });
    expect((await handler.handle(anonymous('/secure_esp.bin'))).status).toBe(200);
  });
});

describe('hostile requests', () => {
  const TRAVERSALS = [
    '/../secure_esp.bin',
    '/..%2fsecure_esp.bin',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%5c..%5cwindows.bin',
    '/images/../secure_esp.bin',
    '/images/..%2f..%2freleases%2f0000000001.bin',
    '/images/%00.bin',
    '/secure_esp.bin%00',
    '/secure_esp%00.bin',
    '/secure_esp.bin/',
    '//secure_esp.bin',
    '/./secure_esp.bin',
    '/.secure_esp.bin',
    '/%252e%252e%252fsecure_esp.bin',
    '/SECURE_ESP.BIN',
    '/secure_esp.bin;.bin',
    '/.bin',
    '/',
    '/releases/0000000001.json',
    `/${'a'.repeat(65)}.bin`,
    `/images/${'A'.repeat(64)}.bin`,
    `/images/${'a'.repeat(63)}.bin`,
  ];
  it.each(TRAVERSALS)('finds nothing at %j', async (target) => {
    const reply = await handlerOf(await storeWith('1.0.0')).handle(request(target));
    expect(reply.status).toBe(404);
    expect(await codeOf(reply)).toBe('not_found');
  });

  it.each(['/%', '/%zz.bin', 'secure_esp.bin', '*', '/%c0%ae%c0%ae/a.bin'])('cannot read %j', async (target) => {
    expect((await handlerOf(await storeWith('1.0.0')).handle(request(target))).status).toBe(400);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'get', ''])('refuses the method %j', async (method) => {
    const reply = await handlerOf(await storeWith('1.0.0')).handle(request('/secure_esp.bin', { method }));
    expect(reply).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  it('answers anything at all with a reply', async () => {
    const handler = handlerOf(await storeWith('1.0.0'));
    const header = fc.constantFrom(
      ...Object.values(DEVICE_HEADERS),
      'range',
      'if-range',
      'if-none-match',
      'if-match',
      'accept',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.constant('/secure_esp.bin'), fc.constant('/update')),
        fc.dictionary(header, fc.string()),
        async (target, headers) => {
          const reply = await handler.handle(request(target, { headers }));
          expect(reply.status).toBeLessThan(500);
          await bodyOf(reply);
        },
      ),
    );
  });
});

describe('events and failures', () => {
  it('tells what was offered, refused and downloaded', async () => {
    const events: OtaEvent[] = [];
    const store = await storeWith('1.0.0');
    const handler = handlerOf(store, { onEvent: recordOutcomes(events) });
    await handler.handle(request('/secure_esp.bin', { headers: report('0.9') }));
    await handler.handle(request('/secure_esp.bin', { headers: report('1.0.0') }));
    await handler.handle(request('/nothing.bin'));
    await bodyOf(await handler.handle(request('/secure_esp.bin', { headers: { range: 'bytes=1-4' } })));
    const types = events.map(({ type, ...event }) => ({ type, ...event }));
    expect(types).toMatchObject([
      { type: 'offered', seq: 1, version: '1.0.0', as: 'manifest', client: DEVICE },
      { type: 'not_offered', reason: 'not_newer' },
      { type: 'refused', code: 'not_found' },
      { type: 'download', start: 1, bytes: 4, complete: true },
    ]);
  });

  it('tells of a download that was given up', async () => {
    const events: OtaEvent[] = [];
    const { store } = await largeRelease();
    const { body } = await handlerOf(store, { onEvent: recordOutcomes(events) }).handle(request('/secure_esp.bin'));
    if (body === undefined || body instanceof Uint8Array) throw new Error('expected a stream');
    let bytes = 0;
    for await (const chunk of body) {
      bytes = chunk.length;
      break;
    }
    expect(events).toMatchObject([{ type: 'download', bytes, complete: false }]);
  });

  it('ends a body when the request is aborted', async () => {
    const { store } = await largeRelease();
    const controller = new AbortController();
    const reply = await handlerOf(store).handle(request('/secure_esp.bin', { signal: controller.signal }));
    controller.abort();
    await expect(bodyOf(reply)).rejects.toThrow('aborted');
  });

  it('answers 500 and reports, when the stored image is not the released one', async () => {
    const events: OtaEvent[] = [];
    const inner = await storeWith('1.0.0');
    const store = { ...inner, statImage: () => Promise.resolve(undefined) };
    const reply = await handlerOf(store, { onEvent: recordOutcomes(events) }).handle(request('/secure_esp.bin'));
    expect(reply.status).toBe(500);
    expect(events).toMatchObject([{ type: 'failed', error: { code: 'store_damaged' } }]);
  });

  it('does not let a listener break a reply', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on('warning', listen);
    const handler = handlerOf(await storeWith('1.0.0'), {
      onEvent: () => {
        throw new Error('listener');
      },
    });
    const reply = await handler.handle(request('/nothing.bin'));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect(reply.status).toBe(404);
    expect(warnings.map(({ message }) => message)).toContain('listener');
  });

  it('refuses a public address that is not an https folder', () => {
    for (const publicUrl of ['http://a/', 'https://a/b', 'nonsense']) {
      expect(() => createOtaHandler({ store: createMemoryFirmwareStore(), publicUrl })).toThrow('publicUrl');
    }
  });
});
