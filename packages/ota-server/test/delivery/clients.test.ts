import { readFile, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { device, serverCa } from '../fixtures/certificates.js';
import { cutOnce } from '../fixtures/cutting-proxy.js';
import { espHttpsOta } from '../fixtures/esp-https-ota.js';
import { run } from '../fixtures/run-program.js';
import { describeWith } from '../fixtures/tools.js';
import { behindNginx, IMAGE, type Running, standalone } from './target.js';

const CURL = [
  '--silent',
  '--show-error',
  '--ipv4',
  '--cacert',
  'ca.crt',
  '--cert',
  'client.crt',
  '--key',
  'client.key',
];
const WGET = [
  '--no-verbose',
  '--inet4-only',
  '--no-hsts',
  '--ca-certificate=ca.crt',
  '--certificate=client.crt',
  '--private-key=client.key',
];
const url = (port: number) => `https://localhost:${port}/secure_esp.bin`;
const saved = (running: Running, name: string) => readFile(join(running.dir, name));

function oneConnection(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: serverCa, ...device });
  onTestFinished(() => {
    agent.destroy();
  });
  return agent;
}

describe.each([standalone, behindNginx])('fetched from $name', (target) => {
  describeWith([...target.needs, 'curl'], 'curl', () => {
    it('downloads the image', async () => {
      const running = await target.start();
      const ended = await run('curl', [...CURL, '--fail', '-o', 'all.bin', url(running.port)], running.dir);
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect((await saved(running, 'all.bin')).equals(IMAGE)).toBe(true);
    });

    it('resumes a file that is there in part', async () => {
      const running = await target.start();
      for (const bytes of [0, 1, 200_000, IMAGE.length - 1]) {
        await writeFile(join(running.dir, 'part.bin'), IMAGE.subarray(0, bytes));
        const resume = [...CURL, '--fail', '-C', '-', '-o', 'part.bin', url(running.port)];
        expect(await run('curl', resume, running.dir)).toMatchObject({ code: 0, stderr: '' });
        expect((await saved(running, 'part.bin')).equals(IMAGE)).toBe(true);
      }
    });

    it('resumes after the connection was cut', async () => {
      const running = await target.start();
      const port = await cutOnce(running.port, 150_000);
      const args = [...CURL, '--fail', '-C', '-', '-o', 'cut.bin', url(port)];
      expect((await run('curl', args, running.dir)).code).not.toBe(0);
      const part = await saved(running, 'cut.bin');
      expect([part.length > 0, part.length < IMAGE.length]).toEqual([true, true]);
      expect(await run('curl', args, running.dir)).toMatchObject({ code: 0, stderr: '' });
      expect((await saved(running, 'cut.bin')).equals(IMAGE)).toBe(true);
    });

    it.each([
      ['0-99', IMAGE.subarray(0, 100)],
      ['65530-65545', IMAGE.subarray(65_530, 65_546)],
      ['-5', IMAGE.subarray(-5)],
      [`${IMAGE.length - 3}-`, IMAGE.subarray(-3)],
    ])('gets the range %s', async (range, bytes) => {
      const running = await target.start();
      const { code, stdout } = await run('curl', [...CURL, '--fail', '-r', range, url(running.port)], running.dir);
      expect([code, stdout.equals(bytes)]).toEqual([0, true]);
    });

    it('downloads once, as long as the ETag that it saved is the image’s', async () => {
      const running = await target.start();
      const conditional = ['--etag-save', 'etag', '--etag-compare', 'etag', '-w', '%{http_code} %{size_download}'];
      const args = [...CURL, '--fail', ...conditional, '-o', 'all.bin', url(running.port)];
      await writeFile(join(running.dir, 'etag'), '');
      expect((await run('curl', args, running.dir)).stdout.toString()).toBe(`200 ${IMAGE.length}`);
      expect((await saved(running, 'etag')).toString().trim()).toBe(`"${running.release.sha256}"`);
      expect((await run('curl', args, running.dir)).stdout.toString()).toBe('304 0');
      expect((await saved(running, 'all.bin')).equals(IMAGE)).toBe(true);
    });

    it('sees the headers only with -I', async () => {
      const running = await target.start();
      const { code, stdout } = await run('curl', [...CURL, '-I', url(running.port)], running.dir);
      const head = stdout.toString().toLowerCase();
      expect(code).toBe(0);
      expect(head).toContain('http/1.1 200');
      expect(head).toContain(`content-length: ${IMAGE.length}`);
      expect(head).toContain(`etag: "${running.release.sha256}"`);
    });
  });

  describeWith([...target.needs, 'wget'], 'wget', () => {
    it('goes on with -c where a cut connection left off, and finds nothing to do after that', async () => {
      const running = await target.start();
      const port = await cutOnce(running.port, 150_000);
      const once = await run('wget', [...WGET, '--tries=1', '-O', 'image.bin', url(port)], running.dir);
      expect(once.code).not.toBe(0);
      const part = await saved(running, 'image.bin');
      expect([part.length > 0, part.length < IMAGE.length]).toEqual([true, true]);
      expect((await run('wget', [...WGET, '-c', '-O', 'image.bin', url(port)], running.dir)).code).toBe(0);
      expect((await saved(running, 'image.bin')).equals(IMAGE)).toBe(true);
      expect((await run('wget', [...WGET, '-c', '-O', 'image.bin', url(port)], running.dir)).code).toBe(0);
      expect((await saved(running, 'image.bin')).equals(IMAGE)).toBe(true);
    });

    it('tries again by itself, with a range', async () => {
      const running = await target.start();
      const port = await cutOnce(running.port, 150_000);
      const args = [...WGET, '--tries=3', '--waitretry=0', '-O', 'image.bin', url(port)];
      expect((await run('wget', args, running.dir)).code).toBe(0);
      expect((await saved(running, 'image.bin')).equals(IMAGE)).toBe(true);
    });
  });

  describeWith(target.needs, 'esp_https_ota', () => {
    it('downloads in one request', async () => {
      const running = await target.start();
      const { image, requests } = await espHttpsOta({ agent: oneConnection(), url: url(running.port) });
      expect([image.equals(IMAGE), requests]).toEqual([true, ['GET']]);
    });

    it.each([4096, 16_384, 65_536, IMAGE.length - 1, IMAGE.length])(
      'downloads in pieces of %i bytes over one connection',
      async (maxRequestBytes) => {
        const running = await target.start();
        const agent = oneConnection();
        const { image, requests, reused } = await espHttpsOta({ agent, url: url(running.port), maxRequestBytes });
        expect(image.equals(IMAGE)).toBe(true);
        expect(requests).toHaveLength(1 + Math.ceil(IMAGE.length / maxRequestBytes));
        expect(reused).toBe(requests.length - 1);
      },
    );

    it('resumes from what is in flash, in one request and in pieces', async () => {
      const running = await target.start();
      for (const bytes of [1024, 300_000, IMAGE.length - 1]) {
        const resumeFrom = Buffer.from(IMAGE.subarray(0, bytes));
        const options = { agent: oneConnection(), url: url(running.port), resumeFrom };
        const whole = await espHttpsOta(options);
        expect([whole.image.equals(IMAGE), whole.requests]).toEqual([true, [`GET bytes=${bytes}-`]]);
        expect((await espHttpsOta({ ...options, maxRequestBytes: 4096 })).image.equals(IMAGE)).toBe(true);
      }
    });

    it('begins again when flash holds all of it, or more', async () => {
      const running = await target.start();
      const resumeFrom = Buffer.concat([IMAGE, Buffer.alloc(10)]);
      const { image, requests } = await espHttpsOta({ agent: oneConnection(), url: url(running.port), resumeFrom });
      expect([image.equals(IMAGE), requests]).toEqual([true, [`GET bytes=${resumeFrom.length}-`, 'GET']]);
    });
  });
});
