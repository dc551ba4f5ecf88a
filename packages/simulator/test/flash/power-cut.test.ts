import { describe, expect, it } from 'vitest';
import { createMemoryFlash, SECTOR_BYTES, withPowerCut, type Flash, type TearOptions } from '../../src/index.js';
import { encodeOtaEntry } from '../../src/flash/ota-data.js';
import { ERASE_TEARS } from '../power/sweep.js';

const AT = 3 * SECTOR_BYTES;
const OLD = Uint8Array.from({ length: 64 }, (_, index) => (index * 37) & 0xff);
const NEW = OLD.map((byte) => byte & 0x5a);

const interrupted = (tear: TearOptions, action: (flash: Flash) => void): Uint8Array => {
  const plain = createMemoryFlash(64 * 1024);
  plain.write(AT, OLD);
  const flash = withPowerCut(plain, { cutAt: 1, ...tear });
  expect(() => {
    action(flash);
  }).toThrow(expect.objectContaining({ code: 'power_cut' }));
  expect(() => flash.read(0, 1)).toThrow('no power');
  flash.restore();
  return flash.read(AT, OLD.length);
};
const write = (tear: TearOptions): Uint8Array =>
  interrupted(tear, (flash) => {
    flash.write(AT, NEW);
  });
const erase = (tear: TearOptions): Uint8Array =>
  interrupted(tear, (flash) => {
    flash.erase(AT, SECTOR_BYTES);
  });
const erased = new Uint8Array(OLD.length).fill(0xff);
const seeds = Array.from({ length: 50 }, (_, seed) => seed);

describe('an operation in which power is lost', () => {
  it('has not happened at 0, and has happened at 1, with a seed or without', () => {
    for (const seed of [{}, { seed: 7 }]) {
      expect(write({ torn: 0, ...seed })).toEqual(OLD);
      expect(write({ torn: 1, ...seed })).toEqual(NEW);
      expect(erase({ torn: 0, ...seed })).toEqual(OLD);
      expect(erase({ torn: 1, ...seed })).toEqual(erased);
    }
  });

  it('without a seed ends between two bytes, and erases whole sectors only', () => {
    expect(write({ torn: 0.5 })).toEqual(Uint8Array.from([...NEW.subarray(0, 32), ...OLD.subarray(32)]));
    expect(erase({ torn: 0.9 })).toEqual(OLD);
  });

  it('is torn within one word of 4 bytes, of which some bits are cleared', () => {
    const words = seeds.map((seed) => {
      const found = write({ torn: 0.5, seed });
      expect(found.subarray(0, 32)).toEqual(NEW.subarray(0, 32));
      expect(found.subarray(36)).toEqual(OLD.subarray(36));
      for (const [index, byte] of found.subarray(32, 36).entries()) {
        const [before = 0, after = 0] = [OLD[32 + index], NEW[32 + index]];
        expect(byte & before).toBe(byte);
        expect(byte & after).toBe(after);
      }
      return Buffer.from(found.subarray(32, 36)).toString('hex');
    });
    expect(new Set(words).size).toBeGreaterThan(20);
    expect(write({ torn: 0.5, seed: 3 })).toEqual(write({ torn: 0.5, seed: 3 }));
  });

  it('leaves words that are old, erased, or between the two', () => {
    const kinds = new Set<string>();
    for (const seed of seeds) {
      const found = erase({ torn: 0.5, seed });
      for (let at = 0; at < found.length; at += 4) {
        const [word, before] = [Buffer.from(found.subarray(at, at + 4)), OLD.subarray(at, at + 4)];
        expect(word.every((byte, index) => (byte & (before[index] ?? 0)) === before[index])).toBe(true);
        kinds.add(word.equals(before) ? 'old' : word.readUInt32LE() === 0xffff_ffff ? 'erased' : 'between');
      }
    }
    expect([...kinds].sort()).toEqual(['between', 'erased', 'old']);
  });

  it('tears later sectors of a longer erase when it is cut later', () => {
    const plain = createMemoryFlash(64 * 1024);
    for (const sector of [3, 4, 5]) plain.write(sector * SECTOR_BYTES, OLD);
    const flash = withPowerCut(plain, { cutAt: 1, torn: 0.5, seed: 1 });
    expect(() => {
      flash.erase(AT, 3 * SECTOR_BYTES);
    }).toThrow('no power');
    expect(plain.read(AT, 64)).toEqual(erased);
    expect(plain.read(AT + 2 * SECTOR_BYTES, 64)).toEqual(OLD);
  });

  it('is planned anew, with another tear, when power is back', () => {
    const flash = withPowerCut(createMemoryFlash(64 * 1024));
    flash.restore(2, { torn: 1 });
    flash.write(AT, OLD);
    expect(() => {
      flash.erase(AT, SECTOR_BYTES);
    }).toThrow('no power');
    flash.restore();
    expect(flash.read(AT, 64)).toEqual(erased);
    expect(flash.operations).toBe(2);
  });

  it('leaves a boot record in every state there is, among the tears that the sweep tries', () => {
    const entry = encodeOtaEntry({ sequence: 2, state: 'new' });
    const states = new Set<string>();
    for (let seed = 0; seed < ERASE_TEARS; seed += 1) {
      const plain = createMemoryFlash(64 * 1024);
      plain.write(AT, entry);
      const flash = withPowerCut(plain, { cutAt: 1, torn: (seed + 0.5) / ERASE_TEARS, seed });
      expect(() => {
        flash.erase(AT, SECTOR_BYTES);
      }).toThrow('no power');
      const view = Buffer.from(plain.read(AT, 32));
      const old = Buffer.from(entry);
      // Sequence number, state, CRC.
      const parts = [0, 24, 28].map((at) =>
        view.readUInt32LE(at) === old.readUInt32LE(at) ? 'old' : view.readUInt32LE(at) === 0xffff_ffff ? 'erased' : '',
      );
      if (!parts.includes('')) states.add(parts.join(' '));
    }
    expect(states.size).toBe(8);
  });
});
