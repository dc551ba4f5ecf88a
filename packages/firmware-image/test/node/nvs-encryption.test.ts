import {
  buildNvsKeyPartition,
  decryptNvsImage,
  encryptNvsImage,
  generateNvsKeys,
  readNvsKeyPartition,
} from '@secure-esp/firmware-image/node';
import { buildNvsImage, readNvsImage } from '@secure-esp/firmware-image/nvs';
import { describe, expect, test } from 'vitest';
import { NVS_CASES } from '../support/nvs-cases.js';

const keys = { eky: new Uint8Array(32).fill(1), tky: new Uint8Array(32).fill(2) };
const code = (code: string): Error => expect.objectContaining({ name: 'FirmwareImageError', code }) as Error;

describe('NVS encryption', () => {
  test.each(NVS_CASES)('leaves headers and bitmaps, and can be undone: $name', ({ entries, sizeBytes }) => {
    const plain = buildNvsImage({ sizeBytes, entries });
    const encrypted = encryptNvsImage(plain, keys);
    expect(Buffer.compare(decryptNvsImage(encrypted, keys), plain)).toBe(0);
    for (let page = 0; page < sizeBytes; page += 4096)
      expect(encrypted.subarray(page, page + 64)).toEqual(plain.subarray(page, page + 64));
    if (entries.length > 0) expect(() => readNvsImage(encrypted)).toThrow(code('bad_checksum'));
  });

  test('another key gives nothing back', () => {
    const { entries, sizeBytes } = NVS_CASES[1] ?? { entries: [], sizeBytes: 0 };
    const encrypted = encryptNvsImage(buildNvsImage({ sizeBytes, entries }), keys);
    const decrypted = decryptNvsImage(encrypted, generateNvsKeys());
    expect(() => readNvsImage(decrypted)).toThrow(/damaged/);
  });

  test('keys go into a partition and come back', () => {
    const made = generateNvsKeys();
    const partition = buildNvsKeyPartition(made);
    expect(partition).toHaveLength(4096);
    expect(partition.subarray(68).every((byte) => byte === 0xff)).toBe(true);
    expect(readNvsKeyPartition(partition)).toEqual(made);
    expect(readNvsKeyPartition(partition.subarray(0, 68))).toEqual(made);
    partition[3] = (partition[3] ?? 0) ^ 1;
    expect(() => readNvsKeyPartition(partition)).toThrow(code('bad_key'));
    expect(() => readNvsKeyPartition(partition.subarray(0, 67))).toThrow(code('bad_key'));
    expect(() => readNvsKeyPartition(new Uint8Array(10))).toThrow(code('bad_key'));
  });

  test('refuses keys of another length, and one key for both', () => {
    expect(() => buildNvsKeyPartition({ eky: keys.eky, tky: keys.eky })).toThrow(code('bad_key'));
    expect(() => buildNvsKeyPartition({ eky: new Uint8Array(16), tky: keys.tky })).toThrow(code('bad_key'));
    expect(() => encryptNvsImage(new Uint8Array(100), keys)).toThrow(code('bad_option'));
  });
});
