import { openNvs } from '../../src/flash/nvs.js';
import { flashOn, LAYOUT, type FlashDump } from './flash-dump.js';

/** What the device would find in its NVS, without changing anything. */
export const readRecords = (dump: FlashDump): ReadonlyMap<string, Uint8Array> => {
  const nvs = openNvs(flashOn(dump), LAYOUT.nvs);
  return new Map(nvs.keys().map((key) => [key, nvs.get(key) ?? new Uint8Array()]));
};

/** Leaves this much room in the log of records, so that an update goes beyond its end. */
export const fillRecords = (dump: FlashDump, roomBytes: number): void => {
  const flash = flashOn(dump);
  const nvs = openNvs(flash, LAYOUT.nvs);
  const half = LAYOUT.nvs.length / 2;
  const used = (): number => {
    const generations = [0, half].map((at) => {
      const log = dump.subarray(LAYOUT.nvs.offset + at, LAYOUT.nvs.offset + at + half);
      let end = log.length;
      while (end > 0 && log[end - 1] === 0xff) end -= 1;
      return end;
    });
    return Math.max(...generations);
  };
  for (let count = 0; half - used() > roomBytes + 64; count += 1)
    nvs.set('filler', Uint8Array.of(count & 0xff, 1, 2, 3));
  nvs.erase('filler');
};
