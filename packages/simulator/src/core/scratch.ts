import { SimulatorError } from '../errors.js';
import type { CoreModule } from './core-module.js';

/** Where one argument of a call lies in the core's memory. */
export interface Placed {
  readonly pointer: number;
  readonly length: number;
}

/** The core's input area: filled before each call, consumed during it. */
export interface Scratch {
  /** Places the arguments of one call. `undefined` becomes a null pointer, also in place of bytes nobody will read. */
  place(...values: readonly (Uint8Array | string | undefined)[]): readonly Placed[];
  readonly pointer: number;
  readonly sizeBytes: number;
}

const NOTHING: Placed = { pointer: 0, length: 0 };

export const createScratch = (core: CoreModule): Scratch => {
  const pointer = core.call('scratch');
  const sizeBytes = core.call('scratch_size');
  return {
    pointer,
    sizeBytes,
    place(...values) {
      let used = 0;
      return values.map((value) => {
        if (value === undefined) return NOTHING;
        const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
        if (used + bytes.length > sizeBytes) throw new SimulatorError('core', 'an input is larger than the input area');
        new Uint8Array(core.memory.buffer).set(bytes, pointer + used);
        const placed = { pointer: pointer + used, length: bytes.length };
        used += bytes.length + 1;
        return placed;
      });
    },
  };
};
