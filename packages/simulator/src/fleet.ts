import { createCoreModule } from './core/core-module.js';
import { checkTrust } from './device/check-trust.js';
import type { VirtualDeviceOptions } from './device/device-options.js';
import { createDevice, type SharedParts, type VirtualDevice } from './device/virtual-device.js';
import { SimulatorError } from './errors.js';
import { inTurn } from './in-turn.js';
import { pause, systemClock, type Clock } from './ports/clock.js';
import { createSecureContexts } from './ports/credentials.js';

const createSharedParts = (): SharedParts => ({
  core: createCoreModule(),
  secureContexts: createSecureContexts(),
});

/**
 * One virtual ESP32: programmed at the factory when its flash is blank, and off.
 * @throws SimulatorError `bad_option`, `state_file`, `state_file_locked`
 */
export async function createVirtualDevice(options: VirtualDeviceOptions): Promise<VirtualDevice> {
  await checkTrust(options);
  return createDevice(options, createSharedParts());
}

/** Several devices in one process: one instance of the core, one TLS context per set of credentials. */
export interface Fleet extends AsyncDisposable {
  readonly devices: readonly VirtualDevice[];
  /** @throws SimulatorError `bad_option` for an id that is not in the fleet */
  device(id: string): VirtualDevice;
  /** Starts every device that is off. Resolves when all firmware runs. @throws SimulatorError `aborted`, by `stop` too */
  start(): Promise<void>;
  /** Switches all off, a few at a time, so that each can say goodbye to the broker. Idempotent. */
  stop(): Promise<void>;
}

/** How a {@link Fleet} is started and stopped. */
export interface FleetOptions {
  /** Aborting stops every device. */
  readonly signal?: AbortSignal;
  /** Devices that `start` powers up in one second, at least 1. Default: all at once. */
  readonly startsPerSecond?: number;
  /** Paces `start`. Default: the platform's clock. */
  readonly clock?: Clock;
}

/** Devices that say goodbye at once: none of them waits for longer than the second that it has. */
const STOPPING_AT_ONCE = 50;

/**
 * Creates devices that are off. When one cannot be created, the others are released.
 * @throws SimulatorError `bad_option` (also for an id that occurs twice), `state_file`, `state_file_locked`, `aborted`
 */
export async function createFleet(list: readonly VirtualDeviceOptions[], options: FleetOptions = {}): Promise<Fleet> {
  const { signal, startsPerSecond = Infinity, clock = systemClock } = options;
  if (signal?.aborted === true) throw new SimulatorError('aborted', 'the fleet was aborted before it began');
  if (!(startsPerSecond >= 1)) throw new SimulatorError('bad_option', 'startsPerSecond is at least 1');
  const byId = new Map<string, VirtualDevice>();
  let starting = new AbortController();
  const stop = async (): Promise<void> => {
    signal?.removeEventListener('abort', onAbort);
    starting.abort();
    await inTurn([...byId.values()], STOPPING_AT_ONCE, (device) => device.stop());
  };
  const onAbort = (): void => {
    void stop();
  };
  try {
    const shared = createSharedParts();
    for (const each of list) {
      await checkTrust(each);
      if (byId.has(each.id)) throw new SimulatorError('bad_option', `device id ${each.id} occurs twice`);
      byId.set(each.id, createDevice(each, shared));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  signal?.addEventListener('abort', onAbort, { once: true });

  /** The n-th device starts n / rate after the first, however long the starts take. */
  const startInPace = async (devices: readonly VirtualDevice[], ended: AbortSignal): Promise<void> => {
    const beganMs = clock.monotonicMs();
    for (const [index, device] of devices.entries()) {
      const aheadMs = (index * 1000) / startsPerSecond - (clock.monotonicMs() - beganMs);
      if (aheadMs > 0) await pause(clock, aheadMs, ended);
      if (ended.aborted) throw new SimulatorError('aborted', 'the fleet was stopped while it started');
      await device.start();
    }
  };
  return {
    devices: [...byId.values()],
    device(id) {
      const found = byId.get(id);
      if (found === undefined) throw new SimulatorError('bad_option', `device ${id} is not in the fleet`);
      return found;
    },
    async start() {
      if (signal?.aborted === true) throw new SimulatorError('aborted', 'the fleet was aborted');
      starting = new AbortController();
      const off = [...byId.values()].filter(({ state }) => state.power === 'off');
      if (Number.isFinite(startsPerSecond)) await startInPace(off, starting.signal);
      else await Promise.all(off.map((device) => device.start()));
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** {@link createFleet} and start. When one device does not start, all are stopped. */
export async function startVirtualDevices(
  list: readonly VirtualDeviceOptions[],
  options: FleetOptions = {},
): Promise<Fleet> {
  const fleet = await createFleet(list, options);
  try {
    await fleet.start();
    return fleet;
  } catch (error) {
    await fleet.stop();
    throw error;
  }
}
