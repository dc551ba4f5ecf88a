import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createMemoryFirmwareStore, isOtaError, publishRelease } from '../../src/index.js';
import { manifestSigner, ORIGIN, signedImage, trusted } from '../fixtures/firmware.js';
import { manualTimers } from '../fixtures/manual-timers.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

const image = await signedImage({ payload: new Uint8Array(400_000) });

/** A server whose every request is an upload; answers with the code. */
async function uploadServer() {
  const stagingDir = await temporaryDirectory();
  const store = createMemoryFirmwareStore();
  const timers = manualTimers();
  const codes: string[] = [];
  const server = createServer((request, response) => {
    const limits = { timers, uploadIdleTimeoutMs: 50, uploadTimeoutMs: 9000 };
    publishRelease({ store, image: request, trusted, signer: manifestSigner, url: ORIGIN, stagingDir, ...limits }).then(
      ({ seq }) => response.end(`released ${seq}`),
      (error: unknown) => {
        codes.push(isOtaError(error) ? error.code : String(error));
        request.resume();
        response.writeHead(422, { connection: 'close' }).end(codes.at(-1));
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const open = () => {
    const socket = connect(port, '127.0.0.1');
    let reply = '';
    socket.on('data', (chunk: Buffer) => (reply += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(`PUT / HTTP/1.1\r\nhost: ota\r\ncontent-length: ${image.length}\r\n\r\n`);
    return { socket, reply: () => reply };
  };
  const expectNothingLeft = async () => {
    expect(await store.listReleases()).toEqual([]);
    expect(await readdir(stagingDir)).toEqual([]);
  };
  return { open, codes, timers, store, expectNothingLeft };
}

describe('an upload over HTTP', () => {
  it('whose client dies leaves nothing, wherever it stops', async () => {
    const { open, codes, expectNothingLeft, store } = await uploadServer();
    for (const sent of [0, 1, 100, 288, 70_000, image.length - 1]) {
      const before = codes.length;
      const { socket } = open();
      socket.write(image.subarray(0, sent));
      await once(socket, 'connect');
      await vi.waitUntil(() => socket.writableLength === 0);
      socket.destroy();
      await vi.waitUntil(() => codes.length > before, { timeout: 10_000 });
      await expectNothingLeft();
    }
    expect(new Set(codes)).toEqual(new Set(['upload_aborted']));
    const good = open();
    good.socket.write(image);
    await vi.waitUntil(() => good.reply().endsWith('released 1'), { timeout: 10_000 });
    expect(await store.listReleases()).toHaveLength(1);
  });

  it('that stalls is cut at the idle limit, and told so', async () => {
    const { open, codes, timers, expectNothingLeft } = await uploadServer();
    const { socket, reply } = open();
    socket.write(image.subarray(0, 1000));
    await vi.waitUntil(() => timers.pending.includes(50), { timeout: 10_000 });
    timers.fire(50);
    await once(socket, 'close');
    expect(codes).toEqual(['upload_stalled']);
    expect(reply()).toMatch(/^HTTP\/1\.1 422 [^]*upload_stalled/);
    await expectNothingLeft();
  });
});
