import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryFlash, createVirtualDevice, withPowerCut, type PowerCutFlash } from '../../src/index.js';
import { mosquittoMissing } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { skipUnless } from '../support/tools.js';
import { serveBytes } from '../support/update-server.js';
import { createWorld, type World } from '../support/world.js';

const SLOT_BYTES = 256 * 1024;
const AT_ONCE = 12;

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))('a power cut during an update', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
    world.server.handler = serveBytes(await world.signed('1.1.0'));
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  /** Updates until the new version is confirmed, powering up again after a cut. */
  const updateThrough = async (id: string, flash: PowerCutFlash, cutAt?: number) => {
    const device = await createVirtualDevice(
      await world.options(id, { flash, firmware: await world.signed('1.0.0', { codeBytes: 6000 }) }),
    );
    flash.restore(cutAt);
    const atFactory = flash.operations;
    let cuts = 0;
    const booted = (): void => {
      if (device.state.power === 'on') return;
      cuts += 1;
      flash.restore();
      device.powerOn();
      expect(['1.0.0', '1.1.0']).toContain(device.state.version);
    };
    const settled = (): boolean =>
      device.state.power === 'on' && device.state.version === '1.1.0' && device.state.bootState === 'valid';
    try {
      await device.start();
    } catch {
      booted();
    }
    for (let attempt = 0; attempt < 6 && !settled(); attempt += 1) {
      if (device.state.power === 'off') booted();
      await eventually(
        () => device.state.online || device.state.power === 'off',
        () => `${id} is not connected`,
      );
      if (device.state.power === 'off') continue;
      await world.operator.send(`/esp/devices/${id}/update/run`);
      const { bootCount } = device.state;
      await eventually(
        () =>
          settled() || device.state.power === 'off' || (device.state.bootCount > bootCount + 1 && device.state.online),
        () => `${id} cut at ${String(cutAt)} is stuck: ${JSON.stringify(device.state)}`,
      );
    }
    expect(settled(), `${id} cut at ${String(cutAt)}: ${JSON.stringify(device.state)}`).toBe(true);
    await device.stop();
    return { cuts, operations: flash.operations - atFactory };
  };

  it('at any flash operation leaves a device that boots, and updates in the end', async () => {
    const { operations } = await updateThrough('cut-none', withPowerCut(createMemoryFlash(SLOT_BYTES)));
    expect(operations).toBeGreaterThan(20);
    const positions = Array.from({ length: operations }, (_, index) => index + 1);
    while (positions.length > 0) {
      const batch = positions.splice(0, AT_ONCE);
      const runs = await Promise.all(
        batch.map((cutAt) => {
          const flash = withPowerCut(createMemoryFlash(SLOT_BYTES), { torn: (cutAt % 4) / 4 });
          return updateThrough(`cut-${String(cutAt)}`, flash, cutAt);
        }),
      );
      expect(runs.map(({ cuts }) => cuts)).toEqual(batch.map(() => 1));
    }
  }, 60_000);
});
