import { spawnSync } from 'node:child_process';
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createVirtualDevice, type VirtualDevice, type VirtualDeviceOptions } from '../src/index.js';
import { mosquittoMissing } from './support/broker.js';
import { eventually } from './support/eventually.js';
import { runUpdate } from './support/flows.js';
import { opensslMissing, startSeedServer } from './support/seed-server.js';
import { skipUnless } from './support/tools.js';
import { createDiary, createWorld, type World } from './support/world.js';

const skip = [skipUnless('Mosquitto', mosquittoMissing), skipUnless('OpenSSL', opensslMissing)].includes(true);

describe.skipIf(skip)('a device updates from `openssl s_server -WWW`', () => {
  let world: World;
  let image: Uint8Array;
  let path: string;
  let count = 0;
  beforeAll(async () => {
    world = await createWorld('esp32');
    image = await world.signed('1.1.0', { codeBytes: 100_000 });
    path = join(world.pki.dir, 'secure_esp.bin');
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await rm(path, { force: true });
  });

  const startDevice = async (
    url: string,
    over: Partial<VirtualDeviceOptions> = {},
  ): Promise<{ readonly id: string; readonly device: VirtualDevice } & AsyncDisposable> => {
    count += 1;
    const id = `seed-${String(count)}`;
    const options = await world.options(id, over);
    const device = await createVirtualDevice({ ...options, ota: { ...options.ota, url } });
    await device.start();
    await device.whenOnline();
    return { id, device, [Symbol.asyncDispose]: () => device.stop() };
  };

  it.each([
    ['that asks for device certificates', true],
    ['that takes every client', false],
  ])('%s', async (_what, verify) => {
    await writeFile(path, image);
    await using server = await startSeedServer(world.pki, { verify });
    await using started = await startDevice(server.url);
    const { id, device } = started;
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', from: '1.0.0', to: '1.1.0' });
    expect(device.state).toMatchObject({ version: '1.1.0', slot: 'ota_1', bootState: 'valid', bootCount: 2 });
    expect(server.output()).toContain('FILE:secure_esp.bin');
    // No tag, so the file is offered for ever; its version ends it.
    expect(await runUpdate(world, id)).toMatchObject({ state: 'failed', reason: 'same_version' });
    expect(device.state.bootCount).toBe(2);
  });

  it('but not with a file that was cut off, and not with the page for one that is missing', async () => {
    await using server = await startSeedServer(world.pki, { verify: true });
    await using started = await startDevice(server.url);
    const { id, device } = started;
    expect(await runUpdate(world, id)).toMatchObject({ state: 'failed', reason: 'not_an_image' });
    for (const [length, reason] of [
      [200, 'not_an_image'],
      [5000, 'truncated'],
      [image.length - 68, 'unsigned'],
      [image.length - 1, 'truncated'],
    ] as const) {
      await writeFile(path, image.subarray(0, length));
      expect([length, await runUpdate(world, id)]).toMatchObject([length, { state: 'failed', reason }]);
    }
    expect(device.state).toMatchObject({ version: '1.0.0', slot: 'ota_0', bootCount: 1 });
    await writeFile(path, image);
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', to: '1.1.0' });
  });

  it('but not with what came before the server was killed', async () => {
    spawnSync('mkfifo', [path]);
    const server = await startSeedServer(world.pki, { verify: true });
    const diary = createDiary();
    await using started = await startDevice(server.url, { ...diary, downloadRetries: 0 });
    const { id, device } = started;
    const update = runUpdate(world, id);
    // The server reads from a pipe that has the first half and stays open: so it dies in the middle.
    const pipe = await open(path, 'w');
    await pipe.write(image.subarray(0, image.length / 2));
    await eventually(
      () => diary.types().includes('downloadProgress'),
      () => `no download: ${server.output()}`,
    );
    await server.kill('SIGKILL');
    const ended = await update;
    await pipe.close();
    expect(ended).toMatchObject({ state: 'failed', reason: 'truncated' });
    expect(device.state).toMatchObject({ version: '1.0.0', slot: 'ota_0', bootCount: 1 });

    await rm(path);
    await writeFile(path, image);
    await using next = await startSeedServer(world.pki, { verify: true, port: server.port });
    expect(next.url).toBe(server.url);
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', to: '1.1.0' });
  });
});
