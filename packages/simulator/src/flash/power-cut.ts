import { SimulatorError } from '../errors.js';
import type { Flash } from './nor-flash.js';

/** A flash that loses power at a chosen operation. */
export interface PowerCutFlash extends Flash {
  /** Erase and write operations begun so far. */
  readonly operations: number;
  /** Power is back; `cutAt` plans the next cut, in operations from now on. */
  restore(cutAt?: number): void;
}

export interface PowerCutOptions {
  /** Number of the operation that is interrupted, from 1. Default: none. */
  readonly cutAt?: number;
  /** How much of the interrupted operation still happens, 0 to 1. Default 0. */
  readonly torn?: number;
}

/**
 * Wraps a flash for tests: from the chosen erase or write on, every access throws `power_cut` until `restore()`. A virtual
 * device that runs on it loses power at that moment.
 */
export const withPowerCut = (flash: Flash, options: PowerCutOptions = {}): PowerCutFlash => {
  const torn = options.torn ?? 0;
  let cutAt = options.cutAt ?? Infinity;
  let operations = 0;
  let sinceRestore = 0;
  let dead = false;

  const powered = (): void => {
    if (dead) throw new SimulatorError('power_cut', 'the flash has no power');
  };
  const operation = (whole: () => void, part: () => void): void => {
    powered();
    operations += 1;
    sinceRestore += 1;
    if (sinceRestore < cutAt) {
      whole();
      return;
    }
    part();
    dead = true;
    powered();
  };
  return {
    sizeBytes: flash.sizeBytes,
    get operations() {
      return operations;
    },
    read(offset, length) {
      powered();
      return flash.read(offset, length);
    },
    erase(offset, length) {
      operation(
        () => {
          flash.erase(offset, length);
        },
        () => {
          // Half-erased flash reads as anything between old and erased; an all-ones beginning is one such state.
          const whole = Math.floor((length * torn) / 4096) * 4096;
          if (whole > 0) flash.erase(offset, whole);
        },
      );
    },
    write(offset, bytes) {
      operation(
        () => {
          flash.write(offset, bytes);
        },
        () => {
          flash.write(offset, bytes.subarray(0, Math.floor(bytes.length * torn)));
        },
      );
    },
    sync() {
      powered();
      flash.sync();
    },
    close() {
      flash.close();
    },
    restore(next = Infinity) {
      dead = false;
      cutAt = next;
      sinceRestore = 0;
    },
  };
};
