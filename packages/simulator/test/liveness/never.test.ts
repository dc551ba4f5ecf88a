import { beforeAll, describe, expect, it } from 'vitest';
import { createCoreModule, type CoreModule } from '../../src/core/core-module.js';
import { createMaterials, type Materials } from '../power/materials.js';
import { createRig, type Rig, type RigOptions } from './rig.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const CORRELATION = 'c0ffee00c0ffee00c0ffee00c0ffee00';

describe('a device', () => {
  let core: CoreModule;
  let materials: Materials;
  beforeAll(async () => {
    core = createCoreModule();
    materials = await createMaterials();
  });
  /** Online, and only commands start updates. */
  const quiet = async (over: Partial<RigOptions> = {}): Promise<Rig> => {
    const device = { settings: { automaticChecks: false }, ...over.device };
    const rig = createRig({ core, materials, ...over, device });
    expect(await rig.pass(MINUTE, () => rig.device.state.online)).toBe(true);
    return rig;
  };
  /** Commands an update, and waits for its end. */
  const update = async (rig: Rig, broadcast = false): Promise<string | undefined> => {
    const before = rig.ends().length;
    rig.command('update/run', { broadcast });
    await rig.pass(30 * MINUTE, () => rig.ends().length > before && rig.device.state.online);
    return rig.ends().at(-1);
  };
  /** Takes the offered image, crashes before it is confirmed, and is back with the old one. */
  const crashed = async (rig: Rig): Promise<void> => {
    rig.offer(materials.builds.offered);
    rig.command('update/run');
    expect(await rig.pass(5 * MINUTE, () => rig.device.state.bootCount === 2)).toBe(true);
    rig.device.reset('panic');
    expect(await rig.pass(MINUTE, () => rig.device.state.bootCount === 3 && rig.device.state.online)).toBe(true);
    expect(rig.device.state).toMatchObject({ version: '1.0.0', update: { state: 'rolled_back' } });
  };

  it('never runs two updates at once', async () => {
    const rig = createRig({ core, materials, device: { settings: { intervalSeconds: 300 }, bytesPerSecond: 2000 } });
    rig.offer(materials.builds.offered);
    const answers: string[] = [];
    for (let minute = 0; minute < 20; minute += 1) {
      const commands = [rig.command('update/run'), rig.command('update/run')];
      rig.command('update/run', { broadcast: true });
      await rig.pass(10 * SECOND);
      if (minute % 3 === 1) rig.server.memory.drop();
      await rig.pass(5 * SECOND);
      for (const command of commands) answers.push(JSON.stringify(rig.reply(command)));
    }
    expect(rig.server.mostAtOnce).toBe(1);
    expect(answers.filter((answer) => answer.includes('"busy"')).length).toBeGreaterThan(1);
    const runs = answers.flatMap((answer) => /"run":(\d+)/.exec(answer)?.[1] ?? []);
    expect(new Set(runs).size).toBe(runs.length);
  });

  it('does not restart for a retained command, however often it comes', async () => {
    const rig = await quiet();
    for (let count = 0; count < 20; count += 1) {
      const restart = rig.command('restart', { retained: true });
      const run = rig.command('update/run', { retained: true });
      rig.command('restart', { retained: true, broadcast: true });
      await rig.pass(10 * SECOND);
      for (const command of [restart, run]) expect(rig.reply(command)).toMatchObject({ ok: false, code: 'retained' });
    }
    expect(rig.device.state).toMatchObject({ bootCount: 1, update: { state: 'idle', run: 0 } });
  });

  it('restarts once for a command that is delivered again after each boot', async () => {
    const rig = await quiet();
    for (let count = 0; count < 5; count += 1) {
      rig.command('restart', { correlation: CORRELATION });
      await rig.pass(30 * SECOND);
      rig.device.reset('panic');
      await rig.pass(MINUTE, () => rig.device.state.online);
    }
    // One of the command, and five panics.
    expect(rig.device.state.bootCount).toBe(1 + 1 + 5);
    expect(rig.reply(CORRELATION)).toMatchObject({ ok: false, code: 'duplicate' });
  });

  it('updates once for a command that is delivered again after each boot', async () => {
    const rig = await quiet();
    rig.offer(materials.builds.offered);
    for (let count = 0; count < 5; count += 1) {
      rig.command('update/run', { correlation: CORRELATION });
      await rig.pass(5 * MINUTE);
    }
    expect(rig.ends()).toEqual(['confirmed']);
    expect(rig.device.state).toMatchObject({ version: '1.1.0', bootCount: 2 });
    expect(rig.reply(CORRELATION)).toMatchObject({ ok: false, code: 'duplicate' });
  });

  it('keeps a failed image blocked while an older one is offered in between', async () => {
    const rig = createRig({ core, materials, device: { settings: { intervalSeconds: 300 } } });
    await crashed(rig);
    const { bootCount } = rig.device.state;
    for (const build of [materials.builds.offered, materials.builds.previous, materials.builds.offered]) {
      rig.offer(build);
      const before = rig.ends().length;
      expect(await rig.pass(HOUR, () => rig.ends().length > before + 1)).toBe(true);
      const why = build === materials.builds.previous ? 'failed lower_version' : 'failed blocked';
      expect(rig.ends().at(-1)).toBe(why);
    }
    expect(rig.device.state).toMatchObject({ version: '1.0.0', bootCount });
  });

  it('keeps a failed image blocked when a broadcast asks for it', async () => {
    const rig = await quiet();
    await crashed(rig);
    expect(await update(rig, true)).toBe('failed blocked');
    expect(rig.device.state).toMatchObject({ version: '1.0.0', bootCount: 3 });
  });

  it('tries a blocked image again when an operator asks that device', async () => {
    const rig = await quiet();
    await crashed(rig);
    expect(await update(rig)).toBe('confirmed');
    expect(rig.device.state).toMatchObject({ version: '1.1.0', bootState: 'valid' });
  });

  it('takes a newer image while another one is blocked', async () => {
    const rig = await quiet();
    await crashed(rig);
    rig.offer(materials.builds.withdrawn);
    expect(await update(rig, true)).toBe('confirmed');
    expect(rig.device.state.version).toBe(materials.builds.withdrawn.version);
  });

  it('keeps an image that found itself unfit blocked', async () => {
    const rig = await quiet({ device: { settings: { automaticChecks: false }, health: () => 'bad' } });
    rig.offer(materials.builds.offered);
    expect(await update(rig)).toBe('rolled_back not_confirmed');
    expect(await update(rig, true)).toBe('failed blocked');
    expect(rig.device.state).toMatchObject({ version: '1.0.0', bootCount: 3 });
  });
});
