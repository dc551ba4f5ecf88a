const fromEnvironment = process.env['SECURE_ESP_SEED'];

/** Printed by every test that uses it; `SECURE_ESP_SEED` repeats a run. */
export const SEED = Number(fromEnvironment ?? Math.floor(Math.random() * 0x7fff_ffff));

/** Uniform integers in `[0, limit)` from a seed (mulberry32). */
export const seededIntegers = (seed: number): ((limit: number) => number) => {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
  };
};
