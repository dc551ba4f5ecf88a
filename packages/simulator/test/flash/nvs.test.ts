import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/flash/byte-store.js';
import { createNorFlash, type Flash } from '../../src/flash/nor-flash.js';
import { openNvs } from '../../src/flash/nvs.js';
import { withPowerCut } from '../../src/flash/power-cut.js';
import { isSimulatorError } from '../../src/errors.js';

const partition = { offset: 0, length: 2 * 4096 };
const blank = (): Flash => createNorFlash(createMemoryStore(), partition.length);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const keys = fc.constantFrom('url', 'use_url', 'interval', 'run', 'k', 'fifteen_bytes_k');
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ key: keys, value: fc.uint8Array({ maxLength: 300 }) }) },
  { weight: 1, arbitrary: fc.record({ key: keys }) },
);
type Command = { key: string; value?: Uint8Array };

const run = (flash: Flash, commands: readonly Command[], model: Map<string, Uint8Array>): Command | undefined => {
  let pending: Command | undefined;
  try {
    const nvs = openNvs(flash, partition);
    for (const step of commands) {
      pending = step;
      if (step.value === undefined) nvs.erase(step.key);
      else nvs.set(step.key, step.value);
      if (step.value === undefined) model.delete(step.key);
      else model.set(step.key, step.value);
      pending = undefined;
    }
  } catch (error) {
    if (!isSimulatorError(error) || error.code !== 'power_cut') throw error;
  }
  return pending;
};

describe('NVS', () => {
  it('keeps every value over reopening, through many compactions', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
        const flash = blank();
        const model = new Map<string, Uint8Array>();
        run(flash, commands, model);
        const again = openNvs(flash, partition);
        expect(new Map(again.keys().map((key) => [key, again.get(key)]))).toEqual(model);
      }),
      { numRuns: 100 },
    );
  });

  it('has, after a power cut at any write, the old or the new value of that key and all others untouched', () => {
    fc.assert(
      fc.property(
        fc.array(command, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 70 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(command, { maxLength: 20 }),
        (commands, cutAt, torn, later) => {
          const flash = withPowerCut(blank(), { cutAt, torn });
          const model = new Map<string, Uint8Array>();
          const pending = run(flash, commands, model);
          flash.restore();
          const nvs = openNvs(flash, partition);
          for (const key of new Set([...model.keys(), ...nvs.keys()])) {
            const allowed = key === pending?.key ? [model.get(key), pending.value] : [model.get(key)];
            expect(allowed).toContainEqual(nvs.get(key));
          }
          const after = new Map(nvs.keys().map((key) => [key, nvs.get(key) ?? new Uint8Array()]));
          run(flash, later, after);
          const last = openNvs(flash, partition);
          expect(new Map(last.keys().map((key) => [key, last.get(key)]))).toEqual(after);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('does not wear the flash for a value that is already there', () => {
    const flash = withPowerCut(blank());
    const nvs = openNvs(flash, partition);
    nvs.set('run', bytes('7'));
    const before = flash.operations;
    nvs.set('run', bytes('7'));
    nvs.erase('never');
    expect(flash.operations).toBe(before);
  });

  it('refuses keys and values beyond the limits of ESP-IDF, and a value that does not fit', () => {
    const nvs = openNvs(blank(), partition);
    expect(() => {
      nvs.set('sixteen_bytes_ke', bytes(''));
    }).toThrow(/15 bytes/);
    expect(() => {
      nvs.set('', bytes(''));
    }).toThrow(/15 bytes/);
    expect(() => {
      nvs.set('k', new Uint8Array(4001));
    }).toThrow(/4000 bytes/);
    nvs.set('a', new Uint8Array(3000).fill(1));
    expect(() => {
      nvs.set('b', new Uint8Array(3000));
    }).toThrow(expect.objectContaining({ code: 'nvs_full' }));
    expect(nvs.get('a')).toHaveLength(3000);
  });
});
