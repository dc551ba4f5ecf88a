import { createHash } from 'node:crypto';
import type { UpdateReason, UpdateStateEvent } from '@secure-esp/protocol';
import { expect } from 'vitest';
import {
  createMemoryFlash,
  createVirtualDevice,
  type Flash,
  type VirtualDevice,
  type VirtualDeviceOptions,
} from '../../src/index.js';
import { createLayout } from '../../src/flash/layout.js';
import { eventually } from './eventually.js';
import { runUpdate } from './flows.js';
import { file, overTls, startHostileServer, type Act, type Answer, type HostileServer } from './hostile-server.js';
import { createWorld, type World } from './world.js';

const SLOT_BYTES = 128 * 1024;
/** How much later than its deadlines a device may end on a machine that is busy. */
const SLACK_MS = 15_000;

export const QUICK_TIMEOUTS = { connectMs: 2000, idleMs: 800, downloadMs: 2500 };

/** A device that is to be attacked, and what of its flash must not change. */
export interface Target extends AsyncDisposable {
  readonly id: string;
  readonly device: VirtualDevice;
  /** Its own, so that cases do not meet. */
  readonly server: HostileServer;
  /** Runs an update against this act and expects that it fails and changes nothing; tells how it ended. */
  withstand(act: Act, reasons: readonly UpdateReason[]): Promise<UpdateStateEvent>;
  /** Runs an update against an honest server and expects the new version. */
  recover(act?: Act): Promise<void>;
}

export interface Siege extends AsyncDisposable {
  readonly world: World;
  /** A good image, of version 1.1.0. The devices run 1.0.0. */
  readonly image: Uint8Array;
  /** With the update server's certificate. */
  readonly tls: (answer: Answer) => Act;
  target(over?: Partial<VirtualDeviceOptions>): Promise<Target>;
  /** A new device withstands the act, then recovers. */
  withstand(
    act: Act,
    reasons: readonly UpdateReason[],
    over?: Partial<VirtualDeviceOptions>,
  ): Promise<UpdateStateEvent>;
}

const layout = createLayout(SLOT_BYTES);
/** The running slot and the boot record. */
const fingerprint = (flash: Flash): readonly string[] =>
  [layout.slots.ota_0, layout.otaData].map(({ offset, length }) =>
    createHash('sha256').update(flash.read(offset, length)).digest('hex'),
  );

/** A world for devices whose servers do what they want. */
export const createSiege = async (): Promise<Siege> => {
  const world = await createWorld();
  const image = await world.signed('1.1.0');
  const tls = (answer: Answer): Act => overTls(world.pki.tree.ota, answer);
  let count = 0;

  const target = async (over: Partial<VirtualDeviceOptions> = {}): Promise<Target> => {
    count += 1;
    const id = `target-${String(count)}`;
    const server = await startHostileServer();
    const flash = createMemoryFlash(SLOT_BYTES);
    const options = await world.options(id, { flash, slotBytes: SLOT_BYTES, downloadRetries: 0, ...over });
    const device = await createVirtualDevice({ ...options, ota: { ...options.ota, url: server.url } });
    await device.start();
    await device.whenOnline();
    const { connectMs = 10_000, idleMs = 20_000, downloadMs = 60_000 } = options.timeouts ?? {};
    const before = fingerprint(flash);
    return {
      id,
      device,
      server,
      async withstand(act, reasons) {
        server.act = act;
        const started = performance.now();
        const ended = await runUpdate(world, id);
        expect(performance.now() - started).toBeLessThan(connectMs + idleMs + downloadMs + SLACK_MS);
        expect(ended).toMatchObject({ state: 'failed', from: '1.0.0' });
        expect(reasons).toContain(ended.reason);
        expect(device.state).toMatchObject({ power: 'on', version: '1.0.0', slot: 'ota_0', bootCount: 1 });
        expect(fingerprint(flash)).toEqual(before);
        // The device has hung up: nothing of the transfer is left running.
        await eventually(
          () => server.open === 0,
          () => 'the device keeps the connection',
        );
        return ended;
      },
      async recover(act = tls(file(image))) {
        server.act = act;
        expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', from: '1.0.0', to: '1.1.0' });
        expect(device.state).toMatchObject({ version: '1.1.0', slot: 'ota_1', bootState: 'valid' });
      },
      async [Symbol.asyncDispose]() {
        await device.stop();
        await server[Symbol.asyncDispose]();
      },
    };
  };
  return {
    world,
    image,
    tls,
    target,
    async withstand(act, reasons, over) {
      await using attacked = await target(over);
      const ended = await attacked.withstand(act, reasons);
      await attacked.recover();
      return ended;
    },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
    },
  };
};
