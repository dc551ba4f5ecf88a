import { readdir, readFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { once } from 'node:events';
import { signImage } from '@secure-esp/firmware-image';
import { signerFromPem } from '@secure-esp/firmware-image/node';
import { initPki } from '@secure-esp/pki';
import { describe, expect, it, vi } from 'vitest';
import { createFileFirmwareStore, GATE_HINTS } from '../../src/index.js';
import { unsignedImage } from '../fixtures/firmware.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';
import { startExample } from './start-example.js';

const root = join(import.meta.dirname, '../..');

interface Answer {
  readonly status: number | undefined;
  readonly json: Readonly<Record<string, unknown>>;
}

describe('the upload example', () => {
  it('lets operators publish, says why not and what to do, and survives clients that die', async () => {
    const dir = await temporaryDirectory();
    const pki = await initPki({
      dir: join(dir, '.secure-esp'),
      hosts: ['localhost', '127.0.0.1'],
      devices: ['esp-001'],
    });
    const firmwareKey = await pki.firmwareKey('v1-ecdsa-p256');
    const sign = async (version: string) =>
      signImage(
        await unsignedImage({ chip: 'esp32', version, payload: new Uint8Array(1_500_000) }),
        signerFromPem(firmwareKey, 'v1-ecdsa-p256'),
      );
    const port = await startExample('upload', dir, { TMPDIR: dir });
    const store = createFileFirmwareStore({ dir: join(dir, 'firmware') });

    const open = (pair: { cert: string; key: string } | undefined, bytes: number) =>
      httpsRequest({
        host: '127.0.0.1',
        port,
        path: '/releases/secure_esp',
        method: 'PUT',
        headers: { 'content-length': bytes },
        ca: pki.ca,
        ...pair,
        agent: false,
      });
    const put = async (pair: { cert: string; key: string } | undefined, image: Uint8Array): Promise<Answer> => {
      const outgoing = open(pair, image.length);
      const answered = new Promise<Answer>((resolve, reject) => {
        outgoing.on('error', reject);
        outgoing.on('response', (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('end', () => {
            const json = text.startsWith('{') ? (JSON.parse(text) as Answer['json']) : {};
            resolve({ status: response.statusCode, json });
          });
        });
      });
      outgoing.end(image);
      return answered;
    };
    const operator = pki.operator;
    const image = await sign('1.0.0');

    expect((await put(undefined, image.subarray(0, 1000))).status).toBe(403);
    expect((await put(await pki.device('esp-001'), image.subarray(0, 1000))).status).toBe(403);

    // Refused at the first byte of 1.5 MB, and the reply arrives all the same.
    const { status, json } = await put(operator, Uint8Array.from(image).fill(0x7f, 0, 1));
    expect([status, json['code'], json['hint']]).toEqual([422, 'not_an_image', GATE_HINTS.not_an_image]);

    const dying = open(operator, image.length);
    dying.on('error', () => undefined);
    dying.write(image.subarray(0, 700_000));
    await once(dying, 'socket');
    await vi.waitUntil(() => dying.writableLength === 0, { timeout: 10_000 });
    dying.destroy();
    expect(await store.listReleases()).toEqual([]);

    expect(await put(operator, image)).toEqual({ status: 200, json: { seq: 1 } });
    expect(await put(operator, image)).toEqual({ status: 200, json: { seq: 1 } });
    expect((await store.listReleases()).map(({ version }) => version)).toEqual(['1.0.0']);
    expect((await readdir(dir)).filter((name) => name.startsWith('secure-esp-upload-'))).toEqual([]);
    expect(await readdir(join(dir, 'firmware/tmp'))).toEqual([]);
  }, 60_000);

  it('has every line that the README shows of it', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const section = readme.split('### Upload over HTTP\n')[1]?.split('\n### ')[0] ?? '';
    const snippet = /```ts\n([^]*?)```/.exec(section)?.[1] ?? '';
    const program = (await readFile(join(root, 'examples/upload.ts'), 'utf8')).split('\n');
    const lines = snippet.split('\n').filter((line) => line !== '');
    expect(lines.length).toBeGreaterThan(10);
    expect(program).toEqual(expect.arrayContaining(lines));
  });
});
