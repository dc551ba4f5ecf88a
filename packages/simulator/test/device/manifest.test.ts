import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVirtualDevice } from '../../src/index.js';
import { mosquittoMissing } from '../support/broker.js';
import { runUpdate } from '../support/flows.js';
import { releaseManifest, serveRelease } from '../support/manifest.js';
import { skipUnless } from '../support/tools.js';
import { serveBytes } from '../support/update-server.js';
import { createWorld, type World } from '../support/world.js';

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))('release manifests', () => {
  let world: World;
  let image: Uint8Array;
  beforeAll(async () => {
    world = await createWorld();
    image = await world.signed('1.1.0');
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  it('are what a device insists on when it is told to', async () => {
    const id = 'esp-strict';
    const settings = { automaticChecks: false, requireManifest: true };
    const device = await createVirtualDevice(await world.options(id, { settings }));
    await device.start();
    await device.whenOnline();

    world.server.handler = serveBytes(image);
    expect(await runUpdate(world, id)).toMatchObject({ state: 'failed' });

    serveRelease(world, await releaseManifest(world, image, { exp: 1_700_000_000 }), image);
    expect(await runUpdate(world, id)).toMatchObject({ state: 'failed', reason: 'manifest_expired' });

    const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const pem = foreign.export({ type: 'pkcs8', format: 'pem' }).toString();
    serveRelease(world, await releaseManifest(world, image, {}, { pem, kid: world.pki.tree.releaseKeyId }), image);
    expect(await runUpdate(world, id)).toMatchObject({ state: 'failed', reason: 'bad_signature' });
    serveRelease(world, await releaseManifest(world, image, {}, { pem, kid: 'ab'.repeat(32) }), image);
    expect(await runUpdate(world, id)).toMatchObject({ state: 'failed', reason: 'untrusted_key' });

    serveRelease(world, await releaseManifest(world, image, { seq: 2, sha256: 'cd'.repeat(32) }), image);
    expect(await runUpdate(world, id)).toMatchObject({ state: 'failed', reason: 'bad_hash' });
    expect(device.state).toMatchObject({ version: '1.0.0', slot: 'ota_0', bootCount: 1 });

    serveRelease(world, await releaseManifest(world, image, { seq: 5 }), image);
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', from: '1.0.0', to: '1.1.0' });

    const next = await world.signed('1.2.0');
    serveRelease(world, await releaseManifest(world, next, { seq: 4, version: '1.2.0' }), next);
    expect(await runUpdate(world, id)).toMatchObject({ state: 'failed', reason: 'manifest_replayed' });
    await device.stop();
  });

  it('state the version of images whose descriptor does not tell', async () => {
    const id = 'esp-arduino';
    const arduino = { project: 'arduino-lib-builder' };
    const device = await createVirtualDevice(
      await world.options(id, { firmware: await world.signed('esp-idf', arduino), firmwareVersion: '2.0.0' }),
    );
    await device.start();
    await device.whenOnline();
    expect(device.state.version).toBe('2.0.0');
    const next = await world.signed('esp-idf', { ...arduino, codeBytes: 9000 });
    const stated = { project: arduino.project, seq: 1 };
    serveRelease(world, await releaseManifest(world, next, { ...stated, version: '1.9.0' }), next);
    expect(await runUpdate(world, id)).toMatchObject({ state: 'failed', reason: 'lower_version' });
    serveRelease(world, await releaseManifest(world, next, { ...stated, version: '2.1.0', seq: 2 }), next);
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', from: '2.0.0', to: '2.1.0' });
    expect(device.state.version).toBe('2.1.0');
    await device.stop();
    await device.start();
    expect(device.state).toMatchObject({ version: '2.1.0', slot: 'ota_1' });
    await device.stop();
  });
});
