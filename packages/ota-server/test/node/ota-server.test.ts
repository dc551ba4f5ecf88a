import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { DEVICE_ACCEPT, DEVICE_HEADERS } from '@secure-esp/protocol';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  createFileFirmwareStore,
  createOtaServer,
  type OtaServer,
  type OtaServerOptions,
  verifyManifest,
} from '../../src/index.js';
import * as certificates from '../fixtures/certificates.js';
import {
  broker,
  device,
  deviceCa,
  operator,
  otherDevice,
  server as serverPair,
  serverCa,
} from '../fixtures/certificates.js';
import { publish, releaseKey } from '../fixtures/firmware.js';
import { get, keepAliveAgent } from '../fixtures/https-client.js';
import {
  imagePath,
  runServer,
  runServerWith,
  type RunningServer,
  sha256Of,
  UNBUFFERABLE,
  until,
} from '../fixtures/running-server.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

vi.setConfig({ testTimeout: 30_000 });

const start = (over: Partial<OtaServerOptions> = {}, raw?: Uint8Array): Promise<RunningServer> =>
  raw === undefined
    ? runServerWith(
        (store) => publish(store, { payload: Buffer.alloc(1_000_000, 'firmware') }, { now: () => new Date() }),
        over,
      )
    : runServer(over, raw);

const openFiles = async () => (await readdir('/proc/self/fd')).length;

describe('one update over TLS', () => {
  it('goes from the channel to the manifest to the image, in two pieces', async () => {
    const { port } = await start();
    const headers = {
      [DEVICE_HEADERS.project]: 'secure_esp',
      [DEVICE_HEADERS.chip]: 'esp32c6',
      [DEVICE_HEADERS.version]: '0.9.0',
      [DEVICE_HEADERS.image]: 'ab'.repeat(32),
      accept: DEVICE_ACCEPT,
    };
    const manifest = await get(port, '/secure_esp.bin', device, { headers });
    expect(manifest).toMatchObject({ status: 200, headers: { 'content-type': 'application/jose' } });
    const verdict = await verifyManifest(manifest.body.toString(), [releaseKey.publicKey]);
    if (!verdict.ok) throw new Error(verdict.detail);
    const { url, sha256, size, image, version } = verdict.manifest;

    const path = new URL(url).pathname;
    const first = await get(port, path, device, { headers: { ...headers, range: 'bytes=0-99999' } });
    const ifRange = { ...headers, range: 'bytes=100000-', 'if-range': first.headers.etag };
    const rest = await get(port, path, device, { headers: ifRange });
    expect([first.status, rest.status]).toEqual([206, 206]);
    const file = Buffer.concat([first.body, rest.body]);
    expect([file.length, sha256Of(file)]).toEqual([size, sha256]);

    const updated = { ...headers, [DEVICE_HEADERS.version]: version, [DEVICE_HEADERS.image]: image };
    expect(await get(port, '/secure_esp.bin', device, { headers: updated })).toMatchObject({ status: 204 });
    const conditional = { ...updated, 'if-none-match': `"${sha256}"` };
    expect((await get(port, '/secure_esp.bin', device, { headers: conditional })).status).toBe(304);
  });

  it('answers HEAD with the headers of GET', async () => {
    const { port, release } = await start();
    const head = await get(port, '/secure_esp.bin', operator, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': String(release.size) } });
    expect(head.body).toHaveLength(0);
  });

  it('sends 50 downloads at once without holding the file 50 times', async () => {
    const { port, release, events } = await start(
      { limits: { downloadsPerClient: 50 } },
      UNBUFFERABLE.subarray(0, 3_000_000),
    );
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const sampler = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }, 5);
    const hashes = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const { body, headers } = await streamed(port, imagePath(release));
        expect(headers).toContain('200');
        return body;
      }),
    );
    clearInterval(sampler);
    expect(new Set(hashes)).toEqual(new Set([release.sha256]));
    expect(peak).toBeLessThan((50 * release.size) / 2);
    await until(() => events.filter((event) => event.type === 'download' && event.complete).length === 50);
  });
});

/** Downloads without keeping what arrives: the hash of the body, and the status line. */
async function streamed(port: number, path: string): Promise<{ headers: string; body: string }> {
  const socket = await handshake(port);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  const hash = createHash('sha256');
  let head = Buffer.alloc(0);
  let inBody = false;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    if (inBody) {
      hash.update(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) continue;
    hash.update(head.subarray(end + 4));
    head = head.subarray(0, end);
    inBody = true;
  }
  return { headers: head.toString('latin1'), body: hash.digest('hex') };
}

async function handshake(port: number, pair = device, session?: Buffer): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca: serverCa,
    ...pair,
    ...(session === undefined ? {} : { session }),
  });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

describe('who gets in', () => {
  it('serves devices and operators', async () => {
    const { port, release } = await start();
    for (const pair of [device, otherDevice, operator]) {
      expect(await get(port, imagePath(release), pair)).toMatchObject({ status: 200 });
    }
  });

  it.each([
    ['no certificate', undefined, /^ERR_SSL_/],
    ['a certificate of another CA with the same name', certificates.stranger, /^UNABLE_TO|^CERT_SIGNATURE/],
    ['an expired certificate', certificates.expired, /^CERT_HAS_EXPIRED$/],
    ['the broker’s certificate, which is a server’s', broker, /^INVALID_PURPOSE$/],
  ])('ends the handshake of %s', async (_name, pair, code) => {
    const { port, events } = await start();
    await expect(get(port, '/secure_esp.bin', pair)).rejects.toThrow();
    await until(() => events.length > 0);
    expect(events).toMatchObject([{ type: 'handshake_failed', code: expect.stringMatching(code) as string }]);
  });

  it.each([
    ['a device that calls itself operator', certificates.deviceAsOperator],
    ['a device made by the operators’ CA', certificates.operatorAsDevice],
  ])('refuses %s', async (_name, pair) => {
    const { port } = await start();
    const answer = await get(port, '/secure_esp.bin', pair);
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'no_client' });
  });

  it('lets in devices only, when it has no CA for operators', async () => {
    const { port } = await start({ tls: { ...serverPair, deviceCa } });
    expect((await get(port, '/secure_esp.bin', device)).status).toBe(200);
    await expect(get(port, '/secure_esp.bin', operator)).rejects.toThrow();
  });

  it('refuses a revoked device on its open connection, and others not', async () => {
    const revoked = new Set<string>();
    const { port } = await start({ isRevoked: ({ cn }) => revoked.has(cn) });
    const agent = keepAliveAgent(device);
    onTestFinished(() => {
      agent.destroy();
    });
    expect((await get(port, '/secure_esp.bin', undefined, { agent })).status).toBe(200);
    revoked.add('esp-001');
    const answer = await get(port, '/secure_esp.bin', undefined, { agent });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'revoked' });
    expect((await get(port, '/secure_esp.bin', otherDevice)).status).toBe(200);
  });

  it('still knows, and refuses, a revoked device in a resumed TLS session', async () => {
    const revoked = new Set<string>();
    const { port } = await start({ isRevoked: ({ cn }) => revoked.has(cn) });
    const first = await handshake(port);
    const sessions = once(first, 'session') as Promise<[Buffer]>;
    first.write('HEAD /secure_esp.bin HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [session] = await sessions;
    const ask = async () => {
      const resumed = await handshake(port, device, session);
      expect(resumed.isSessionReused()).toBe(true);
      resumed.write('GET /nothing.bin HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const [reply] = (await once(resumed, 'data')) as [Buffer];
      return reply.toString();
    };
    expect(await ask()).toContain('HTTP/1.1 404');
    revoked.add('esp-001');
    expect(await ask()).toMatch(/HTTP\/1\.1 403[\s\S]*revoked/);
  });

  it('speaks nothing older than TLS 1.2', async () => {
    const { port } = await start();
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca: serverCa,
      ...device,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
    });
    await expect(once(socket, 'secureConnect')).rejects.toThrow();
  });
});

describe('difficult clients', () => {
  it.skipIf(process.platform !== 'linux')('lets go of the file when a client disappears (needs /proc)', async () => {
    const { port, release, events } = await start({}, UNBUFFERABLE);
    const before = await openFiles();
    for (let round = 0; round < 5; round += 1) {
      const socket = await handshake(port);
      socket.write(`GET ${imagePath(release)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await once(socket, 'data');
      socket.destroy();
    }
    await until(() => events.filter(({ type }) => type === 'download').length === 5);
    await until(async () => (await openFiles()) <= before);
    expect(events.every((event) => event.type === 'download' && !event.complete)).toBe(true);
  });

  it('cuts a client that stops reading', async () => {
    const { port, release, events } = await start({ idleTimeoutMs: 500 }, UNBUFFERABLE);
    const socket = await handshake(port);
    socket.pause();
    socket.write(`GET ${imagePath(release)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await until(() => events.some(({ type }) => type === 'download'));
    expect(events).toMatchObject([{ type: 'download', complete: false }]);
  });

  it('cuts a reply that takes too long', async () => {
    const { port, release, events } = await start({ replyTimeoutMs: 500 }, UNBUFFERABLE);
    const socket = await handshake(port);
    socket.pause();
    socket.write(`GET ${imagePath(release)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await until(() => events.some(({ type }) => type === 'download'));
    expect(events).toMatchObject([{ type: 'download', complete: false }]);
  });

  it('cuts a client that does not finish its handshake, or its headers', async () => {
    const { port } = await start({ requestTimeoutMs: 500 });
    const silent = connectTcp({ host: '127.0.0.1', port });
    silent.on('error', () => undefined);
    await once(silent, 'close');
    const slow = await handshake(port);
    slow.write('GET / HTTP/1.1\r\nHost: ');
    slow.resume();
    await once(slow, 'end');
  });

  it('reads no request body, answers, and closes that connection', async () => {
    const { port } = await start();
    const socket = await handshake(port);
    const head = 'GET /secure_esp.bin?chip=none HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n';
    socket.write(`${head}partial`);
    const [reply] = (await once(socket, 'data')) as [Buffer];
    expect(reply.toString()).toMatch(/^HTTP\/1\.1 404 [\s\S]*connection: close/i);
  });

  it.each([
    'GET /a b HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nX: ' + 'y'.repeat(10_000) + '\r\n\r\n',
    '\0\0\0\0\r\n\r\n',
  ])('survives requests that are no HTTP', async (text) => {
    const { port } = await start();
    const socket = await handshake(port);
    socket.write(text);
    socket.resume();
    await once(socket, 'end');
    expect((await get(port, '/secure_esp.bin', device)).status).toBe(200);
  });

  it('takes only so many connections', async () => {
    const { port } = await start({ maxConnections: 2 });
    const sockets = [await handshake(port), await handshake(port)];
    await expect(get(port, '/secure_esp.bin', device)).rejects.toThrow();
    sockets[0]?.destroy();
    await until(async () => {
      const answer = await get(port, '/secure_esp.bin', device).catch(() => undefined);
      return answer?.status === 200;
    });
  });
});

describe('life of a server', () => {
  it('listens when told, and knows its port only then', async () => {
    const { server, port } = await start();
    expect(server.port).toBe(port);
    await server.close();
    await server.close();
    expect(() => server.port).toThrow('not listening');
    await expect(server.listen()).rejects.toMatchObject({ code: 'closed' });
    await expect(get(port, '/secure_esp.bin', device)).rejects.toThrow();
  });

  it('tells the operating system’s reason when it cannot listen', async () => {
    const { port } = await start();
    const second = createOtaServer({
      store: createFileFirmwareStore({ dir: await temporaryDirectory() }),
      tls: { ...serverPair, deviceCa },
      host: '127.0.0.1',
    });
    await expect(second.listen(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await second.close();
  });

  it('lets running downloads end when it closes', async () => {
    const { server, port, release } = await start({ closeTimeoutMs: 10_000 }, UNBUFFERABLE);
    const asked = once(server.server, 'request');
    const download = streamed(port, imagePath(release));
    await asked;
    await server.close();
    expect((await download).body).toBe(release.sha256);
  });

  it('does not wait for an idle connection that was busy when it began to close', async () => {
    const { server, port, release } = await start({ closeTimeoutMs: 60_000 }, UNBUFFERABLE.subarray(0, 16_000_000));
    const asked = once(server.server, 'request');
    const socket = await handshake(port);
    socket.write(`GET ${imagePath(release)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await asked;
    const startedAt = performance.now();
    const closed = server.close();
    socket.resume();
    await closed;
    expect(performance.now() - startedAt).toBeLessThan(4000);
  });

  it('takes renewed certificates while it runs, and keeps the old ones if the new are unusable', async () => {
    const { server, port } = await start();
    expect(() => {
      server.reloadTls({ ...serverPair, deviceCa, key: operator.key });
    }).toThrow('tls.key');
    expect((await get(port, '/secure_esp.bin', operator)).status).toBe(200);
    server.reloadTls({ ...serverPair, deviceCa });
    expect((await get(port, '/secure_esp.bin', device)).status).toBe(200);
    await expect(get(port, '/secure_esp.bin', operator)).rejects.toThrow();
  });

  it('cuts what does not end in time: stalled downloads, silent sockets', async () => {
    const { server, port, release } = await start({ closeTimeoutMs: 100 }, UNBUFFERABLE);
    const stalled = await handshake(port);
    stalled.pause();
    stalled.write(`GET ${imagePath(release)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await once(server.server, 'request');
    const silent = connectTcp({ host: '127.0.0.1', port });
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    await server[Symbol.asyncDispose]();
    expect(await connections(server)).toBe(0);
  });

  it.each([
    ['tls.deviceCa', { deviceCa: 'nothing' }],
    ['tls.operatorCa', { operatorCa: 'nothing' }],
    ['tls.cert or tls.key', { key: operator.key }],
    ['tls.cert or tls.key', { cert: 'nothing' }],
  ])('refuses to start with an unusable %s', async (option, over) => {
    const store = createFileFirmwareStore({ dir: await temporaryDirectory() });
    const make = () => createOtaServer({ store, tls: { ...serverPair, deviceCa, ...over } });
    expect(make).toThrow(option);
    expect(make).toThrow(expect.objectContaining({ code: 'bad_certificate' }));
  });
});

const connections = (server: OtaServer): Promise<number> =>
  new Promise((resolve, reject) => {
    server.server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });

const hasCurl = (() => {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!hasCurl && process.env['CI'] === undefined)('curl (skipped where it is not installed)', () => {
  it('downloads, resumes and is refused as any HTTP client', async () => {
    const { port, release } = await start();
    const dir = await temporaryDirectory();
    for (const [name, text] of Object.entries({
      'ca.crt': serverCa,
      'client.crt': device.cert,
      'client.key': device.key,
    })) {
      await writeFile(join(dir, name), text);
    }
    const run = promisify(execFile);
    const curl = (...args: string[]) =>
      run('curl', ['--silent', '--show-error', '--fail', '--cacert', 'ca.crt', ...args], {
        cwd: dir,
        encoding: 'buffer',
        maxBuffer: 1e8,
      });
    const identity = ['--cert', 'client.crt', '--key', 'client.key'];
    const url = `https://localhost:${port}/secure_esp.bin`;
    await curl(...identity, '--output', 'part.bin', '--range', '0-9999', '--ipv4', url);
    await curl(...identity, '--output', 'part.bin', '--continue-at', '-', '--ipv4', url);
    const { stdout } = await run('sha256sum', ['part.bin'], { cwd: dir });
    expect(stdout.split(' ')[0]).toBe(release.sha256);
    const { stdout: etag } = await curl(...identity, '--ipv4', '--head', url);
    expect(etag.toString()).toContain(`etag: "${release.sha256}"`);
    await expect(curl('--ipv4', url)).rejects.toThrow();
  });
});
