import { isSimulatorError } from '../errors.js';
import type { CorePort } from '../core/core-port.js';
import type { BootControl } from '../flash/boot-control.js';
import { checkBootable, type BootedImage } from '../flash/bootloader.js';
import type { DeviceFlash } from '../flash/device-flash.js';
import type { Nvs } from '../flash/nvs.js';
import type { BootState } from '../flash/ota-data.js';
import { readSlotImage } from '../flash/slot-image.js';
import type { Downloader } from '../ports/downloader.js';
import type { MqttPort, OutboundMessage } from '../ports/mqtt-port.js';
import { createReleaseKeyVerifier } from '../ports/release-keys.js';
import { shielded } from './device-events.js';
import type { Reporter } from './reporter.js';
import type { ResolvedOptions } from './resolve-options.js';
import type { SlotSink } from './slot-sink.js';

/** What the port of one boot works on. */
export interface SessionParts {
  readonly options: ResolvedOptions;
  readonly report: Reporter;
  readonly device: DeviceFlash;
  readonly booted: BootedImage;
  readonly nvs: Nvs;
  readonly control: BootControl;
  readonly sink: SlotSink;
  readonly downloader: () => Downloader;
  /** Absent until the core is initialised. */
  readonly mqtt: () => MqttPort | undefined;
  /** Starts the verification; its verdict is posted. */
  readonly verify: (image: Uint8Array, fileSha256: Uint8Array | undefined) => void;
  readonly restart: () => void;
  /** The boot record of the running image changed. */
  readonly judged: (state: BootState) => void;
  /** Sees every message that was accepted. */
  readonly outbound: (message: OutboundMessage) => void;
}

/** A call that may fail is an answer to the core; a flash without power is the end of the device. */
const succeeds = (action: () => boolean | undefined): boolean => {
  try {
    return action() !== false;
  } catch (error) {
    if (isSimulatorError(error) && error.code !== 'power_cut') return false;
    throw error;
  }
};

export const createSessionPort = (parts: SessionParts): CorePort => {
  const { options, report, device, booted, nvs, control, sink } = parts;
  const { clock } = options;
  const bootedAt = clock.monotonicMs();
  const verifyEs256 = createReleaseKeyVerifier(options.releaseKeys);
  return {
    nowMs: () => Math.floor(clock.monotonicMs() - bootedAt),
    unixTimeS: () => Math.floor(clock.unixMs() / 1000),
    randomU32: () => options.randomU32() >>> 0,
    publish(message) {
      const accepted = parts.mqtt()?.publish(message) ?? false;
      if (accepted) parts.outbound(message);
      return accepted;
    },
    subscribe: (filter) => parts.mqtt()?.subscribe(filter) ?? false,
    kvGet: (key) => nvs.get(key),
    kvSet: (key, value) =>
      succeeds(() => {
        nvs.set(key, value);
        return true;
      }),
    kvErase: (key) =>
      succeeds(() => {
        nvs.erase(key);
        return true;
      }),
    downloadStart: (request) => parts.downloader().start(request),
    downloadContinue() {
      parts.downloader().proceed();
    },
    downloadAbort() {
      parts.downloader().abort();
    },
    verifyEs256,
    imageVerify(fileSha256) {
      const image = sink.image();
      if (image.length === 0) return false;
      parts.verify(image, fileSha256);
      return true;
    },
    bootSet: () =>
      succeeds(() => {
        if ('fault' in checkBootable(readSlotImage(device.flash, device.layout.slots[sink.slot]))) return false;
        control.select(sink.slot);
        report.event({ type: 'bootSwitched', slot: sink.slot });
        return true;
      }),
    bootConfirm: () =>
      succeeds(() => {
        if (control.stateOf(booted.slot) === 'valid') return true;
        if (!control.confirm(booted.slot)) return false;
        parts.judged('valid');
        report.event({ type: 'confirmed', slot: booted.slot });
        return true;
      }),
    bootRollback: () =>
      succeeds(() => {
        if (!control.invalidate(booted.slot)) return false;
        parts.judged('invalid');
        report.event({ type: 'rolledBack', by: 'application' });
        return true;
      }),
    restart: parts.restart,
    health: () => shielded(options.health, 'wait'),
    log(level, text) {
      report.log(level, text);
    },
  };
};
