import { once } from 'node:events';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { device } from '../fixtures/certificates.js';
import { get } from '../fixtures/https-client.js';
import {
  expectNormalService,
  imagePath,
  requestFor,
  runServer,
  type RunningServer,
  sha256Of,
  UNBUFFERABLE,
} from '../fixtures/running-server.js';
import { dial, readAll } from '../fixtures/tls-client.js';

const fileOf = ({ dir, release }: RunningServer): string => join(dir, 'images', `${release.sha256}.bin`);

/** A download that has begun and is not read any further. What came already is put back. */
async function begun({ port, release }: RunningServer): Promise<TLSSocket> {
  const socket = await dial(port, { pair: device });
  socket.write(requestFor(imagePath(release), 'Connection: close'));
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  socket.unshift(first);
  return socket;
}

const bodyOf = (reply: Buffer): Buffer => reply.subarray(reply.indexOf('\r\n\r\n') + 4);

describe('an image that disappears while it is downloaded', () => {
  it('is downloaded to its end; later requests fail, without a word of why, until it is back', async () => {
    const running = await runServer({}, UNBUFFERABLE);
    const { port, release, events } = running;
    const socket = await begun(running);
    await rm(fileOf(running));
    expect(sha256Of(bodyOf(await readAll(socket)))).toBe(release.sha256);

    const failed = await get(port, imagePath(release), device);
    expect(failed.status).toBe(500);
    expect(failed.body.toString()).not.toContain(running.dir);
    expect(JSON.parse(failed.body.toString())).toMatchObject({ code: 'internal' });
    const requestId = failed.headers['x-request-id'];
    expect(events.at(-1)).toMatchObject({ type: 'failed', error: { code: 'store_damaged' }, requestId });
    await writeFile(fileOf(running), UNBUFFERABLE);
    await expectNormalService(running);
  });
});

describe('an image that is cut short while it is downloaded', () => {
  it('never looks complete', async () => {
    const running = await runServer({}, UNBUFFERABLE);
    const { port, release, events } = running;
    const whole = await readFile(fileOf(running));
    const socket = await begun(running);
    await truncate(fileOf(running), 100_000);
    const body = bodyOf(await readAll(socket));
    expect(body.length).toBeLessThan(release.size);
    expect(body.equals(whole.subarray(0, body.length))).toBe(true);
    expect(events).toMatchObject([
      { type: 'failed', error: { code: 'store_damaged' } },
      { type: 'download', complete: false },
    ]);
    expect((await get(port, imagePath(release), device)).status).toBe(500);
    await writeFile(fileOf(running), whole);
    await expectNormalService(running);
  });
});
