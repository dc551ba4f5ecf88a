import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createVirtualDevice,
  systemClock,
  type Clock,
  type Health,
  type VirtualDeviceOptions,
} from '../../src/index.js';
import { mosquittoMissing } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { runUpdate } from '../support/flows.js';
import { skipUnless } from '../support/tools.js';
import { serveBytes } from '../support/update-server.js';
import { createDiary, createWorld, type World } from '../support/world.js';

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))('an update that does not prove itself', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    world.server.handler = serveBytes(await world.signed('1.1.0'));
  });

  const pendingDevice = async (id: string, health: () => Health, over: Partial<VirtualDeviceOptions> = {}) => {
    const diary = createDiary();
    const device = await createVirtualDevice(await world.options(id, { ...diary, health, ...over }));
    await device.start();
    await device.whenOnline();
    const outcome = runUpdate(world, id);
    await eventually(
      () => device.state.power === 'on' && device.state.bootState === 'pending_verify' && device.state.online,
      () => `not pending: ${JSON.stringify(device.state)}`,
    );
    return { device, diary, outcome };
  };

  it('is rolled back by itself when the health check is bad at the deadline', async () => {
    let ahead = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => performance.now() + ahead };
    const settings = { automaticChecks: false, confirmDeadlineSeconds: 60 };
    const { device, diary, outcome } = await pendingDevice('esp-ill', () => 'bad', { clock, settings });
    ahead = 61_000;
    expect(await outcome).toMatchObject({ state: 'rolled_back', reason: 'not_confirmed' });
    expect(device.state).toMatchObject({ version: '1.0.0', slot: 'ota_0', resetReason: 'software' });
    expect(diary.events).toContainEqual(expect.objectContaining({ type: 'rolledBack', by: 'application' }));
    await device.stop();
  });

  it('is rolled back by the bootloader after a panic', async () => {
    const { device, diary, outcome } = await pendingDevice('esp-panic', () => 'wait');
    device.reset('panic');
    expect(await outcome).toMatchObject({ state: 'rolled_back' });
    expect(device.state).toMatchObject({ version: '1.0.0', slot: 'ota_0', resetReason: 'panic' });
    expect(diary.events).toContainEqual(expect.objectContaining({ type: 'rolledBack', by: 'bootloader' }));
    await device.stop();
  });

  it('is given up by the bootloader after a power loss, and the old image runs', async () => {
    const { device, outcome } = await pendingDevice('esp-plug', () => 'wait');
    device.powerOff();
    expect(device.state).toMatchObject({ power: 'off', connected: false });
    device.powerOn();
    expect(device.state).toMatchObject({ power: 'on', slot: 'ota_0', resetReason: 'power_on' });
    expect(await outcome).toMatchObject({ state: 'rolled_back' });
    await device.stop();
  });

  it('is confirmed as soon as the health check is good', async () => {
    let health: Health = 'wait';
    const { device, outcome } = await pendingDevice('esp-late', () => health);
    health = 'good';
    expect(await outcome).toMatchObject({ state: 'confirmed', to: '1.1.0' });
    await device.stop();
  });
});
