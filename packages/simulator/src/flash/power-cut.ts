import { SimulatorError } from '../errors.js';
import { SECTOR_BYTES, type Flash } from './nor-flash.js';
import { seededRandom, tearErase, tearWrite } from './torn.js';

type UntidyTear = (torn: number, random: () => number) => void;

/** How an operation is interrupted. */
export interface TearOptions {
  /** How much of the interrupted operation still happens: 0 is before it, 1 right after it. Default 0. */
  readonly torn?: number;
  /**
   * Tears as a chip does, the same way for the same number: a write ends within a word of 4 bytes, of whose bits any part
   * is cleared; an erase leaves a sector in which every word is old, erased, or between the two. Default: tidily, between
   * two bytes or two sectors.
   */
  readonly seed?: number;
}

export interface PowerCutOptions extends TearOptions {
  /** Number of the operation that is interrupted, from 1. Default: none. */
  readonly cutAt?: number;
}

/** A flash that loses power at a chosen operation. */
export interface PowerCutFlash extends Flash {
  /** Erase and write operations begun so far. */
  readonly operations: number;
  /**
   * Power is back; `cutAt` plans the next cut, in operations from now on, and `tear` how. Default of `tear`: what was
   * given at first.
   */
  restore(cutAt?: number, tear?: TearOptions): void;
}

/**
 * Wraps a flash for tests: from the chosen erase or write on, every access throws `power_cut` until `restore()`. A virtual
 * device that runs on it loses power at that moment.
 */
export const withPowerCut = (flash: Flash, options: PowerCutOptions = {}): PowerCutFlash => {
  let tear: TearOptions = options;
  let cutAt = options.cutAt ?? Infinity;
  let operations = 0;
  let sinceRestore = 0;
  let dead = false;

  const powered = (): void => {
    if (dead) throw new SimulatorError('power_cut', 'the flash has no power');
  };
  const operation = (whole: () => void, tidy: (torn: number) => void, untidy: UntidyTear): void => {
    powered();
    operations += 1;
    sinceRestore += 1;
    if (sinceRestore < cutAt) {
      whole();
      return;
    }
    const { torn = 0, seed } = tear;
    if (torn >= 1) whole();
    else if (seed === undefined) tidy(torn);
    else if (torn > 0) untidy(torn, seededRandom(seed));
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
        (torn) => {
          const whole = Math.floor((length * torn) / SECTOR_BYTES) * SECTOR_BYTES;
          if (whole > 0) flash.erase(offset, whole);
        },
        (torn, random) => {
          tearErase(flash, offset, length, torn, random);
        },
      );
    },
    write(offset, bytes) {
      operation(
        () => {
          flash.write(offset, bytes);
        },
        (torn) => {
          flash.write(offset, bytes.subarray(0, Math.floor(bytes.length * torn)));
        },
        (torn, random) => {
          tearWrite(flash, offset, bytes, torn, random);
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
    restore(next = Infinity, how = options) {
      tear = how;
      dead = false;
      cutAt = next;
      sinceRestore = 0;
    },
  };
};
