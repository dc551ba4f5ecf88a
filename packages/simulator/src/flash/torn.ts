import { SECTOR_BYTES, type Flash } from './nor-flash.js';

const WORD_BYTES = 4;

/** Uniform in [0, 1), the same numbers for the same seed (mulberry32). */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const anyByte = (random: () => number): number => Math.floor(random() * 256);

/**
 * Writes the words before the cut; of the word in which power went, any of the bits that were to be cleared. Words lie at
 * multiples of 4 of the flash.
 */
export const tearWrite = (
  flash: Flash,
  offset: number,
  bytes: Uint8Array,
  torn: number,
  random: () => number,
): void => {
  const first = Math.floor(offset / WORD_BYTES);
  const count = Math.ceil((offset + bytes.length) / WORD_BYTES) - first;
  const word = first + Math.min(count - 1, Math.floor(count * torn));
  const from = Math.max(0, word * WORD_BYTES - offset);
  const to = Math.min(bytes.length, (word + 1) * WORD_BYTES - offset);
  const part = bytes.slice(0, to);
  const before = flash.read(offset + from, to - from);
  for (let at = from; at < to; at += 1) part[at] = (part[at] ?? 0) | ((before[at - from] ?? 0) & anyByte(random));
  flash.write(offset, part);
};

/**
 * Erases the sectors before the cut; in the one in which power went, every word is old, erased, or on the way, with any of
 * its bits set. How many are what differs from cut to cut.
 */
export const tearErase = (flash: Flash, offset: number, length: number, torn: number, random: () => number): void => {
  const sectors = length / SECTOR_BYTES;
  const sector = Math.min(sectors - 1, Math.floor(sectors * torn));
  const at = offset + sector * SECTOR_BYTES;
  const mixture = flash.read(at, SECTOR_BYTES);
  const erased = random();
  const underWay = random() < 0.5 ? 0 : random();
  for (let word = 0; word < SECTOR_BYTES; word += WORD_BYTES) {
    const whole = random() < erased;
    const partly = random() < underWay;
    for (let byte = word; byte < word + WORD_BYTES; byte += 1) {
      if (whole) mixture[byte] = 0xff;
      else if (partly) mixture[byte] = (mixture[byte] ?? 0) | anyByte(random);
    }
  }
  flash.erase(offset, (sector + 1) * SECTOR_BYTES);
  flash.write(at, mixture);
};
