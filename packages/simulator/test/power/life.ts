import { createSecureContext } from 'node:tls';
import type { CoreModule } from '../../src/core/core-module.js';
import { createDevice } from '../../src/device/virtual-device.js';
import { isSimulatorError, withPowerCut, type DeviceEvent, type TearOptions } from '../../src/index.js';
import { seededRandom } from '../../src/flash/torn.js';
import { checkImage } from '../../src/ports/image-checker.js';
import { flashOn, observed, type FlashDump, type Operation } from './flash-dump.js';
import { SLOT_BYTES, type Materials } from './materials.js';
import type { Goal } from './goals.js';
import { createFaultyLink, type FaultyLink } from '../support/faulty-link.js';
import { createMemoryServer, type MemoryServer } from './memory-server.js';
import { createOperator } from './operator.js';
import { readRecords } from './records.js';
import { BUILTIN_URL, DEVICE_ID, type Scenario } from './scenario.js';
import { createVirtualTime } from './virtual-time.js';
import { createWitness, type Witness } from './witness.js';

const OFF_MS = 1000;
/** With this one, the first automatic check comes after the operator's commands. */
const SEED = 2;

/** Power is lost at this erase or write, counted from 1 since power came. */
export interface PowerLoss extends TearOptions {
  readonly at: number;
}

/** Something else that goes wrong, by the clock. */
export interface NetworkFault {
  readonly kind: 'connection' | 'server' | 'broker';
  readonly atMs: number;
  readonly forMs: number;
}

export interface Faults {
  readonly power: readonly PowerLoss[];
  readonly network?: readonly NetworkFault[];
}

/** How a device fared. */
export interface Life {
  readonly witness: Witness;
  readonly operations: readonly Operation[];
  /** Virtual time from the end of the last fault to the end of the update. */
  readonly recoveryMs: number;
  readonly dump: FlashDump;
  readonly runs: readonly number[];
  readonly server: MemoryServer;
  readonly lines: readonly string[];
}

export interface Given {
  readonly core: CoreModule;
  readonly materials: Materials;
  readonly scenario: Scenario;
  readonly faults?: Faults;
  /** Of everything random in the device. */
  readonly seed?: number;
  readonly goal: Goal;
  /** Pulls the plug when this happens. */
  readonly unplug?: (event: DeviceEvent) => boolean;
}

const secureContext = createSecureContext();

const planNetwork = (
  { clock }: ReturnType<typeof createVirtualTime>,
  faults: readonly NetworkFault[],
  broker: FaultyLink,
  server: MemoryServer,
): void => {
  for (const { kind, atMs, forMs } of faults) {
    const set = (reachable: boolean): void => {
      if (kind === 'broker') broker.fault = reachable ? undefined : 'unreachable';
      else if (kind === 'server') server.reachable = reachable;
      else if (!reachable) server.drop();
    };
    clock.schedule(atMs, () => {
      set(false);
      clock.schedule(forMs, () => {
        set(true);
      });
    });
  }
};

/** Switches a device on, lets the planned things go wrong, and watches until it is where it should be. */
export const live = async (given: Given): Promise<Life> => {
  const { core, materials, scenario, faults = { power: [] }, seed = SEED, goal, unplug } = given;
  const { boundMs } = goal;
  const time = createVirtualTime();
  const server = createMemoryServer(time);
  scenario.serve(server);
  const operator = createOperator(time, () => broker, DEVICE_ID, scenario.commands);
  const broker = createFaultyLink(operator.received);
  const witness = createWitness(scenario, () => operator.granted);
  const lines: string[] = [];
  const note = (text: string): void => void lines.push(`${(time.nowMs / 1000).toFixed(2)} ${text}`);

  const dump = scenario.dump.slice();
  const operations: Operation[] = [];
  const flash = withPowerCut(flashOn(dump));
  const random = seededRandom(seed);
  let over = false;
  let dark = true;
  let lastFaultMs = Math.max(0, ...(faults.network ?? []).map(({ atMs, forMs }) => atMs + forMs));

  const lost = (): void => {
    // A loss within the boot is told twice.
    if (dark) return;
    dark = true;
    lastFaultMs = Math.max(lastFaultMs, time.nowMs + OFF_MS);
    note(`power lost at ${JSON.stringify(operations.at(-1))}`);
    witness.powerLost(dump);
    time.clock.schedule(OFF_MS, powerUp);
  };
  const powerUp = (): void => {
    dark = false;
    const next = faults.power[witness.losses];
    flash.restore(next?.at ?? Infinity, next ?? {});
    try {
      device.powerOn();
    } catch (error) {
      if (!isSimulatorError(error)) throw error;
      if (error.code === 'power_cut') lost();
      else witness.violation(`the device does not start: ${error.message}`);
    }
  };
  const onEvent = (event: DeviceEvent): void => {
    if (event.type === 'updateState') note(`state ${JSON.stringify(event.update)}`);
    else if (event.type !== 'downloadProgress') note(event.type === 'booted' ? `booted ${event.version}` : event.type);
    witness.event(event);
    if (event.type === 'poweredOff' && !over) lost();
    else if (event.type === 'restarting') witness.atRest(dump);
    if (unplug?.(event) === true) device.powerOff();
  };
  const device = createDevice(
    {
      id: DEVICE_ID,
      firmware: scenario.running.image,
      flash: observed(flash, (operation) => {
        operations.push(operation);
      }),
      slotBytes: SLOT_BYTES,
      mqtt: { url: 'mqtts://broker.example:8884', ca: '', cert: '', key: '' },
      ota: { url: BUILTIN_URL, ca: '', cert: '', key: '' },
      trusted: materials.trusted,
      releaseKeys: [materials.releaseKey],
      settings: { confirmDeadlineSeconds: 60 },
      clock: time.clock,
      randomU32: () => Math.floor(random() * 2 ** 32),
      health: () => scenario.health,
      onEvent,
      onLog: ({ text }) => {
        note(`| ${text}`);
      },
    },
    {
      core,
      secureContexts: () => secureContext,
      links: {
        createMqttPort: broker.createMqttPort,
        openDownload: server.openDownload,
        checkImage: (check) => time.await(checkImage(check)),
      },
    },
  );
  planNetwork(time, faults.network ?? [], broker, server);
  powerUp();
  operator.start();

  // Every fault begins the time anew.
  const isOver = (): boolean =>
    witness.violations.length > 0 || (time.nowMs >= lastFaultMs && operator.done && goal.reached(witness, dump));
  for (let deadline = -1; deadline < lastFaultMs + boundMs;) {
    deadline = lastFaultMs + boundMs;
    if (await time.run(isOver, deadline)) break;
  }
  for (const run of operator.runs) {
    if (operator.runs.filter((other) => other === run).length > 1) witness.violation(`run ${String(run)} came twice`);
  }
  if (!isOver()) witness.violation(`not there ${String(boundMs / 1000)} s after the last fault`);
  const recoveryMs = time.nowMs - lastFaultMs;
  over = true;
  device.powerOff();
  goal.check(witness, readRecords(dump), scenario);
  return { witness, operations, recoveryMs, dump, runs: operator.runs, server, lines };
};
