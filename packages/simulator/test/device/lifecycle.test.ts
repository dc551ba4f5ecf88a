import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryFlash, createVirtualDevice, type VirtualDeviceOptions } from '../../src/index.js';
import { mosquittoMissing } from '../support/broker.js';
import { bundleProgram } from '../support/bundle.js';
import { eventually } from '../support/eventually.js';
import { runUpdate } from '../support/flows.js';
import { skipUnless } from '../support/tools.js';
import { serveBytes } from '../support/update-server.js';
import { createDiary, createWorld, type World } from '../support/world.js';

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))('the life of a device', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld('esp32');
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  const running = async (id: string, over: Partial<VirtualDeviceOptions> = {}) => {
    const diary = createDiary();
    const device = await createVirtualDevice(await world.options(id, { ...diary, ...over }));
    await device.start();
    await device.whenOnline();
    await world.operator.until((topic) => topic === `/esp/devices/${id}/status`);
    return { device, diary };
  };
  const presence = (id: string): boolean[] =>
    world.operator.received
      .filter(({ topic }) => topic === `/esp/devices/${id}/status`)
      .map(({ payload }) => (JSON.parse(payload) as { online: boolean }).online);

  it('ends with an offline status at once when it is stopped', async () => {
    const { device } = await running('life-stop');
    await device.stop();
    await eventually(
      () => presence('life-stop').at(-1) === false,
      () => 'still online',
      1000,
    );
    await device.stop();
    expect(device.state).toMatchObject({ power: 'off', connected: false });
  });

  it('leaves nothing running: its process ends by itself', async () => {
    const { firmware, ...rest } = await world.options('life-worker');
    const file = join(world.pki.dir, 'worker.json');
    await writeFile(
      file,
      JSON.stringify({ ...rest, trusted: {}, firmware: [], image: Buffer.from(firmware).toString('base64') }),
    );
    const program = await bundleProgram('device-worker', world.pki.dir);
    const child = spawn(process.execPath, [program, file], {
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: 10_000,
    });
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(presence('life-worker')).toEqual([true, false]);
  }, 15_000);

  it('goes offline by its will some seconds after the plug was pulled', async () => {
    const { device } = await running('life-plug');
    device.powerOff();
    const cut = performance.now();
    await eventually(
      () => presence('life-plug').at(-1) === false,
      () => 'still online',
      8000,
    );
    expect(performance.now() - cut).toBeGreaterThan(3000);
    await device.stop();
  }, 15_000);

  it('shows no moment offline over a restart, a lost connection and a take-over', async () => {
    const id = 'life-flicker';
    const { device, diary } = await running(id);
    await world.operator.send(`/esp/devices/${id}/restart`);
    await eventually(
      () => device.state.bootCount === 2 && device.state.online,
      () => 'no restart',
    );
    expect(device.state.resetReason).toBe('software');
    const { cert, key } = world.pki.tree.operator;
    const other = await connectAsync(world.broker.url, {
      protocolVersion: 5,
      clientId: id,
      reconnectPeriod: 0,
      cert,
      key,
      ca: world.pki.tree.ca,
    });
    await eventually(
      () => diary.types().filter((type) => type === 'online').length === 3,
      () => 'no reconnect',
    );
    await other.endAsync(true);
    expect(presence(id)).not.toContain(false);
    await device.stop();
  });

  it('continues from its state file with settings and version', async () => {
    const id = 'life-file';
    const stateFile = join(world.pki.dir, 'flash', `${id}.flash`);
    const first = await running(id, { stateFile });
    world.server.handler = serveBytes(await world.signed('1.1.0'));
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed' });
    const since = world.operator.received.length;
    await world.operator.send(`/esp/devices/${id}/update/interval`, '4000');
    await world.operator.until((topic, payload) => topic.endsWith(`${id}/settings`) && /4000/.test(payload), since);
    await expect(createVirtualDevice(await world.options(id, { stateFile }))).rejects.toMatchObject({
      code: 'state_file_locked',
    });
    await first.device.stop();

    const again = world.operator.received.length;
    const second = await createVirtualDevice(await world.options(id, { stateFile }));
    await second.start();
    expect(second.state).toMatchObject({
      version: '1.1.0',
      slot: 'ota_1',
      bootState: 'valid',
      resetReason: 'power_on',
    });
    await world.operator.until((topic, payload) => topic.endsWith(`${id}/settings`) && /4000/.test(payload), again);
    await second.stop();
  });

  it('tells why it cannot connect, and keeps trying until it can', async () => {
    const gone = await world.options('life-lost');
    for (const [over, failure] of [
      [{ mqtt: { ...gone.mqtt, url: 'mqtts://localhost:1' } }, 'unreachable'],
      [{ mqtt: { ...gone.mqtt, ca: world.pki.tree.deviceCa } }, 'tls'],
    ] as const) {
      const diary = createDiary();
      const device = await createVirtualDevice({ ...gone, ...diary, ...over });
      await device.start();
      await eventually(
        () => diary.types().filter((type) => type === 'connectFailed').length >= 3,
        () => `events: ${diary.types().join()}`,
      );
      expect(diary.events).toContainEqual(expect.objectContaining({ type: 'connectFailed', failure }));
      await expect(device.whenOnline({ timeoutMs: 30 })).rejects.toMatchObject({ code: 'deadline' });
      await expect(device.whenOnline({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
      await device.stop();
    }
  });

  it('has an order: only what is off can be started, only what runs can be reset', async () => {
    const { device } = await running('life-order');
    await expect(device.start()).rejects.toMatchObject({ code: 'wrong_state' });
    expect(() => {
      device.powerOn();
    }).toThrow(expect.objectContaining({ code: 'wrong_state' }));
    device.powerOff();
    device.powerOff();
    expect(() => {
      device.reset('panic');
    }).toThrow(expect.objectContaining({ code: 'wrong_state' }));
    device.powerOn();
    await device.whenOnline();
    await device[Symbol.asyncDispose]();
    expect(device.state.power).toBe('off');
  });

  it('may be unplugged by a callback in the middle of what the core does', async () => {
    const id = 'life-callback';
    world.server.handler = serveBytes(await world.signed('1.1.0'));
    const device = await createVirtualDevice(
      await world.options(id, {
        onEvent: ({ type }) => {
          if (type === 'bootSwitched') device.powerOff();
        },
      }),
    );
    await device.start();
    await device.whenOnline();
    await world.operator.send(`/esp/devices/${id}/update/run`);
    await eventually(
      () => device.state.power === 'off',
      () => 'still powered',
    );
    device.powerOn();
    expect(device.state).toMatchObject({ slot: 'ota_1', bootState: 'pending_verify' });
    await eventually(
      () => device.state.bootState === 'valid',
      () => 'not confirmed',
    );
    await device.stop();
  });

  it('may be unplugged by a callback in the middle of a boot', async () => {
    const id = 'life-boot';
    const flash = createMemoryFlash(256 * 1024);
    world.server.handler = serveBytes(await world.signed('1.1.0'));
    const first = await running(id, { flash, health: () => 'wait' });
    await world.operator.send(`/esp/devices/${id}/update/run`);
    await eventually(
      () => first.device.state.bootState === 'pending_verify',
      () => 'no update',
    );
    first.device.powerOff();
    const types: string[] = [];
    const second = await createVirtualDevice(
      await world.options(id, {
        flash,
        onEvent: ({ type }) => {
          types.push(type);
          if (type === 'rolledBack') second.powerOff();
        },
      }),
    );
    second.powerOn();
    expect(types).toEqual(['rolledBack', 'poweredOff']);
    expect(second.state).toMatchObject({ power: 'off', online: false });
    await second.stop();
  });

  it('answers commands, and refuses what the contract refuses', async () => {
    const id = 'life-reply';
    const { device } = await running(id);
    const replies = `/esp/devices/${id}/replies/abcdefghijklmnop`;
    const ask = async (leaf: string, payload: string, correlation: string): Promise<unknown> => {
      const since = world.operator.received.length;
      await world.operator.client.publishAsync(`/esp/devices/${id}/${leaf}`, payload, {
        qos: 1,
        properties: { responseTopic: replies, correlationData: Buffer.from(correlation) },
      });
      return JSON.parse(await world.operator.until((topic) => topic === replies, since));
    };
    expect(await ask('update/interval', '5000', 'c1')).toEqual({ ok: true });
    expect(await ask('update/interval', '5', 'c2')).toMatchObject({ ok: false, code: 'out_of_range' });
    expect(await ask('update/interval', 'x'.repeat(20_000), 'c3')).toMatchObject({ ok: false, code: 'too_long' });
    expect(await ask('update/interval', '5000', 'c1')).toMatchObject({ ok: false, code: 'duplicate' });
    expect(await ask('update/interval', '5000', 'x'.repeat(2000))).toMatchObject({ ok: false, code: 'too_long' });
    expect(await ask('update/use_url', '1', 'c4')).toMatchObject({ ok: false, code: 'no_url' });
    await device.stop();
  });
});
