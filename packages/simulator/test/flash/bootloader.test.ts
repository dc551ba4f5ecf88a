import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createBootControl, type BootControl } from '../../src/flash/boot-control.js';
import { boot } from '../../src/flash/bootloader.js';
import { createMemoryFlash } from '../../src/flash/device-flash.js';
import { programFactory } from '../../src/flash/factory.js';
import { createLayout, otherSlot, type Slot } from '../../src/flash/layout.js';
import type { Flash } from '../../src/flash/nor-flash.js';
import { withPowerCut } from '../../src/flash/power-cut.js';
import { createSlotWriter } from '../../src/flash/slot-writer.js';
import { isSimulatorError } from '../../src/errors.js';
import { appImage } from '../support/images.js';

const slotBytes = 256 * 1024;
const layout = createLayout(slotBytes);
const v1 = await appImage('1.0.0');
const v2 = await appImage('1.1.0');
const v3 = await appImage('1.2.0');

const fresh = (): Flash => {
  const flash = createMemoryFlash(slotBytes);
  programFactory(flash, layout, { deviceId: 'esp-001', slotBytes, firmware: v1, nvs: [] });
  return flash;
};
const versionAt = (flash: Flash): string | undefined => boot(flash, layout).image.descriptor?.version;
const install = (flash: Flash, slot: Slot, image: Uint8Array): void => {
  const writer = createSlotWriter(flash, layout.slots[slot]);
  writer.write(image);
  writer.finish();
  createBootControl(flash, layout).select(slot);
};

describe('the bootloader model', () => {
  let flash: Flash;
  let control: BootControl;
  beforeEach(() => {
    flash = fresh();
    control = createBootControl(flash, layout);
  });

  it('boots ota_0 from the factory, without a boot record', () => {
    expect(boot(flash, layout)).toMatchObject({ slot: 'ota_0', state: 'undefined', rolledBack: false });
  });

  it('boots a new image as pending, once; unconfirmed it is aborted at the next boot', () => {
    install(flash, 'ota_1', v2);
    expect(control.stateOf('ota_1')).toBe('new');
    expect(boot(flash, layout)).toMatchObject({ slot: 'ota_1', state: 'pending_verify', rolledBack: false });
    expect(boot(flash, layout)).toMatchObject({ slot: 'ota_0', rolledBack: true });
    expect(control.stateOf('ota_1')).toBe('aborted');
    expect(boot(flash, layout)).toMatchObject({ slot: 'ota_0', rolledBack: false });
  });

  it('keeps booting a confirmed image', () => {
    install(flash, 'ota_1', v2);
    boot(flash, layout);
    expect(control.confirm('ota_0')).toBe(false);
    expect(control.confirm('ota_1')).toBe(true);
    expect(control.confirm('ota_1')).toBe(true);
    for (let count = 0; count < 3; count += 1) {
      expect(boot(flash, layout)).toMatchObject({ slot: 'ota_1', state: 'valid', rolledBack: false });
    }
  });

  it('falls back when the application gives the image up', () => {
    install(flash, 'ota_1', v2);
    boot(flash, layout);
    expect(control.invalidate('ota_1')).toBe(true);
    expect(boot(flash, layout)).toMatchObject({ slot: 'ota_0' });
    expect(control.stateOf('ota_1')).toBe('invalid');
  });

  it('alternates the slots over many updates', () => {
    for (const [slot, image, version] of [
      ['ota_1', v2, '1.1.0'],
      ['ota_0', v3, '1.2.0'],
      ['ota_1', v2, '1.1.0'],
    ] as const) {
      install(flash, slot, image);
      expect(versionAt(flash)).toBe(version);
      control.confirm(slot);
    }
  });

  it('tries the other slot when the chosen image is damaged, and says why', () => {
    install(flash, 'ota_1', v2);
    boot(flash, layout);
    control.confirm('ota_1');
    flash.write(layout.slots.ota_1.offset + 400, new Uint8Array(4));
    const booted = boot(flash, layout);
    expect(booted.slot).toBe('ota_0');
    expect(booted.notes.join()).toMatch(/ota_1 is not bootable: /);
  });

  it('refuses to boot when both slots are damaged', () => {
    flash.erase(layout.slots.ota_0.offset, 4096);
    expect(() => boot(flash, layout)).toThrow(expect.objectContaining({ code: 'not_bootable' }));
  });
});

describe('a power cut', () => {
  /** Three boots of life: update, confirm, update again; `done` records what must not be lost any more. */
  const live = (flash: Flash, done: string[]): void => {
    for (const [image, version] of [
      [v2, '1.1.0'],
      [v3, '1.2.0'],
    ] as const) {
      const { slot } = boot(flash, layout);
      const target = otherSlot(slot);
      install(flash, target, image);
      const next = boot(flash, layout);
      if (next.slot === target) {
        createBootControl(flash, layout).confirm(target);
        done.push(version);
      }
    }
  };

  it('at any flash operation of two updates leaves an image that boots, old or new', () => {
    const counted = withPowerCut(fresh());
    live(counted, []);
    expect(counted.operations).toBeGreaterThan(20);
    for (let cutAt = 1; cutAt <= counted.operations; cutAt += 1) {
      for (const torn of [0, 0.4, 0.9]) {
        const flash = withPowerCut(fresh(), { cutAt, torn });
        const done = ['1.0.0'];
        try {
          live(flash, done);
          expect.unreachable('the cut is within the operations of a whole run');
        } catch (error) {
          if (!isSimulatorError(error) || error.code !== 'power_cut') throw error;
        }
        flash.restore();
        const history = ['1.0.0', '1.1.0', '1.2.0'];
        const settled = history.indexOf(done.at(-1) ?? '');
        const version = versionAt(flash) ?? '';
        expect([history[settled], history[settled + 1]], `cut at ${String(cutAt)}, torn ${String(torn)}`).toContain(
          version,
        );
      }
    }
  });

  it('followed by more power cuts still leaves an image that boots and can be updated', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 45 }), { minLength: 1, maxLength: 6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (cuts, torn) => {
          const flash = withPowerCut(fresh(), { torn });
          for (const cutAt of cuts) {
            flash.restore(cutAt);
            try {
              live(flash, []);
            } catch (error) {
              if (!isSimulatorError(error) || error.code !== 'power_cut') throw error;
            }
          }
          flash.restore();
          const { slot } = boot(flash, layout);
          install(flash, otherSlot(slot), v3);
          expect(versionAt(flash)).toBe('1.2.0');
        },
      ),
      { numRuns: 60 },
    );
  });
});
