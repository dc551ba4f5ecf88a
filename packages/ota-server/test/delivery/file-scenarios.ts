import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DEVICE_HEADERS } from '@secure-esp/protocol';
import { expect } from 'vitest';
import { device, operator, stranger } from '../fixtures/certificates.js';
import { get } from '../fixtures/https-client.js';
import { IMAGE, type Running } from './target.js';

/** What a client may rely on, whoever sends the bytes. */
export interface FileScenario {
  readonly name: string;
  readonly run: (running: Running) => Promise<void>;
}

const CHANNEL = '/secure_esp.bin';
const LAST = IMAGE.length - 1;
const imagePath = ({ release }: Running) => `/images/${release.sha256}.bin`;
const ask = ({ port }: Running, path: string, headers: Record<string, string> = {}, method = 'GET') =>
  get(port, path, device, { headers, method });

const RANGES = [
  ['bytes=0-0', 0, 0],
  ['bytes=65535-65536', 65_535, 65_536],
  [`bytes=${LAST}-`, LAST, LAST],
  [`bytes=${LAST}-9999999`, LAST, LAST],
  ['bytes=-5', LAST - 4, LAST],
  ['bytes=-9999999', 0, LAST],
] as const;

export const FILE_SCENARIOS: readonly FileScenario[] = [
  {
    name: 'sends the file with its length, type, name, strong ETag and no date',
    async run(running) {
      for (const path of [CHANNEL, imagePath(running)]) {
        const { status, headers, body } = await ask(running, path);
        expect([status, body.equals(IMAGE)]).toEqual([200, true]);
        expect(headers).toMatchObject({
          'content-length': String(IMAGE.length),
          'content-type': 'application/octet-stream',
          'content-disposition': 'attachment; filename="secure_esp.bin"',
          'accept-ranges': 'bytes',
          'x-content-type-options': 'nosniff',
          etag: `"${running.release.sha256}"`,
        });
        expect(headers['x-request-id']).toMatch(/^[0-9a-f]{16}$/);
        expect([headers['last-modified'], headers['x-accel-redirect'], headers['transfer-encoding']]).toEqual([
          undefined,
          undefined,
          undefined,
        ]);
        expect(headers['cache-control']).toBe(
          path === CHANNEL ? 'private, no-cache' : 'private, max-age=31536000, immutable',
        );
        expect(headers.vary?.includes('accept')).toBe(path === CHANNEL ? true : undefined);
      }
    },
  },
  {
    name: 'answers HEAD with the headers of GET',
    async run(running) {
      const { status, headers, body } = await ask(running, CHANNEL, {}, 'HEAD');
      expect([status, body.length]).toEqual([200, 0]);
      expect(headers).toMatchObject({
        'content-length': String(IMAGE.length),
        'accept-ranges': 'bytes',
        etag: `"${running.release.sha256}"`,
      });
    },
  },
  {
    name: 'sends the range that was asked for, with the ETag of the whole',
    async run(running) {
      for (const [range, first, last] of RANGES) {
        const { status, headers, body } = await ask(running, imagePath(running), { range });
        expect([range, status, headers['content-range'], headers.etag]).toEqual([
          range,
          206,
          `bytes ${first}-${last}/${IMAGE.length}`,
          `"${running.release.sha256}"`,
        ]);
        expect(body.equals(IMAGE.subarray(first, last + 1))).toBe(true);
      }
    },
  },
  {
    name: 'refuses a range behind the end, and answers several ranges with the whole',
    async run(running) {
      for (const range of [`bytes=${IMAGE.length}-`, 'bytes=9999999-99999999', 'bytes=-0']) {
        const { status, headers } = await ask(running, CHANNEL, { range });
        expect([range, status, headers['content-range']]).toEqual([range, 416, `bytes */${IMAGE.length}`]);
      }
      const { status, body } = await ask(running, CHANNEL, { range: 'bytes=0-1,5-9' });
      expect([status, body.length]).toEqual([200, IMAGE.length]);
    },
  },
  {
    name: 'resumes with If-Range while the file is the same, and begins again when it is not',
    async run(running) {
      const range = `bytes=${IMAGE.length - 7}-`;
      const same = await ask(running, CHANNEL, { range, 'if-range': `"${running.release.sha256}"` });
      expect([same.status, same.body.length]).toEqual([206, 7]);
      const others = [`"${'0'.repeat(64)}"`, `W/"${running.release.sha256}"`, new Date().toUTCString()];
      for (const ifRange of others) {
        const { status, body } = await ask(running, CHANNEL, { range, 'if-range': ifRange });
        expect([ifRange, status, body.length]).toEqual([ifRange, 200, IMAGE.length]);
      }
    },
  },
  {
    name: 'answers 304 to whoever has the file, and 412 to whoever wants another',
    async run(running) {
      const etag = `"${running.release.sha256}"`;
      for (const ifNoneMatch of [etag, `W/${etag}`, '*']) {
        const { status, headers, body } = await ask(running, CHANNEL, { 'if-none-match': ifNoneMatch });
        expect([status, headers.etag, body.length]).toEqual([304, etag, 0]);
      }
      expect((await ask(running, CHANNEL, { 'if-match': '"other"' })).status).toBe(412);
    },
  },
  {
    name: 'sends the file where a condition holds, or says nothing here',
    async run(running) {
      const etag = `"${running.release.sha256}"`;
      const past = new Date(0).toUTCString();
      const future = new Date(Date.now() + 86_400_000).toUTCString();
      // What a plain file server would say of the file, and a client may remember from one.
      const { mtime, size } = await stat(join(running.dir, 'firmware/images', `${running.release.sha256}.bin`));
      const fileTag = `"${Math.floor(mtime.getTime() / 1000).toString(16)}-${size.toString(16)}"`;
      const conditions = [
        { 'if-match': etag },
        { 'if-match': `"other", ${etag}` },
        { 'if-match': '*' },
        { 'if-none-match': '"other"' },
        { 'if-none-match': fileTag },
        { 'if-modified-since': mtime.toUTCString() },
        { 'if-modified-since': future },
        { 'if-unmodified-since': past },
        { 'if-none-match': '"other"', 'if-modified-since': future },
      ];
      for (const headers of conditions) {
        const { status, body } = await ask(running, CHANNEL, headers);
        expect([headers, status, body.equals(IMAGE)]).toEqual([headers, 200, true]);
      }
      const part = await ask(running, CHANNEL, { 'if-match': etag, range: 'bytes=1-2' });
      expect([part.status, part.body.length]).toEqual([206, 2]);
    },
  },
  {
    name: 'sends a device what is newer for it, whatever it has installed',
    async run(running) {
      const headers = {
        [DEVICE_HEADERS.project]: 'secure_esp',
        [DEVICE_HEADERS.chip]: 'esp32c6',
        [DEVICE_HEADERS.version]: '0.9.0',
        [DEVICE_HEADERS.image]: 'ab'.repeat(32),
      };
      for (const ifNoneMatch of [`"${'1'.repeat(64)}"`, `"${running.release.sha256}"`, '*']) {
        const { status, body } = await ask(running, CHANNEL, { ...headers, 'if-none-match': ifNoneMatch });
        expect([ifNoneMatch, status, body.equals(IMAGE)]).toEqual([ifNoneMatch, 200, true]);
      }
      const updated = { ...headers, [DEVICE_HEADERS.version]: '1.0.0', [DEVICE_HEADERS.image]: running.release.image };
      expect((await ask(running, CHANNEL, updated)).status).toBe(204);
    },
  },
  {
    name: 'serves many clients that resume one file at the same time',
    async run(running) {
      const piece = 50_000;
      const clients = Array.from({ length: 8 }, async (_, index) => {
        const parts: Buffer[] = [];
        for (let from = 0; from < IMAGE.length; from += piece) {
          const headers = { range: `bytes=${from}-${from + piece - 1}`, 'if-range': `"${running.release.sha256}"` };
          const pair = index % 2 === 0 ? device : operator;
          parts.push((await get(running.port, imagePath(running), pair, { headers })).body);
        }
        return Buffer.concat(parts).equals(IMAGE);
      });
      expect(new Set(await Promise.all(clients))).toEqual(new Set([true]));
    },
  },
  {
    name: 'gives nothing to strangers, and nothing that is not released',
    async run(running) {
      const withoutCertificate = await get(running.port, CHANNEL, undefined).catch(() => ({ status: 'cut' }));
      expect([403, 'cut']).toContain(withoutCertificate.status);
      const foreign = await get(running.port, CHANNEL, stranger).catch(() => ({ status: 'cut' }));
      // nginx has 400 for a certificate that does not verify
      expect([400, 403, 'cut']).toContain(foreign.status);
      for (const path of [`/protected-images/${running.release.sha256}.bin`, `/images/${'0'.repeat(64)}.bin`]) {
        expect([path, (await ask(running, path)).status]).toEqual([path, 404]);
      }
      const traversal = await ask(running, '/images/..%2f..%2ftls%2fota.key');
      expect([400, 404]).toContain(traversal.status);
    },
  },
];
