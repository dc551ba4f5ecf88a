import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVirtualDevice, type VirtualDevice } from '../../src/index.js';
import { mosquittoMissing } from '../support/broker.js';
import { runUpdate } from '../support/flows.js';
import { appImage } from '../support/images.js';
import { createDiary, createWorld, foreignSigner, type World } from '../support/world.js';
import { serveBytes } from '../support/update-server.js';
import { signImage } from '@secure-esp/firmware-image';
import { skipUnless } from '../support/tools.js';

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))('a virtual device', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  it('updates itself over mutual TLS and confirms', async () => {
    const id = 'esp-update';
    const diary = createDiary();
    const device = await createVirtualDevice(await world.options(id, diary));
    expect(device.state).toMatchObject({ power: 'off', connected: false, bootCount: 0 });
    world.server.handler = serveBytes(await world.signed('1.1.0'), { etag: '"v2"' });
    await device.start();
    await device.whenOnline();
    const status: unknown = JSON.parse(await world.operator.until((topic) => topic === `/esp/devices/${id}/status`));
    expect(status).toMatchObject({ online: true, project: 'demo', version: '1.0.0', chip: 'esp32c6' });
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', from: '1.0.0', to: '1.1.0', reason: null });
    expect(device.state).toMatchObject({
      power: 'on',
      version: '1.1.0',
      slot: 'ota_1',
      bootState: 'valid',
      resetReason: 'software',
      bootCount: 2,
      update: { state: 'confirmed' },
    });
    expect(diary.types().filter((type) => !['updateState', 'downloadProgress'].includes(type))).toEqual([
      'booted',
      'connected',
      'online',
      'downloadStarted',
      'slotWritten',
      'bootSwitched',
      'restarting',
      'booted',
      'connected',
      'online',
      'confirmed',
    ]);
    expect(diary.lines.join('\n')).toMatch(/OTA-Update confirmed/);

    world.server.handler = (request, response) => {
      response.writeHead(request.headers['if-none-match'] === '"v2"' ? 304 : 500).end();
    };
    expect(await runUpdate(world, id)).toMatchObject({ state: 'idle', reason: 'none_newer' });
    await device.stop();
  });

  describe('refuses', () => {
    const id = 'esp-refuse';
    let device: VirtualDevice;
    let good: Uint8Array;
    const flipped = (bytes: Uint8Array, ...positions: readonly number[]): Uint8Array =>
      bytes.map((byte, index) => (positions.includes(index) ? byte ^ 1 : byte));

    beforeAll(async () => {
      good = await world.signed('1.1.0');
      device = await createVirtualDevice(await world.options(id, { downloadRetries: 0 }));
      await device.start();
      await device.whenOnline();
    });
    afterAll(async () => {
      await device.stop();
    });

    it.each<[string, string, () => Promise<Uint8Array> | Uint8Array]>([
      ['an unsigned image', 'unsigned', () => appImage('1.1.0')],
      [
        'an image signed with a foreign key',
        'untrusted_key',
        async () => signImage(await appImage('1.1.0'), foreignSigner()),
      ],
      ['an image with a flipped byte', 'bad_checksum', () => flipped(good, 5000)],
      ['an image with two flips that cancel out in the checksum', 'bad_hash', () => flipped(good, 5000, 5001)],
      ['an image with a flipped byte in its signature', 'bad_signature', () => flipped(good, good.length - 4096 + 120)],
      ['a file that ends within the image', 'truncated', () => good.subarray(0, 10_000)],
      ['a file shorter than a header', 'not_an_image', () => good.subarray(0, 100)],
      ['another build of the version it runs', 'same_version', () => world.signed('1.0.0', { codeBytes: 4000 })],
      ['a lower version', 'lower_version', () => world.signed('0.9.9')],
      ['a version that cannot be compared', 'version_unparsable', () => world.signed('latest')],
      ['another project', 'wrong_project', () => world.signed('1.1.0', { project: 'other' })],
      ['another chip', 'wrong_chip', () => appImage('1.1.0', { chip: 'esp32s3' })],
      ['what is not an image', 'not_an_image', () => Buffer.alloc(1000, '<html>')],
      ['an image larger than the slot', 'too_large', () => world.signed('1.1.0', { codeBytes: 300_000 })],
    ])('%s: %s', async (_what, reason, bytes) => {
      world.server.handler = serveBytes(await bytes());
      expect(await runUpdate(world, id)).toMatchObject({ state: 'failed', reason });
      expect(device.state).toMatchObject({ version: '1.0.0', slot: 'ota_0', bootCount: 1 });
    });

    it('a torn connection: truncated', async () => {
      world.server.handler = (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': String(good.length) });
        response.write(good.subarray(0, 9000), () => response.destroy());
      };
      expect(await runUpdate(world, id)).toMatchObject({ state: 'failed', reason: 'truncated' });
    });

    it('a missing file: http_status', async () => {
      world.server.handler = (_request, response) => {
        response.writeHead(404).end();
      };
      expect(await runUpdate(world, id)).toMatchObject({ state: 'failed', reason: 'http_status' });
    });

    it('none of that for good: the right image is installed afterwards', async () => {
      world.server.handler = serveBytes(good);
      expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', to: '1.1.0' });
      expect(device.state).toMatchObject({ version: '1.1.0', slot: 'ota_1' });
    });
  });
});
