import { createCoreModule } from './core/core-module.js';
import { checkTrust } from './device/check-trust.js';
import type { VirtualDeviceOptions } from './device/device-options.js';
import { createDevice, type SharedParts, type VirtualDevice } from './device/virtual-device.js';
import { SimulatorError } from './errors.js';
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
  /** Starts every device that is off. Resolves when all firmware runs. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface FleetOptions {
  /** Aborting stops every device. */
  readonly signal?: AbortSignal;
}

/**
 * Creates devices that are off. When one cannot be created, the others are released.
 * @throws SimulatorError `bad_option` (also for an id that occurs twice), `state_file`, `state_file_locked`, `aborted`
 */
export async function createFleet(list: readonly VirtualDeviceOptions[], options: FleetOptions = {}): Promise<Fleet> {
  const { signal } = options;
  if (signal?.aborted === true) throw new SimulatorError('aborted', 'the fleet was aborted before it began');
  const byId = new Map<string, VirtualDevice>();
  const stop = async (): Promise<void> => {
    signal?.removeEventListener('abort', onAbort);
    await Promise.all([...byId.values()].map((device) => device.stop()));
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
  return {
    devices: [...byId.values()],
    device(id) {
      const found = byId.get(id);
      if (found === undefined) throw new SimulatorError('bad_option', `device ${id} is not in the fleet`);
      return found;
    },
    async start() {
      if (signal?.aborted === true) throw new SimulatorError('aborted', 'the fleet was aborted');
      await Promise.all(
        [...byId.values()].filter(({ state }) => state.power === 'off').map((device) => device.start()),
      );
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
