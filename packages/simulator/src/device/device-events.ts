import type { ResetReason, UpdateStateEvent } from '@secure-esp/protocol';
import type { LogLevel } from '../core/core-port.js';
import type { Slot } from '../flash/layout.js';
import type { ConnectFailure } from '../ports/mqtt-failure.js';
import type { TransferReason } from '../ports/transfer-failure.js';

/** A line of the device's console. `info`: written by the simulator, the others by the firmware core. */
export interface DeviceLogLine {
  /** Id of the device. */
  readonly device: string;
  readonly level: LogLevel | 'info';
  readonly text: string;
}

/** What happens in a device. */
export type DeviceHappening =
  | {
      readonly type: 'booted';
      readonly slot: Slot;
      readonly version: string;
      /** SHA-256 of the image up to its checksum, hex. */
      readonly identity: string;
      readonly resetReason: ResetReason;
      /** The bootloader waits for a confirmation of this image. */
      readonly pendingConfirm: boolean;
    }
  | { readonly type: 'connected' }
  /** The broker has acknowledged the status: it is known to be online, and its subscriptions are in place. */
  | { readonly type: 'online' }
  | { readonly type: 'disconnected' }
  | { readonly type: 'connectFailed'; readonly failure: ConnectFailure }
  | { readonly type: 'downloadStarted'; readonly status: number; readonly total: number | undefined }
  | { readonly type: 'downloadProgress'; readonly bytes: number; readonly total: number | undefined }
  | { readonly type: 'downloadFailed'; readonly reason: TransferReason }
  | { readonly type: 'slotWritten'; readonly slot: Slot; readonly bytes: number }
  | { readonly type: 'bootSwitched'; readonly slot: Slot }
  | { readonly type: 'confirmed'; readonly slot: Slot }
  /** `bootloader`: an image that was never confirmed; `application`: the running image gave itself up. */
  | { readonly type: 'rolledBack'; readonly by: 'bootloader' | 'application' }
  /** The core published `update/state`. */
  | { readonly type: 'updateState'; readonly update: UpdateStateEvent }
  | { readonly type: 'restarting' }
  | { readonly type: 'poweredOff'; readonly cause: 'command' | 'flash' }
  | { readonly type: 'stopped' }
  /** The device cannot go on: nothing bootable, or the core trapped. */
  | { readonly type: 'failed'; readonly error: Error };

/** What happens in which device, in the order in which it happens. */
export type DeviceEvent = { readonly device: string } & DeviceHappening;

/** Calls a user's function; what it throws is the user's uncaught error, never the device's. */
export const shielded = <T>(call: () => T, fallback: T): T => {
  try {
    return call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
    return fallback;
  }
};
