import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { build } from 'esbuild';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createFileFirmwareStore, dangerouslyReleaseUnchecked } from '../../src/index.js';
import { device, deviceCa, server as serverPair, serverCa } from '../fixtures/certificates.js';
import { get } from '../fixtures/https-client.js';
import { requestFor, sha256Of } from '../fixtures/running-server.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';
import type { SlowServerSetup, Usage } from './slow-server.js';

/** All of them in the full verification. */
const CLIENTS = Number(process.env['SECURE_ESP_SLOW_CLIENTS'] ?? 100);
/** What an ESP32 over a bad line takes. */
const BYTES_PER_SECOND = 26_000;
const IMAGE = Buffer.alloc(CLIENTS > 100 ? 1_000_000 : 300_000, 'firmware');
/** The README's promise: for one client, and for what all share (pieces of images, the heap’s reserve). */
const MOST_PER_CLIENT = 256 * 1024;
const MOST_SHARED = 64 * 1024 * 1024;
const CHANNEL = '/secure_esp.bin';

interface SlowServer {
  readonly port: number;
  readonly usage: () => Promise<Usage>;
}

async function startServer(dir: string): Promise<SlowServer> {
  const store = createFileFirmwareStore({ dir });
  const described = { channel: 'secure_esp', project: 'secure_esp', chip: 'esp32c6', version: '1.0.0' };
  await dangerouslyReleaseUnchecked({ store, image: IMAGE, release: described });
  const files = { cert: join(dir, 'cert'), key: join(dir, 'key'), deviceCa: join(dir, 'ca') };
  for (const [path, pem] of [
    [files.cert, serverPair.cert],
    [files.key, serverPair.key],
    [files.deviceCa, deviceCa],
  ] as const) {
    await writeFile(path, pem);
  }
  const program = join(dir, 'server.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'slow-server.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@secure-esp/source'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  const setup: SlowServerSetup = { dir, ...files, clients: CLIENTS };
  const child = fork(program, [JSON.stringify(setup)], { execArgv: [] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const { port } = await messageOf<{ port: number }>(child);
  return {
    port,
    usage: () => {
      const answer = messageOf<Usage>(child);
      child.send('usage');
      return answer;
    },
  };
}

/** The next message; rejects when the process ends first. */
async function messageOf<T>(child: ChildProcess): Promise<T> {
  const waiting = new AbortController();
  const { signal } = waiting;
  try {
    const exited = once(child, 'exit', { signal }).then(() => Promise.reject(new Error('the server has ended')));
    const [message] = (await Promise.race([once(child, 'message', { signal }), exited])) as [T];
    return message;
  } finally {
    waiting.abort();
  }
}

interface Client {
  /** Lets it read until it has this many bytes. */
  readonly allow: (bytes: number) => void;
  /** SHA-256 of the body, once the server has closed. */
  readonly hash: Promise<string>;
}

function slowClient(port: number): Client {
  const socket = connect({ host: '127.0.0.1', port, ca: serverCa, ...device });
  onTestFinished(() => {
    socket.destroy();
  });
  const hash = createHash('sha256');
  let head = '';
  let received = 0;
  let allowed = 0;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received >= allowed) socket.pause();
    if (head.endsWith('\r\n\r\n')) {
      hash.update(chunk);
      return;
    }
    const text = head + chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    head = end === -1 ? text : text.slice(0, end + 4);
    if (end !== -1) hash.update(Buffer.from(text.slice(end + 4), 'latin1'));
  });
  socket.once('secureConnect', () => socket.write(requestFor(CHANNEL, 'Connection: close')));
  return {
    allow(bytes) {
      allowed = bytes;
      if (received < allowed) socket.resume();
    },
    hash: new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('end', () => {
        resolve(hash.digest('hex'));
      });
    }),
  };
}

/** Gives each client its share of bytes as time goes by. */
function keepPace(clients: readonly Client[]): () => void {
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const bytes = ((performance.now() - startedAt) / 1000) * BYTES_PER_SECOND;
    for (const client of clients) client.allow(bytes);
  }, 200);
  return () => {
    clearInterval(timer);
  };
}

describe(`${CLIENTS} slow clients at once`, () => {
  it('all get the whole image, with bounded memory, and leave no file open', async () => {
    const { port, usage } = await startServer(await temporaryDirectory());
    await get(port, CHANNEL, device);
    const before = await usage();
    const clients = Array.from({ length: CLIENTS }, () => slowClient(port));
    const stop = keepPace(clients);
    onTestFinished(stop);
    let peak = before.rssBytes;
    const watch = async () => {
      peak = Math.max(peak, (await usage()).rssBytes);
    };
    let done = false;
    const hashes = Promise.all(clients.map(({ hash }) => hash)).finally(() => {
      done = true;
    });
    // Somebody in no hurry does not keep others waiting.
    const normal = await get(port, CHANNEL, device);
    expect([normal.status, sha256Of(normal.body)]).toEqual([200, sha256Of(IMAGE)]);
    await vi.waitUntil(() => watch().then(() => done), { timeout: 600_000, interval: 250 });
    stop();
    expect(new Set(await hashes)).toEqual(new Set([sha256Of(IMAGE)]));
    const perClient = (peak - before.rssBytes - MOST_SHARED) / CLIENTS;
    expect(perClient).toBeLessThan(MOST_PER_CLIENT);
    await vi.waitUntil(() => usage().then(({ files }) => files <= before.files), { timeout: 60_000, interval: 100 });
    expect(await usage()).toMatchObject({ complete: CLIENTS + 2, abandoned: 0 });
    if (process.env['SECURE_ESP_SLOW_CLIENTS'] !== undefined) {
      const kib = Math.round((peak - before.rssBytes) / CLIENTS / 1024);
      console.log(`${CLIENTS} slow clients: ${kib} KiB each`);
    }
  }, 900_000);
});
