import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activeEntry, decodeOtaEntry, encodeOtaEntry, slotOf, type BootState } from '../../src/flash/ota-data.js';

const states: readonly BootState[] = ['new', 'pending_verify', 'valid', 'invalid', 'aborted', 'undefined'];
const entry = (sequence: number, state: BootState) => ({ sequence, state });

describe('otadata entries', () => {
  it('have the bytes that ESP-IDF writes (sequence 1 and 2, known CRCs)', () => {
    const blank = 'ff'.repeat(20);
    expect(Buffer.from(encodeOtaEntry(entry(1, 'undefined'))).toString('hex')).toBe(`01000000${blank}ffffffff9a984347`);
    expect(Buffer.from(encodeOtaEntry(entry(2, 'new'))).toString('hex')).toBe(`02000000${blank}000000007437f655`);
  });

  it('survive a round trip', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffff_fffe }), fc.constantFrom(...states), (sequence, state) => {
        expect(decodeOtaEntry(encodeOtaEntry({ sequence, state }))).toEqual({ sequence, state });
      }),
    );
  });

  it('are not read when torn at any byte, or blank', () => {
    const whole = encodeOtaEntry(entry(7, 'new'));
    for (let length = 0; length < whole.length; length += 1) {
      const torn = new Uint8Array(32).fill(0xff);
      torn.set(whole.subarray(0, length));
      expect(decodeOtaEntry(torn)).toBeUndefined();
    }
  });

  it.each([
    [[undefined, undefined], undefined],
    [[entry(2, 'valid'), undefined], 0],
    [[entry(2, 'valid'), entry(3, 'new')], 1],
    [[entry(2, 'valid'), entry(3, 'aborted')], 0],
    [[entry(2, 'valid'), entry(3, 'invalid')], 0],
    [[entry(4, 'pending_verify'), entry(3, 'valid')], 0],
    [[entry(2, 'aborted'), entry(3, 'aborted')], undefined],
  ] as const)('select the highest entry that is neither invalid nor aborted: %j', (entries, expected) => {
    expect(activeEntry(entries)).toBe(expected);
  });

  it('name the slot by (sequence - 1) modulo 2', () => {
    expect([1, 2, 3, 4].map((sequence) => slotOf(entry(sequence, 'valid')))).toEqual([
      'ota_0',
      'ota_1',
      'ota_0',
      'ota_1',
    ]);
  });
});
