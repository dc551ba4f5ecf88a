import { describe, expect, it } from 'vitest';
import {
  chipById,
  chipByName,
  CHIPS,
  defaultSchemeForChip,
  keyTypeOf,
  schemeFor,
  type ChipName,
} from '@secure-esp/firmware-image';

describe('chips', () => {
  it('have distinct names and ids, and are found by both', () => {
    expect(new Set(CHIPS.map(({ id }) => id)).size).toBe(CHIPS.length);
    for (const chip of CHIPS) {
      expect(chipById(chip.id)).toBe(chip);
      expect(chipByName(chip.name)).toBe(chip);
    }
    expect(chipById(1)).toBeUndefined();
    expect(chipByName('esp8266')).toBeUndefined();
    expect(chipByName('toString')).toBeUndefined();
  });

  it.each<[ChipName, string]>([
    ['esp32', 'v1-ecdsa-p256'],
    ['esp32s2', 'v2-rsa-3072'],
    ['esp32s3', 'v2-rsa-3072'],
    ['esp32c3', 'v2-rsa-3072'],
    ['esp32c6', 'v2-ecdsa-p256'],
    ['esp32c2', 'v2-ecdsa-p256'],
    ['esp32c5', 'v2-ecdsa-p256'],
    ['esp32h2', 'v2-ecdsa-p256'],
    ['esp32p4', 'v2-ecdsa-p256'],
    ['esp32c61', 'v2-ecdsa-p256'],
  ])('%s signs with %s by default', (chip, scheme) => {
    expect(defaultSchemeForChip(chip)).toBe(scheme);
  });

  it('turn a key type into the scheme it has there', () => {
    expect(schemeFor('esp32', 'p256')).toBe('v1-ecdsa-p256');
    expect(schemeFor('esp32', 'rsa3072')).toBe('v2-rsa-3072');
    expect(schemeFor('esp32c6', 'p256')).toBe('v2-ecdsa-p256');
    expect(schemeFor('esp32p4', 'p384')).toBe('v2-ecdsa-p384');
    for (const { name, schemes } of CHIPS) {
      for (const scheme of schemes) expect(schemeFor(name, keyTypeOf(scheme))).toBe(scheme);
    }
  });

  it('refuse keys they cannot verify, chips without scheme, and names nobody knows', () => {
    expect(() => schemeFor('esp32s3', 'p256')).toThrow(/cannot verify p256/);
    expect(() => defaultSchemeForChip('esp32h4')).toThrow(/no signature scheme/);
    expect(() => defaultSchemeForChip('esp9' as ChipName)).toThrow(/not one of the 13 known/);
  });
});
