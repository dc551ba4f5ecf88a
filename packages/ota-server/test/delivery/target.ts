import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  createClientOf,
  createFileFirmwareStore,
  createOtaHandler,
  createOtaServer,
  dangerouslyReleaseUnchecked,
  type FirmwareStore,
  type OtaEvent,
  type Release,
  toNodeListener,
} from '../../src/index.js';
import { device, deviceCa, server as serverPair, serverCa } from '../fixtures/certificates.js';
import { createS3FirmwareStore } from '../../src/stores/s3/index.js';
import { startNginx } from '../fixtures/nginx.js';
import type { S3Service } from '../fixtures/s3-service.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

/** 26 requests of 16 KiB, the last one shorter, and no byte like its neighbours. */
export const IMAGE = Buffer.from(
  Uint8Array.from({ length: 411_003 }, (_, index) => (index * 31 + (index >> 8)) & 0xff),
);

/** Somewhere an image is to be had over mutual TLS. */
export interface Target {
  readonly name: string;
  readonly needs: readonly string[];
  start(): Promise<Running>;
}

export interface Running {
  readonly port: number;
  readonly release: Release;
  readonly events: OtaEvent[];
  /** PEM files for command lines: `ca.crt`, `client.crt`, `client.key`. */
  readonly dir: string;
}

const DESCRIBED = { channel: 'secure_esp', project: 'secure_esp', chip: 'esp32c6', version: '1.0.0' };

async function prepare() {
  const dir = await temporaryDirectory();
  const store = createFileFirmwareStore({ dir: join(dir, 'firmware') });
  const release = await dangerouslyReleaseUnchecked({ store, image: IMAGE, release: DESCRIBED });
  await mkdir(join(dir, 'tls'));
  const files = {
    'ca.crt': serverCa,
    'client.crt': device.cert,
    'client.key': device.key,
    'tls/ota.crt': serverPair.cert,
    'tls/ota.key': serverPair.key,
    'tls/clients.crt': `${deviceCa}\n${serverCa}`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return { dir, store, release, events: new Array<OtaEvent>() };
}

async function serve(prepared: Awaited<ReturnType<typeof prepare>>, store: FirmwareStore): Promise<Running> {
  const { dir, release, events } = prepared;
  const server = createOtaServer({
    store,
    tls: { ...serverPair, deviceCa, operatorCa: serverCa },
    host: '127.0.0.1',
    port: 0,
    closeTimeoutMs: 200,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => server.close());
  return { dir, release, events, ...(await server.listen()) };
}

export const standalone: Target = {
  name: 'the standalone server',
  needs: [],
  async start() {
    const prepared = await prepare();
    return serve(prepared, prepared.store);
  },
};

/** The standalone server, with the same release in a bucket. */
export const standaloneWithS3 = (service: () => S3Service): Target => ({
  name: 'the standalone server with S3',
  needs: ['moto_server'],
  async start() {
    const client = service().client();
    onTestFinished(() => {
      client.destroy();
    });
    const store = createS3FirmwareStore({ client, bucket: await service().bucket(), prefix: 'firmware/' });
    await dangerouslyReleaseUnchecked({ store, image: IMAGE, release: DESCRIBED });
    return serve(await prepare(), store);
  },
});

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

/** The configuration of nginx as the README has it, for other places. */
export const nginxConfig = (places: Readonly<Record<string, string>>): string => {
  const config = /```nginx\n([^]*?)```/.exec(readme)?.[1] ?? '';
  return Object.entries(places).reduce((text, [place, here]) => {
    if (!text.includes(place)) throw new Error(`the README's nginx configuration has no ${place}`);
    return text.replaceAll(place, here);
  }, config);
};

/** nginx before a handler on plain HTTP, as in the README. */
export const behindNginx: Target = {
  name: 'nginx, with the configuration of the README',
  needs: ['nginx'],
  async start() {
    const { dir, store, release, events } = await prepare();
    const handler = createOtaHandler({
      store,
      publicUrl: 'https://updates.example/',
      onEvent: (event) => events.push(event),
      delivery: { kind: 'accel', location: '/protected-images/' },
    });
    const clientOf = createClientOf({
      deviceCa,
      operatorCa: serverCa,
      dangerouslyTrustClientCertificateHeader: { header: 'x-client-cert', proxies: ['127.0.0.1'] },
    });
    const backend = createServer(toNodeListener(handler, { clientOf })).listen(0, '127.0.0.1');
    await once(backend, 'listening');
    const nginx = await startNginx(dir, (port) =>
      nginxConfig({
        'listen 8070': `listen 127.0.0.1:${port}`,
        '127.0.0.1:8071': `127.0.0.1:${(backend.address() as AddressInfo).port}`,
        '/etc/secure-esp/': `${dir}/tls/`,
        '/var/lib/firmware/': `${dir}/firmware/`,
      }),
    );
    onTestFinished(async () => {
      await nginx.program.kill();
      backend.closeAllConnections();
      backend.close();
    });
    return { dir, release, events, port: nginx.port };
  },
};
