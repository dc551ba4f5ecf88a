import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFleet, startVirtualDevices } from '../src/index.js';
import { mosquittoMissing } from './support/broker.js';
import { eventually } from './support/eventually.js';
import { createManualClock } from './support/manual-clock.js';
import { skipUnless } from './support/tools.js';
import { serveBytes } from './support/update-server.js';
import { createWorld, type World } from './support/world.js';

const COUNT = 40;

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))('a fleet', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  it(`of ${String(COUNT)} devices in one process updates at one broadcast`, async () => {
    const ids = Array.from({ length: COUNT }, (_, index) => `fleet-${String(index)}`);
    world.server.handler = serveBytes(await world.signed('1.1.0'));
    const fleet = await startVirtualDevices(await Promise.all(ids.map((id) => world.options(id))));
    await Promise.all(fleet.devices.map((device) => device.whenOnline()));
    expect(new Set(fleet.devices.map(({ state }) => state.version))).toEqual(new Set(['1.0.0']));
    await world.operator.send('/esp/update/run');
    const done = (): number => fleet.devices.filter(({ state }) => state.update?.state === 'confirmed').length;
    await eventually(
      () => done() === COUNT,
      () => `${String(done())} of ${String(COUNT)} confirmed`,
    );
    expect(new Set(fleet.devices.map(({ state }) => state.version))).toEqual(new Set(['1.1.0']));
    expect(new Set(world.server.requests.map(({ client }) => client))).toEqual(new Set(ids));
    await fleet.stop();
    expect(fleet.devices.every(({ state }) => state.power === 'off')).toBe(true);
  }, 30_000);

  it('stops when its signal aborts', async () => {
    const controller = new AbortController();
    const fleet = await startVirtualDevices([await world.options('fleet-a')], controller);
    expect(fleet.device('fleet-a').state.power).toBe('on');
    controller.abort();
    await eventually(
      () => fleet.device('fleet-a').state.power === 'off',
      () => 'still on',
    );
    await expect(createFleet([], { signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  it('starts so many devices in a second, and no more once it is stopped', async () => {
    const manual = createManualClock();
    const list = await Promise.all(['fleet-c', 'fleet-d', 'fleet-e'].map((id) => world.options(id)));
    await using fleet = await createFleet(list, { startsPerSecond: 10, clock: manual.clock });
    const starting = fleet.start();
    const on = (): number => fleet.devices.filter(({ state }) => state.power === 'on').length;
    await eventually(
      () => on() === 1 && manual.pending() === 1,
      () => 'the first does not start',
    );
    manual.advance(100);
    await eventually(
      () => on() === 2 && manual.pending() === 1,
      () => 'the second does not start',
    );
    const stopped = expect(starting).rejects.toMatchObject({ code: 'aborted' });
    await fleet.stop();
    await stopped;
    expect(on()).toBe(0);
    await expect(createFleet(list, { startsPerSecond: 0 })).rejects.toMatchObject({ code: 'bad_option' });
  });

  it('has each id once', async () => {
    const options = await world.options('fleet-b');
    await expect(createFleet([options, options])).rejects.toMatchObject({ code: 'bad_option' });
    await using fleet = await createFleet([options]);
    expect(() => fleet.device('nobody')).toThrow(expect.objectContaining({ code: 'bad_option' }));
  });
});
