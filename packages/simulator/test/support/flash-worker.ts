import { createBootControl } from '../../src/flash/boot-control.js';
import { boot } from '../../src/flash/bootloader.js';
import { openFileFlash } from '../../src/flash/device-flash.js';
import { otherSlot } from '../../src/flash/layout.js';
import { openNvs } from '../../src/flash/nvs.js';
import { createSlotWriter } from '../../src/flash/slot-writer.js';

/**
 * A process to be killed: updates a flash file back and forth for ever and says what is durable. Arguments: the file, and
 * the firmware in base64.
 */
const [, , path = '', base64 = ''] = process.argv;
const firmware = new Uint8Array(Buffer.from(base64, 'base64'));
const { flash, layout } = openFileFlash(path, { deviceId: 'esp-001', slotBytes: 128 * 1024, firmware, nvs: [] });
const nvs = openNvs(flash, layout.nvs);
const control = createBootControl(flash, layout);

for (let count = Number(Buffer.from(nvs.get('count') ?? '0').toString()); ; count += 1) {
  nvs.set('count', Buffer.from(String(count)));
  process.stdout.write(`${String(count)}\n`);
  const { slot } = boot(flash, layout);
  const target = otherSlot(slot);
  const writer = createSlotWriter(flash, layout.slots[target]);
  writer.write(firmware);
  writer.finish();
  control.select(target);
  boot(flash, layout);
  control.confirm(target);
}
