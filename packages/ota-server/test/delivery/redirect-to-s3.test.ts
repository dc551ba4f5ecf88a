import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createOtaServer, dangerouslyReleaseUnchecked, type OtaEvent } from '../../src/index.js';
import { createS3FirmwareStore } from '../../src/stores/s3/index.js';
import { device, deviceCa, server as serverPair, serverCa } from '../fixtures/certificates.js';
import { espHttpsOta } from '../fixtures/esp-https-ota.js';
import { get } from '../fixtures/https-client.js';
import { run } from '../fixtures/run-program.js';
import { type S3Service, SECRETS, startS3Service } from '../fixtures/s3-service.js';
import { describeWith } from '../fixtures/tools.js';
import { IMAGE } from './target.js';

const CHANNEL = '/secure_esp.bin';
const DESCRIBED = { channel: 'secure_esp', project: 'secure_esp', chip: 'esp32c6', version: '1.0.0' };
const CURL = [
  '--silent',
  '--show-error',
  '--fail',
  '--cacert',
  'ca.crt',
  '--cert',
  'client.crt',
  '--key',
  'client.key',
];

describeWith(['moto_server', 'curl'], 'redirects to S3', () => {
  let dir: string;
  let service: S3Service;
  let client: S3Client;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ota-server-'));
    const files = {
      'ca.crt': serverCa,
      'client.crt': device.cert,
      'client.key': device.key,
      'ota.crt': serverPair.cert,
      'ota.key': serverPair.key,
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
    service = await startS3Service({ tls: { cert: join(dir, 'ota.crt'), key: join(dir, 'ota.key') } });
    client = service.client();
  });
  afterAll(async () => {
    client.destroy();
    await service.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function start() {
    const bucket = await service.bucket();
    const store = createS3FirmwareStore({ client, bucket });
    const release = await dangerouslyReleaseUnchecked({ store, image: IMAGE, release: DESCRIBED });
    const events: OtaEvent[] = [];
    const urlFor = ({ sha256 }: { sha256: string }) => {
      const image = new GetObjectCommand({ Bucket: bucket, Key: `images/${sha256}.bin` });
      return getSignedUrl(client, image, { expiresIn: 300 });
    };
    const server = createOtaServer({
      store,
      tls: { ...serverPair, deviceCa, operatorCa: serverCa },
      host: '127.0.0.1',
      port: 0,
      delivery: { kind: 'redirect', urlFor },
      onEvent: (event) => events.push(event),
    });
    onTestFinished(() => server.close());
    const { port } = await server.listen();
    return { port, release, events, bucket, url: `https://127.0.0.1:${port}${CHANNEL}` };
  }

  it('name a pre-signed address that is good for minutes, and hold no secret', async () => {
    const { port, bucket, release } = await start();
    const { status, headers, body } = await get(port, CHANNEL, device);
    expect([status, body.length, headers['cache-control']]).toEqual([307, 0, 'no-store']);
    const location = new URL(headers.location ?? '');
    expect(location.origin).toBe(service.endpoint);
    expect(location.pathname).toBe(`/${bucket}/images/${release.sha256}.bin`);
    expect(location.searchParams.get('X-Amz-Expires')).toBe('300');
    expect(location.searchParams.has('X-Amz-Signature')).toBe(true);
    expect(location.href).not.toContain(SECRETS.secretAccessKey);
  });

  it('are followed by curl, for the whole and for parts', async () => {
    const { url, events } = await start();
    expect(await run('curl', [...CURL, '-L', '-o', 'all.bin', url], dir)).toMatchObject({ code: 0, stderr: '' });
    expect((await readFile(join(dir, 'all.bin'))).equals(IMAGE)).toBe(true);

    const part = await run('curl', [...CURL, '-L', '-r', '1000-2999', url], dir);
    expect([part.code, part.stdout.equals(IMAGE.subarray(1000, 3000))]).toEqual([0, true]);

    await writeFile(join(dir, 'part.bin'), IMAGE.subarray(0, 123_456));
    expect(await run('curl', [...CURL, '-L', '-C', '-', '-o', 'part.bin', url], dir)).toMatchObject({ code: 0 });
    expect((await readFile(join(dir, 'part.bin'))).equals(IMAGE)).toBe(true);
    expect(events.filter(({ type }) => type === 'download')).toEqual([]);
  });

  it('are followed by esp_https_ota, in one request, in pieces, and resumed', async () => {
    const { url } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: serverCa, ...device });
    onTestFinished(() => {
      agent.destroy();
    });
    expect((await espHttpsOta({ agent, url })).image.equals(IMAGE)).toBe(true);
    const pieces = await espHttpsOta({ agent, url, maxRequestBytes: 65_536 });
    expect(pieces.image.equals(IMAGE)).toBe(true);
    // HEAD here, one redirect, and everything else from S3.
    expect(pieces.requests).toHaveLength(2 + Math.ceil(IMAGE.length / 65_536));
    const resumeFrom = Buffer.from(IMAGE.subarray(0, 200_000));
    expect((await espHttpsOta({ agent, url, resumeFrom })).image.equals(IMAGE)).toBe(true);
  });

  it('are given to nobody without a certificate, nor to whoever has the image', async () => {
    const { port, release } = await start();
    await expect(get(port, CHANNEL, undefined)).rejects.toThrow();
    const etag = `"${release.sha256}"`;
    expect((await get(port, CHANNEL, device, { headers: { 'if-none-match': etag } })).status).toBe(304);
    const head = await get(port, CHANNEL, device, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, headers: { etag, 'content-length': String(IMAGE.length) } });
  });
});
