import { beforeAll, describe, expect, it } from 'vitest';
import { createCoreModule, type CoreModule } from '../../src/core/core-module.js';
import { createMaterials, type Materials } from '../power/materials.js';
import { boundMsOf } from './page.js';
import { createRig, type Rig, type RigOptions } from './rig.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Every fault with other jitter, too. */
const SEEDS = [1, 2, 3, 4, 5];

describe.each(SEEDS)('a device whose jitter is seeded with %i', (seed) => {
  let core: CoreModule;
  let materials: Materials;
  beforeAll(async () => {
    core = createCoreModule();
    materials = await createMaterials();
  });
  const rigOf = (over: Partial<RigOptions> = {}): Rig => createRig({ core, materials, seed, ...over });
  const isOnline =
    ({ device }: Rig) =>
    (): boolean =>
      device.state.online;

  /** Connected, and through its first check. */
  const settled = async (over: Partial<RigOptions> = {}): Promise<Rig> => {
    const rig = rigOf(over);
    rig.offer(materials.builds.previous);
    expect(await rig.pass(10 * MINUTE, () => rig.ends().length > 0)).toBe(true);
    expect(rig.device.state.online).toBe(true);
    return rig;
  };
  /** A version that is newer is there from now on. */
  const recovers = async (rig: Rig, test: string, until: (rig: Rig) => boolean): Promise<void> => {
    const began = rig.time.nowMs;
    expect(await rig.pass(boundMsOf(test), () => until(rig)), `${test}: not within its bound`).toBe(true);
    expect(rig.time.nowMs - began).toBeLessThanOrEqual(boundMsOf(test));
  };
  const asked = (rig: Rig): (() => boolean) => {
    const before = rig.server.memory.requests.length;
    return () => rig.server.memory.requests.length > before;
  };
  const confirmed = ({ device }: Rig): boolean =>
    device.state.version === '1.1.0' &&
    device.state.bootState === 'valid' &&
    device.state.update?.state === 'confirmed';
  /** An update by command, up to the moment when the condition holds. */
  const updateUntil = async (rig: Rig, until: () => boolean): Promise<void> => {
    rig.offer(materials.builds.offered);
    rig.command('update/run');
    expect(await rig.pass(5 * MINUTE, until)).toBe(true);
  };

  it.each([
    ['is online again after the broker was gone', 'unreachable'],
    ['is online again after the broker failed TLS', 'tls'],
  ] as const)('%s', async (test, fault) => {
    const rig = await settled();
    rig.link.fault = fault;
    await rig.pass(30 * HOUR);
    expect(rig.device.state).toMatchObject({ power: 'on', online: false, bootCount: 1 });
    rig.link.fault = undefined;
    await recovers(rig, test, ({ device }) => device.state.online);
  });

  it.each([
    ['asks again after the update server was gone', 'unreachable'],
    ['asks again after the update server failed TLS', 'tls'],
  ] as const)('%s', async (test, fault) => {
    const rig = rigOf();
    rig.server.fault = fault;
    rig.offer(materials.builds.offered);
    await rig.pass(30 * HOUR);
    expect(new Set(rig.ends())).toEqual(new Set([`failed ${fault}`]));
    rig.server.fault = undefined;
    const again = asked(rig);
    await recovers(rig, test, again);
    expect(await rig.pass(5 * MINUTE, () => confirmed(rig))).toBe(true);
  });

  it('is online and asks again after the network was gone', async () => {
    const rig = await settled();
    rig.link.fault = 'unreachable';
    rig.server.fault = 'unreachable';
    rig.offer(materials.builds.offered);
    await rig.pass(54 * HOUR);
    rig.link.fault = undefined;
    rig.server.fault = undefined;
    const again = asked(rig);
    await recovers(rig, 'is online and asks again after the network was gone', (now) => isOnline(now)() && again());
    expect(await rig.pass(5 * MINUTE, () => confirmed(rig))).toBe(true);
  });

  it('goes on with a download after Wi-Fi flapped', async () => {
    const rig = await settled();
    await updateUntil(rig, () => rig.count('downloadProgress') > 2);
    for (let flap = 0; flap < 4; flap += 1) {
      rig.link.fault = 'unreachable';
      rig.server.fault = 'unreachable';
      await rig.pass(300);
      rig.link.fault = undefined;
      rig.server.fault = undefined;
      await rig.pass(4 * SECOND);
    }
    rig.link.fault = 'unreachable';
    rig.server.fault = 'unreachable';
    await rig.pass(SECOND);
    rig.link.fault = undefined;
    rig.server.fault = undefined;
    const before = rig.count('downloadProgress');
    const over = (): boolean => rig.count('downloadProgress') > before || rig.count('slotWritten') > 0;
    await recovers(rig, 'goes on with a download after Wi-Fi flapped', over);
    expect(await rig.pass(5 * MINUTE, () => confirmed(rig))).toBe(true);
    expect(rig.ends().filter((end) => end.startsWith('failed'))).toHaveLength(1);
  });

  it('goes on with a download after it stalled', async () => {
    const rig = await settled();
    await updateUntil(rig, () => rig.count('downloadProgress') > 2);
    rig.server.fault = 'stalled';
    await rig.pass(MINUTE);
    rig.server.fault = undefined;
    const before = rig.count('downloadProgress');
    await recovers(rig, 'goes on with a download after it stalled', () => rig.count('downloadProgress') > before);
    expect(rig.server.memory.requests.at(-1)?.from).toBeGreaterThan(0);
    expect(await rig.pass(5 * MINUTE, () => confirmed(rig))).toBe(true);
  });

  it('is online and asks again after its clock was behind', async () => {
    let wrong = true;
    const rig = rigOf({ clockErrorMs: () => (wrong ? -Date.UTC(2026, 0, 1) : 0) });
    // No certificate is valid yet.
    rig.link.fault = 'tls';
    rig.server.fault = 'tls';
    rig.offer(materials.builds.offered);
    await rig.pass(30 * HOUR);
    wrong = false;
    rig.link.fault = undefined;
    rig.server.fault = undefined;
    const again = asked(rig);
    await recovers(rig, 'is online and asks again after its clock was behind', (now) => isOnline(now)() && again());
    expect(await rig.pass(5 * MINUTE, () => confirmed(rig))).toBe(true);
  });

  it('takes a release at the next check after its clock was ahead', async () => {
    let wrong = true;
    const rig = rigOf({
      clockErrorMs: () => (wrong ? 20 * 365 * 24 * HOUR : 0),
      device: { settings: { requireManifest: true } },
    });
    rig.offerSigned(materials.builds.offered, 1);
    expect(await rig.pass(10 * MINUTE, () => rig.ends().length > 0)).toBe(true);
    expect(rig.ends()).toEqual(['failed manifest_expired']);
    wrong = false;
    await recovers(rig, 'takes a release at the next check after its clock was ahead', confirmed);
  });

  it('tells the state of a run whose reply was lost', async () => {
    const rig = await settled();
    rig.offer(materials.builds.offered);
    rig.link.deaf = true;
    const lost = rig.command('update/run');
    await rig.pass(SECOND);
    rig.link.fault = 'unreachable';
    await rig.pass(SECOND);
    rig.link.deaf = false;
    expect(rig.reply(lost)).toBeUndefined();
    const before = rig.published.length;
    rig.link.fault = undefined;
    await recovers(rig, 'tells the state of a run whose reply was lost', () =>
      rig.published.slice(before).some(({ topic }) => topic.endsWith('/update/state')),
    );
    // Whoever sends it again learns that it was obeyed; it is not obeyed twice.
    rig.command('update/run', { correlation: lost });
    expect(await rig.pass(5 * MINUTE, () => confirmed(rig))).toBe(true);
    expect(rig.ends().filter((end) => end === 'confirmed')).toHaveLength(1);
    expect(rig.count('restarting')).toBe(1);
  });

  const rebootsInto = async (rig: Rig): Promise<void> => {
    await updateUntil(rig, () => rig.count('booted') === 2);
    expect(rig.device.state).toMatchObject({ version: '1.1.0', bootState: 'pending_verify' });
  };

  it('confirms an image after the broker was gone for 23 hours', async () => {
    const rig = await settled();
    await rebootsInto(rig);
    rig.link.fault = 'unreachable';
    await rig.pass(23 * HOUR);
    expect(rig.device.state).toMatchObject({ version: '1.1.0', bootState: 'pending_verify', bootCount: 2 });
    rig.link.fault = undefined;
    await recovers(rig, 'confirms an image after the broker was gone for 23 hours', confirmed);
    expect(rig.count('rolledBack')).toBe(0);
  });

  it('confirms an image after the network was gone for 23 hours', async () => {
    const rig = await settled();
    await rebootsInto(rig);
    rig.link.fault = 'unreachable';
    rig.server.fault = 'unreachable';
    await rig.pass(23 * HOUR);
    expect(rig.device.state).toMatchObject({ version: '1.1.0', bootState: 'pending_verify', bootCount: 2 });
    rig.link.fault = undefined;
    rig.server.fault = undefined;
    await recovers(rig, 'confirms an image after the network was gone for 23 hours', confirmed);
    expect(rig.count('rolledBack')).toBe(0);
  });
});
