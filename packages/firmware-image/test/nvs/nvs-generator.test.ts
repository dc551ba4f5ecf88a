import {
  buildNvsKeyPartition,
  encryptNvsImage,
  generateNvsKeys,
  readNvsKeyPartition,
} from '@secure-esp/firmware-image/node';
import { buildNvsImage, nvsCsv, type NvsEntry } from '@secure-esp/firmware-image/nvs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nvsContents } from '../support/nvs-arbitraries.js';
import { NVS_CASES } from '../support/nvs-cases.js';
import {
  generatedKeyPartition,
  generatedOf,
  generatedOfCsv,
  generatorTitle,
  skipWithoutGenerator,
} from '../support/nvs-generator.js';

/** Not the bytes themselves: a difference of two partitions is no help on a terminal. */
const firstDifference = (a: Uint8Array, b: Uint8Array): number =>
  a.length === b.length ? a.findIndex((byte, index) => byte !== b[index]) : Math.min(a.length, b.length);

describe.skipIf(skipWithoutGenerator)(generatorTitle('byte for byte as Espressif’s generator'), () => {
  test.each(NVS_CASES)('$name', async ({ entries, sizeBytes }) => {
    const keys = generateNvsKeys();
    const plain = buildNvsImage({ sizeBytes, entries });
    expect(firstDifference(plain, await generatedOfCsv(nvsCsv(entries), sizeBytes))).toBe(-1);
    const encrypted = await generatedOfCsv(nvsCsv(entries), sizeBytes, buildNvsKeyPartition(keys));
    expect(firstDifference(encryptNvsImage(plain, keys), encrypted)).toBe(-1);
  });

  test('whatever the entries are, plain and encrypted', async () => {
    const sizeBytes = 0x10000;
    await fc.assert(
      fc.asyncProperty(fc.array(nvsContents(8000), { minLength: 10, maxLength: 20 }), async (contents) => {
        const keys = generateNvsKeys();
        const keyPartition = buildNvsKeyPartition(keys);
        const cases = contents.flatMap((entries) => [
          { entries, sizeBytes },
          { entries, sizeBytes, keyPartition },
        ]);
        const expected = await generatedOf(cases);
        for (const [index, { entries, ...rest }] of cases.entries()) {
          const plain = buildNvsImage({ sizeBytes, entries });
          const built = 'keyPartition' in rest ? encryptNvsImage(plain, keys) : plain;
          expect([index, firstDifference(built, expected[index] ?? new Uint8Array())]).toEqual([index, -1]);
        }
      }),
      { numRuns: 4, endOnFailure: true },
    );
  }, 120_000);

  test('its key partitions are read, and written as they were', async () => {
    const partition = await generatedKeyPartition();
    expect(buildNvsKeyPartition(readNvsKeyPartition(partition))).toEqual(partition);
  });

  test('a string of one byte more than ours may have is too long for it, too', async () => {
    const long: NvsEntry = { namespace: 'a', key: 'b', type: 'string', value: 'x'.repeat(3967) };
    const csv = nvsCsv([long]);
    await expect(generatedOfCsv(csv, 0x4000)).resolves.toHaveLength(0x4000);
    await expect(generatedOfCsv(csv.replace('xxx', 'xxxx'), 0x4000)).rejects.toThrow('PageFullError');
  });
});
