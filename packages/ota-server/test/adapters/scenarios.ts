import { once } from 'node:events';
import { DEVICE_ACCEPT, DEVICE_HEADERS } from '@secure-esp/protocol';
import {
  createClientOf,
  createMemoryFirmwareStore,
  createOtaHandler,
  dangerouslyReleaseUnchecked,
  type OtaEvent,
  verifyManifest,
} from '@secure-esp/ota-server';
import { expect, onTestFinished } from 'vitest';
import * as certificates from '../fixtures/certificates.js';
import { device, deviceCa, operator, otherDevice, serverCa } from '../fixtures/certificates.js';
import { publish, releaseKey } from '../fixtures/firmware.js';
import { get, keepAliveAgent } from '../fixtures/https-client.js';
import { watchStore } from '../fixtures/watched-store.js';
import {
  ask,
  channel,
  codeOf,
  dial,
  IMAGE_BYTES,
  imageOf,
  PREFIX,
  refused,
  sha256Of,
  stalled,
  start,
  UNBUFFERABLE,
  until,
} from './harness.js';
import { HELLO, type Host, NOT_FOUND, NOTES } from './hosts.js';

export interface Scenario {
  readonly name: string;
  readonly run: (host: Host) => Promise<void>;
}

const RANGES: readonly (readonly [range: string, start: number, end: number])[] = [
  ['bytes=0-0', 0, 0],
  ['bytes=150000-200000', 150_000, 200_000],
  ['bytes=300006-', 300_006, 300_006],
  ['bytes=300006-999999', 300_006, 300_006],
  ['bytes=-1', 300_006, 300_006],
  ['bytes=-999999', 0, 300_006],
];

/** Targets that must reach neither the handler's files nor anything behind them. */
const TRAVERSALS = [
  '/updates/../secure_esp.bin',
  '/updates/..%2fsecure_esp.bin',
  '/updates/%2e%2e/secure_esp.bin',
  '/updates/images/../../etc/passwd',
  '/updates/images/..%2f..%2fetc%2fpasswd.bin',
  '/updates/images/%2e%2e%2fsecure_esp.bin',
  '/updates//secure_esp.bin',
  '/updates/.%2e/%2e./etc/passwd',
  '/updates/secure_esp.bin/..',
  '/updates/secure_esp%00.bin',
  '/updates/%zz.bin',
  '/updates\\..\\secure_esp.bin',
  '/updatessecure_esp.bin',
  '/secure_esp.bin',
];

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'serves a device and an operator the whole image',
    async run(host) {
      const running = await start(host);
      for (const pair of [device, operator]) {
        const answer = await get(running.port, channel, pair);
        const { sha256 } = running.release;
        expect(answer).toMatchObject({
          status: 200,
          headers: {
            'content-length': '300007',
            'content-type': 'application/octet-stream',
            etag: `"${sha256}"`,
            'accept-ranges': 'bytes',
          },
        });
        expect(answer.headers['transfer-encoding']).toBeUndefined();
        expect(sha256Of(answer.body)).toBe(sha256);
      }
    },
  },
  {
    name: 'refuses who has no certificate, one of a foreign CA, or one for another role than its CA may give',
    async run(host) {
      const { port } = await start(host);
      await refused(get(port, channel, undefined), 403, 'no_client');
      await refused(get(port, channel, certificates.stranger), 403, 'no_client');
      await refused(get(port, channel, certificates.expired), 403, 'no_client');
      await refused(get(port, channel, certificates.deviceAsOperator), 403, 'no_client');
      await refused(get(port, channel, certificates.operatorAsDevice), 403, 'no_client');
      await refused(get(port, channel, certificates.broker), 403, 'no_client');
    },
  },
  {
    name: 'gives every reply an id, of its own making, that its events have, too',
    async run(host) {
      const events: OtaEvent[] = [];
      const { port } = await start(host, { onEvent: (event) => events.push(event) });
      const headers = { 'x-request-id': 'mine' };
      const ids = [
        await get(port, channel, device, { headers }),
        await get(port, channel, device, { headers, method: 'HEAD' }),
        await get(port, `${PREFIX}/nothing.bin`, device, { headers }),
        await get(port, channel, undefined, { headers }),
      ].map((answer) => answer.headers['x-request-id']);
      for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
      expect(new Set(ids).size).toBe(ids.length);
      const replied = events.filter((event) => event.type === 'replied');
      expect(replied.map(({ requestId, status, path }) => [requestId, status, path])).toEqual([
        [ids[0], 200, '/secure_esp.bin'],
        [ids[1], 200, '/secure_esp.bin'],
        [ids[2], 404, '/nothing.bin'],
        [ids[3], 403, '/secure_esp.bin'],
      ]);
      const download = events.filter(({ type }) => type.startsWith('download'));
      expect(download).toMatchObject([
        { type: 'download_started', requestId: ids[0], start: 0 },
        { type: 'download', requestId: ids[0], complete: true, durationMs: expect.any(Number) as number },
      ]);
    },
  },
  {
    name: 'lets one client have so many downloads at a time, and no more',
    async run(host) {
      const running = await start(host, { bytes: UNBUFFERABLE, limits: { downloadsPerClient: 2 } });
      const sockets = [await dial(running.port), await dial(running.port)];
      for (const socket of sockets) {
        ask(socket, channel);
        await once(socket, 'data');
        socket.pause();
      }
      const answer = await get(running.port, channel, device);
      expect([answer.status, codeOf(answer), answer.headers['retry-after']]).toEqual([429, 'too_many_downloads', '30']);
      expect((await get(running.port, channel, otherDevice, { method: 'HEAD' })).status).toBe(200);
      sockets[0]?.destroy();
      await until(
        async () => (await get(running.port, channel, device, { headers: { range: 'bytes=0-9' } })).status === 206,
      );
    },
  },
  {
    name: 'refuses a role that may not fetch',
    async run(host) {
      const { port } = await start(host, { trust: { roles: ['device'] } });
      await refused(get(port, channel, operator), 403, 'role_not_allowed');
      expect((await get(port, channel, device)).status).toBe(200);
    },
  },
  {
    name: 'refuses a device from the moment it is revoked, on its open connection, too',
    async run(host) {
      const revoked = new Set<string>();
      const { port } = await start(host, { isRevoked: ({ cn }) => revoked.has(cn) });
      const agent = keepAliveAgent(device);
      onTestFinished(() => {
        agent.destroy();
      });
      expect((await get(port, channel, undefined, { agent })).status).toBe(200);
      revoked.add('esp-001');
      await refused(get(port, channel, undefined, { agent }), 403, 'revoked');
      expect((await get(port, channel, otherDevice)).status).toBe(200);
    },
  },
  {
    name: 'knows in a resumed TLS session, too, whose certificate did not verify',
    async run(host) {
      const { port } = await start(host);
      for (const [pair, status] of [
        [device, 200],
        [certificates.stranger, 403],
        [certificates.expired, 403],
      ] as const) {
        const first = await dial(port, pair);
        const sessions = once(first, 'session') as Promise<[Buffer]>;
        ask(first, '/hello');
        const [session] = await sessions;
        const resumed = await dial(port, pair, session);
        expect(resumed.isSessionReused()).toBe(true);
        ask(resumed, channel);
        const [reply] = (await once(resumed, 'data')) as [Buffer];
        expect(reply.toString('latin1')).toContain(`HTTP/1.1 ${status} `);
      }
    },
  },
  {
    name: 'gives a device the manifest, and the image at the address that it names',
    async run(host) {
      const store = watchStore(createMemoryFirmwareStore());
      const port = await host.start({
        handler: createOtaHandler({ store }),
        clientOf: createClientOf({ deviceCa, operatorCa: serverCa }),
        prefix: PREFIX,
      });
      const now = () => new Date();
      await publish(store, { version: '1.1.0' }, { url: `https://localhost:${port}${PREFIX}/`, now });
      const headers = {
        [DEVICE_HEADERS.project]: 'secure_esp',
        [DEVICE_HEADERS.chip]: 'esp32c6',
        [DEVICE_HEADERS.version]: '1.0.0',
        [DEVICE_HEADERS.image]: 'ab'.repeat(32),
        accept: DEVICE_ACCEPT,
      };
      const answer = await get(port, channel, device, { headers });
      expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/jose' } });
      const verdict = await verifyManifest(answer.body.toString(), [releaseKey.publicKey]);
      if (!verdict.ok) throw new Error(verdict.detail);
      const { url, sha256, version, image } = verdict.manifest;
      expect(sha256Of((await get(port, new URL(url).pathname, device, { headers })).body)).toBe(sha256);

      const updated = { ...headers, [DEVICE_HEADERS.version]: version, [DEVICE_HEADERS.image]: image };
      const after = await get(port, `${PREFIX}/update?channel=secure_esp`, device, { headers: updated });
      expect([after.status, after.body.length]).toEqual([204, 0]);
      await refused(get(port, `${PREFIX}/update`, device), 400, 'device_headers_required');
    },
  },
  {
    name: 'answers HEAD with the headers of GET, and reads nothing for it',
    async run(host) {
      const { port, store, release } = await start(host);
      const answer = await get(port, channel, device, { method: 'HEAD' });
      expect(answer).toMatchObject({
        status: 200,
        headers: { 'content-length': '300007', etag: `"${release.sha256}"`, 'accept-ranges': 'bytes' },
      });
      expect([answer.body.length, store.opened]).toEqual([0, 0]);
    },
  },
  {
    name: 'sends the range that was asked for',
    async run(host) {
      const running = await start(host);
      for (const [range, first, last] of RANGES) {
        const answer = await get(running.port, imageOf(running), device, { headers: { range } });
        expect([range, answer.status, answer.headers['content-range']]).toEqual([
          range,
          206,
          `bytes ${first}-${last}/300007`,
        ]);
        expect(answer.headers['content-length']).toBe(String(last - first + 1));
        expect(answer.body.equals(IMAGE_BYTES.subarray(first, last + 1))).toBe(true);
      }
    },
  },
  {
    name: 'refuses a range behind the end, and answers several ranges with the whole image',
    async run(host) {
      const { port } = await start(host);
      for (const range of ['bytes=300007-', 'bytes=999999-9999999', 'bytes=-0']) {
        const answer = await get(port, channel, device, { headers: { range } });
        expect([answer.status, answer.headers['content-range']]).toEqual([416, 'bytes */300007']);
        expect(codeOf(answer)).toBe('range_not_satisfiable');
      }
      for (const range of ['bytes=0-1,5-9', 'bytes=9-1', 'lines=1-2', 'bytes=x']) {
        const answer = await get(port, channel, device, { headers: { range } });
        expect([answer.status, answer.body.length]).toEqual([200, 300_007]);
      }
    },
  },
  {
    name: 'resumes with If-Range while the image is the same, and begins again when it is not',
    async run(host) {
      const { port, release } = await start(host);
      const range = 'bytes=300000-';
      const same = { range, 'if-range': `"${release.sha256}"` };
      expect((await get(port, channel, device, { headers: same })).body).toHaveLength(7);
      for (const ifRange of [`"${'0'.repeat(64)}"`, `W/"${release.sha256}"`, 'Sun, 22 Nov 2026 12:00:00 GMT']) {
        const answer = await get(port, channel, device, { headers: { range, 'if-range': ifRange } });
        expect([answer.status, answer.body.length]).toEqual([200, 300_007]);
      }
    },
  },
  {
    name: 'answers 304 without a body to whoever has the image, and 412 to whoever wants another',
    async run(host) {
      const { port, release, store } = await start(host);
      const etag = `"${release.sha256}"`;
      for (const ifNoneMatch of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
        const answer = await get(port, channel, device, { headers: { 'if-none-match': ifNoneMatch } });
        expect([answer.status, answer.body.length, answer.headers.etag]).toEqual([304, 0, etag]);
      }
      await refused(get(port, channel, device, { headers: { 'if-match': '"other"' } }), 412, 'precondition_failed');
      expect(store.opened).toBe(0);
      expect((await get(port, channel, device, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
    },
  },
  {
    name: 'refuses other methods, and does not choke on a body',
    async run(host) {
      const { port } = await start(host);
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        const answer = await get(port, channel, device, { method });
        expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, 'GET, HEAD']);
      }
      const socket = await dial(port);
      const head = `POST ${channel} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 5\r\n\r\n`;
      socket.write(`${head}a,b,c`);
      const [reply] = (await once(socket, 'data')) as [Buffer];
      expect(reply.toString()).toContain('HTTP/1.1 405');
    },
  },
  {
    name: 'knows only its own files, and leaves other addresses to the host, whoever asks',
    async run(host) {
      const { port } = await start(host);
      await refused(get(port, `${PREFIX}/other.bin`, device), 404, 'not_found');
      await refused(get(port, `${PREFIX}/images/${'0'.repeat(64)}.bin`, device), 404, 'not_found');
      for (const pair of [device, undefined]) {
        expect((await get(port, '/hello', pair)).body.toString()).toBe(HELLO);
        expect((await get(port, `${PREFIX}/notes`, pair)).body.toString()).toBe(NOTES);
        for (const path of ['/', '/nothing', PREFIX, `${PREFIX}/`, `${PREFIX}/nothing`, `${PREFIX}/images/`]) {
          const answer = await get(port, path, pair);
          expect([path, answer.status, answer.body.toString()]).toEqual([path, 404, NOT_FOUND]);
        }
      }
    },
  },
  {
    name: 'gives nothing to path traversal',
    async run(host) {
      const { port, store } = await start(host);
      for (const target of TRAVERSALS) {
        const socket = await dial(port);
        ask(socket, target);
        let text = '';
        for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString('latin1');
        expect([target, text]).toEqual([target, expect.stringMatching(/^HTTP\/1\.1 40[04] /)]);
      }
      expect(store.opened).toBe(0);
    },
  },
  {
    name: 'can be mounted at the root',
    async run(host) {
      const { port, release } = await start(host, { prefix: '' });
      expect(sha256Of((await get(port, '/secure_esp.bin?chip=esp32c6', device)).body)).toBe(release.sha256);
      expect((await get(port, `/images/${release.sha256}.bin`, device)).status).toBe(200);
      expect((await get(port, '/hello', undefined)).body.toString()).toBe(HELLO);
      expect((await get(port, '/nothing', undefined)).body.toString()).toBe(NOT_FOUND);
    },
  },
  {
    name: 'waits for a slow reader instead of buffering',
    async run(host) {
      const running = await start(host, { bytes: UNBUFFERABLE });
      const socket = await dial(running.port);
      socket.pause();
      ask(socket, imageOf(running));
      await stalled(running.store);
      expect(running.store.bytes).toBeLessThan(UNBUFFERABLE.length / 2);
      let received = 0;
      for await (const chunk of socket as AsyncIterable<Buffer>) received += chunk.length;
      expect(received).toBeGreaterThan(UNBUFFERABLE.length);
      await until(() => running.store.closed === 1);
      expect(running.store.bytes).toBe(UNBUFFERABLE.length);
      expect(running.events).toMatchObject([{ type: 'download', complete: true }]);
    },
  },
  {
    name: 'closes the reader when the client goes away, in the middle and while it waits',
    async run(host) {
      const running = await start(host, { bytes: UNBUFFERABLE });
      for (const reads of [true, false]) {
        const socket = await dial(running.port);
        if (!reads) socket.pause();
        ask(socket, imageOf(running));
        if (reads) await once(socket, 'data');
        else await stalled(running.store);
        socket.destroy();
        await until(() => running.store.closed === running.store.opened);
      }
      expect(running.store.opened).toBe(2);
      await until(() => running.events.length === 2);
      expect(running.events).toMatchObject([
        { type: 'download', complete: false },
        { type: 'download', complete: false },
      ]);
    },
  },
  {
    name: 'cuts the connection when the store fails in the middle, so that no client takes a part for the whole',
    async run(host) {
      const store = createMemoryFirmwareStore();
      const failing = {
        ...store,
        async *readImage() {
          yield await Promise.resolve(IMAGE_BYTES.subarray(0, 65_536));
          throw new Error('the disk is gone');
        },
      };
      const running = await start(host, { store: failing });
      const described = { channel: 'secure_esp', project: 'secure_esp', chip: 'esp32c6', version: '1.0.0' };
      await dangerouslyReleaseUnchecked({ store, image: IMAGE_BYTES, release: described });
      await expect(get(running.port, channel, device)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(running.events).toMatchObject([{ type: 'failed' }, { type: 'download', complete: false }]);
    },
  },
  {
    name: 'serves many clients that resume one image at the same time',
    async run(host) {
      const running = await start(host);
      const { port, release } = running;
      const piece = 60_000;
      const clients = Array.from({ length: 12 }, async (_, index) => {
        const parts: Buffer[] = [];
        for (let from = 0; from < IMAGE_BYTES.length; from += piece) {
          const headers = { range: `bytes=${from}-${from + piece - 1}`, 'if-range': `"${release.sha256}"` };
          const pair = index % 2 === 0 ? device : otherDevice;
          parts.push((await get(port, imageOf(running), pair, { headers })).body);
        }
        return sha256Of(Buffer.concat(parts));
      });
      expect(new Set(await Promise.all(clients))).toEqual(new Set([release.sha256]));
      await until(() => running.store.closed === running.store.opened);
    },
  },
];
