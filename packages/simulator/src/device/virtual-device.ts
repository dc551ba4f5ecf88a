import type { ResetReason, UpdateStateEvent } from '@secure-esp/protocol';
import type { CoreModule } from '../core/core-module.js';
import { encodeInstalledRecord, INSTALLED_KEY } from '../core/installed-record.js';
import { isSimulatorError, SimulatorError } from '../errors.js';
import { boot, checkBootable, type BootedImage } from '../flash/bootloader.js';
import { createMemoryFlash, openFileFlash, openInjectedFlash, type DeviceFlash } from '../flash/device-flash.js';
import type { FactoryImage } from '../flash/factory.js';
import type { Slot } from '../flash/layout.js';
import type { BootState } from '../flash/ota-data.js';
import type { SecureContexts } from '../ports/credentials.js';
import { createOnlineWaiters, type WaitOptions } from './online-waiters.js';
import type { VirtualDeviceOptions } from './device-options.js';
import { createReporter } from './reporter.js';
import { resolveOptions } from './resolve-options.js';
import { startSession, type Links, type Session } from './session.js';

/** `failed`: it cannot go on by itself; the error is in the `failed` event. */
export type PowerState = 'off' | 'on' | 'rebooting' | 'failed';

/** A snapshot. What a boot finds out is empty before the first one. */
export interface VirtualDeviceState {
  readonly power: PowerState;
  /** The broker has accepted its MQTT connection. */
  readonly connected: boolean;
  /** The broker knows it to be online, and its subscriptions are in place. */
  readonly online: boolean;
  readonly project: string;
  /** The running version as the device reports it. */
  readonly version: string;
  readonly chip: string;
  /** SHA-256 of the running image up to its checksum, hex. */
  readonly identity: string;
  /** The slot that runs. */
  readonly slot: Slot;
  /** What the boot record says of the running image. */
  readonly bootState: BootState;
  readonly resetReason: ResetReason;
  /** Boots since the object was made. */
  readonly bootCount: number;
  /** The `update/state` that was published last. */
  readonly update: UpdateStateEvent | undefined;
}

/**
 * One simulated ESP32: flash, boot loader, the firmware core, MQTT and HTTPS. Made by {@link createVirtualDevice}, off
 * until `start`.
 */
export interface VirtualDevice extends AsyncDisposable {
  /** The MQTT client id, and the CN of its certificate. */
  readonly id: string;
  /** A fresh snapshot each time it is read. */
  readonly state: VirtualDeviceState;
  /** Powers up. Resolves when the firmware runs, not when it is connected. @throws SimulatorError `not_bootable`, `core`, `state_file`, `state_file_locked`, `wrong_state` */
  start(): Promise<void>;
  /** Goes offline in good order and releases the state file. Idempotent; `start` begins anew. */
  stop(): Promise<void>;
  /** Pulls the plug: no DISCONNECT, RAM is lost, the flash stays as it is. */
  powerOff(): void;
  /** Plugs in again. @throws like {@link VirtualDevice.start} */
  powerOn(): void;
  /** Resets the chip, as a crash (`panic`), a watchdog or the reset pin does. */
  reset(reason: ResetReason): void;
  /** Resolves once it is online: connected, subscribed, announced. @throws SimulatorError `deadline`, `aborted` */
  whenOnline(options?: WaitOptions): Promise<void>;
}

/** What devices of one process share. */
export interface SharedParts {
  readonly core: CoreModule;
  readonly secureContexts: SecureContexts;
  readonly links?: Links;
}

/** @throws SimulatorError `bad_option`, `state_file`, `state_file_locked` */
export const createDevice = (given: VirtualDeviceOptions, shared: SharedParts): VirtualDevice => {
  const options = resolveOptions(given);
  const { id, clock } = options;
  // Both fail early and by name when the PEM texts are not in order.
  shared.secureContexts('mqtt', options.mqtt);
  shared.secureContexts('ota', options.ota);

  const factory = (): FactoryImage => {
    const { firmware, firmwareVersion, slotBytes } = options;
    const checked = checkBootable(firmware);
    const stated =
      firmwareVersion === undefined || 'fault' in checked
        ? []
        : [{ key: INSTALLED_KEY, value: encodeInstalledRecord(checked.identity, firmwareVersion) }];
    return { deviceId: id, slotBytes, firmware, nvs: stated };
  };
  const memory = options.flash ?? (options.stateFile === undefined ? createMemoryFlash(options.slotBytes) : undefined);
  const openFlash = (): DeviceFlash =>
    memory === undefined ? openFileFlash(options.stateFile ?? '', factory()) : openInjectedFlash(memory, factory());

  let flash: DeviceFlash | undefined = openFlash();
  let power: PowerState = 'off';
  let session: Session | undefined;
  let booted: BootedImage | undefined;
  let resetReason: ResetReason = 'unknown';
  let bootCount = 0;
  let last: Pick<VirtualDeviceState, 'version' | 'bootState' | 'update'> = {
    version: '',
    bootState: 'undefined',
    update: undefined,
  };
  let cancelReboot: () => void = () => undefined;
  let stopping: Promise<void> | undefined;

  const waiting = createOnlineWaiters(id);
  const report = createReporter({
    id,
    onLog: options.onLog,
    onEvent: (event) => {
      if (event.type === 'online') waiting.online();
      options.onEvent(event);
    },
  });
  const snapshot = (): typeof last =>
    session === undefined
      ? last
      : { version: session.version, bootState: session.bootState, update: session.update ?? last.update };

  const halt = (next: PowerState): Session | undefined => {
    cancelReboot();
    const ended = session;
    last = snapshot();
    session = undefined;
    power = next;
    return ended;
  };
  const fail = (error: unknown): void => {
    halt('failed')?.kill();
    const cause = error instanceof Error ? error : new Error(String(error));
    const known = isSimulatorError(cause)
      ? cause
      : new SimulatorError('core', `the firmware core of ${id} trapped`, { cause });
    report.log('info', known.message);
    report.event({ type: 'failed', error: known });
  };
  const fault = (error: unknown): void => {
    if (isSimulatorError(error) && error.code === 'power_cut') cutPower('flash');
    else fail(error);
  };
  const cutPower = (cause: 'command' | 'flash'): void => {
    halt('off')?.kill();
    report.event({ type: 'poweredOff', cause });
  };

  const run = (reason: ResetReason): void => {
    flash ??= openFlash();
    const device = flash;
    const found = boot(device.flash, device.layout);
    booted = found;
    resetReason = reason;
    bootCount += 1;
    const started = startSession({
      options,
      report,
      device,
      booted: found,
      resetReason: reason,
      ...shared,
      restart: () => {
        reboot('software');
      },
      fault,
    });
    session = started;
    power = 'on';
    for (const line of found.notes) report.log('info', `bootloader: ${line}`);
    if (found.rolledBack) report.event({ type: 'rolledBack', by: 'bootloader' });
    // A callback may have pulled the plug already.
    if (session !== started) return;
    report.event({
      type: 'booted',
      slot: found.slot,
      version: started.version,
      identity: Buffer.from(found.identity).toString('hex'),
      resetReason: reason,
      pendingConfirm: found.state === 'pending_verify',
    });
  };
  const reboot = (reason: ResetReason): void => {
    halt('rebooting')?.kill();
    report.event({ type: 'restarting' });
    cancelReboot = clock.schedule(options.rebootDelayMs, () => {
      try {
        run(reason);
      } catch (error) {
        fault(error);
      }
    });
  };
  const powerOn = (): void => {
    if (power !== 'off' && power !== 'failed') throw new SimulatorError('wrong_state', `device ${id} is powered`);
    if (stopping !== undefined) throw new SimulatorError('wrong_state', `device ${id} is being stopped`);
    try {
      run('power_on');
    } catch (error) {
      fault(error);
      throw error;
    }
  };
  const shutDown = async (): Promise<void> => {
    await halt('off')?.stop();
    flash?.close();
    flash = undefined;
    report.event({ type: 'stopped' });
  };

  return {
    id,
    get state() {
      return Object.freeze({
        power,
        connected: session?.connected ?? false,
        online: session?.online ?? false,
        project: booted?.image.descriptor?.projectName ?? '',
        chip: booted?.image.chip ?? '',
        identity: booted === undefined ? '' : Buffer.from(booted.identity).toString('hex'),
        slot: booted?.slot ?? 'ota_0',
        resetReason,
        bootCount,
        ...snapshot(),
      });
    },
    async start() {
      await stopping;
      powerOn();
    },
    stop() {
      if (flash === undefined) return Promise.resolve();
      stopping ??= shutDown().finally(() => {
        stopping = undefined;
      });
      return stopping;
    },
    powerOff() {
      if (power !== 'off') cutPower('command');
    },
    powerOn,
    reset(reason) {
      if (power !== 'on') throw new SimulatorError('wrong_state', `device ${id} does not run`);
      reboot(reason);
    },
    whenOnline: (wait = {}) => (session?.online === true ? Promise.resolve() : waiting.wait(wait)),
    async [Symbol.asyncDispose]() {
      await this.stop();
    },
  };
};
