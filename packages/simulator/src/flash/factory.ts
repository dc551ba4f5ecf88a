import { SimulatorError } from '../errors.js';
import { checkBootable } from './bootloader.js';
import { encodeLabel, type FlashLabel } from './label.js';
import type { FlashLayout } from './layout.js';
import { SECTOR_BYTES, type Flash } from './nor-flash.js';
import { openNvs } from './nvs.js';
import { createSlotWriter } from './slot-writer.js';

/** What leaves the factory. */
export interface FactoryImage extends FlashLabel {
  /** Flashed into ota_0; must be an application image that boots. */
  readonly firmware: Uint8Array;
  readonly nvs: readonly { readonly key: string; readonly value: Uint8Array }[];
}

/** @throws SimulatorError `bad_option` */
export const checkFactoryFirmware = ({ firmware, slotBytes }: Pick<FactoryImage, 'firmware' | 'slotBytes'>): void => {
  if (firmware.length > slotBytes) {
    throw new SimulatorError(
      'bad_option',
      `firmware has ${String(firmware.length)} bytes, the slot has ${String(slotBytes)}`,
    );
  }
  const checked = checkBootable(firmware);
  if ('fault' in checked) throw new SimulatorError('bad_option', `firmware is not bootable: ${checked.fault}`);
};

/** Programs an erased flash. The label is written last: a flash with a label is complete. */
export const programFactory = (flash: Flash, layout: FlashLayout, factory: FactoryImage): void => {
  const writer = createSlotWriter(flash, layout.slots.ota_0);
  writer.write(factory.firmware);
  writer.finish();
  const nvs = openNvs(flash, layout.nvs);
  for (const { key, value } of factory.nvs) nvs.set(key, value);
  flash.erase(layout.label.offset, SECTOR_BYTES);
  flash.write(layout.label.offset, encodeLabel(factory));
  flash.sync();
};
