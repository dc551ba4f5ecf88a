import { describe, expect, it } from 'vitest';
import { createSlotSink } from '../../src/device/slot-sink.js';
import { createBootControl } from '../../src/flash/boot-control.js';
import { createLayout } from '../../src/flash/layout.js';
import { SECTOR_BYTES, type Flash } from '../../src/flash/nor-flash.js';
import { createMemoryFlash } from '../../src/index.js';

const SLOT_BYTES = 256 * 1024;
const layout = createLayout(SLOT_BYTES);
const file = new Uint8Array(150_000).map((_, index) => (index * 13) & 0xff);

/** A flash that counts what a loss of power could take. */
const rig = () => {
  const erased: number[] = [];
  let syncs = 0;
  const plain = createMemoryFlash(SLOT_BYTES);
  const flash: Flash = {
    ...plain,
    erase(offset, length) {
      erased.push(offset - layout.slots.ota_1.offset);
      plain.erase(offset, length);
    },
    sync() {
      syncs += 1;
      plain.sync();
    },
  };
  const device = { flash, layout, close: () => undefined };
  const sink = createSlotSink(device, 'ota_0', createBootControl(flash, layout));
  return { sink, flash, erased, syncs: () => syncs };
};

describe('the slot of a download', () => {
  it('is durable at most 64 KiB behind what was written', () => {
    const { sink } = rig();
    sink.begin(0);
    for (let at = 0; at < file.length; at += 1000) {
      sink.write(file.subarray(at, at + 1000));
      expect(sink.bytesDurable % SECTOR_BYTES).toBe(0);
      expect(Math.min(at + 1000, file.length) - sink.bytesDurable).toBeLessThan(64 * 1024 + SECTOR_BYTES);
    }
    sink.sync();
    expect(sink.bytesDurable).toBe(147_456);
    sink.finish();
    expect(sink.bytesDurable).toBe(file.length);
    expect(sink.image()).toEqual(file);
  });

  it('goes on behind what is there, and does not touch it', () => {
    const { sink, erased } = rig();
    sink.begin(0);
    sink.write(file.subarray(0, 100_000));
    sink.sync();
    const from = sink.bytesDurable;
    expect(from).toBe(98_304);
    erased.length = 0;
    expect(sink.head(288)).toEqual(file.subarray(0, 288));
    sink.begin(from);
    expect(sink.bytesDurable).toBe(from);
    sink.write(file.subarray(from));
    sink.finish();
    expect(Math.min(...erased)).toBe(from);
    expect(sink.image()).toEqual(file);
  });

  it('begins at a sector of the slot only', () => {
    const { sink } = rig();
    for (const from of [1, SECTOR_BYTES - 1, SLOT_BYTES + SECTOR_BYTES]) {
      expect(() => {
        sink.begin(from);
      }).toThrow('too_large');
    }
  });

  it('does not sync without need', () => {
    const { sink, syncs } = rig();
    sink.begin(0);
    sink.write(file);
    expect(syncs()).toBe(2);
    sink.sync();
    sink.sync();
    expect(syncs()).toBe(3);
  });
});
