import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildImage,
  carveApplication,
  findMergedImage,
  FirmwareImageError,
  inspectImage,
  isFirmwareImageError,
  parseImage,
  reportImage,
  signImage,
  verifyImage,
  type ApplicationSlot,
} from '@secure-esp/firmware-image';
import { testKey } from './support/keys.js';
import { factory, makeBootloader, makePartitionTable, merge, nvs, otaSlot, type TableRow } from './support/merged.js';

const errorOf = (run: () => unknown): FirmwareImageError => {
  try {
    run();
  } catch (error) {
    if (error instanceof FirmwareImageError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

const APP = 0x1_0000;
const TABLE = 0x8000;
let app: Uint8Array;
let other: Uint8Array;
beforeAll(async () => {
  app = await buildImage({ chip: 'esp32', project: 'lamp', version: '1.2.0', payload: new Uint8Array(5000).fill(7) });
  other = await buildImage({ chip: 'esp32', project: 'lamp', version: '1.3.0' });
});

const mergedFile = (bootloaderAt = 0x1000, base = 0): Uint8Array =>
  merge(
    [
      [bootloaderAt, makeBootloader()],
      [TABLE, makePartitionTable([nvs, factory()])],
      [APP, app],
    ],
    base,
  );

describe('a merged image', () => {
  it.each([
    ['begins with erased flash, bootloader at 0x1000 (esp32)', 0x1000, 0],
    ['begins with the bootloader, flashed to 0 (esp32s3, esp32c3, esp32c6)', 0, 0],
    ['begins with the bootloader, flashed to 0x1000', 0x1000, 0x1000],
    ['begins with the bootloader, flashed to 0x2000 (esp32c5, esp32p4)', 0x2000, 0x2000],
  ])('is refused with the offset of its application when it %s', async (_, bootloaderAt, base) => {
    const file = mergedFile(bootloaderAt, base);
    const offset = APP - base;
    const error = errorOf(() => parseImage(file));
    expect(error.code).toBe('merged_image');
    expect(error.message).toContain(`factory at offset 0x${offset.toString(16)}`);
    expect(error.merged).toEqual({
      partitionTableOffset: TABLE - base,
      baseAddress: base,
      applications: [{ slot: 'factory', label: 'factory', offset, address: APP, partitionBytes: 0x10_0000 }],
    });
    await expect(inspectImage(file)).rejects.toMatchObject({ code: 'merged_image' });
    await expect(signImage(file, testKey('p256', 'v1-ecdsa-p256').signer)).rejects.toMatchObject({
      code: 'merged_image',
    });
    // the word that devices have for it, with the sentence that helps
    expect(await verifyImage(file, {})).toEqual({ ok: false, reason: 'not_an_image', detail: error.message });
    expect(carveApplication(file)).toEqual(app);
  });

  it('is recognised without bootloader, with a damaged one, and from its partition table on', () => {
    const file = mergedFile();
    expect(carveApplication(file.subarray(TABLE))).toEqual(app);
    const damaged = file.slice();
    damaged.set([0xe9, 0xff, 1, 2, 3]);
    damaged.fill(0x55, 0x1000, 0x1200);
    expect(carveApplication(damaged)).toEqual(app);
  });

  it('is recognised by a table at another offset, and by one without an MD5 row', () => {
    for (const at of [0x9000, 0xd000, 0x1_0000, 0x2_0000]) {
      const file = merge([
        [0, makeBootloader()],
        [at, makePartitionTable([factory(0x3_0000)], { md5: false })],
        [0x3_0000, app],
      ]);
      expect(findMergedImage(file)).toMatchObject({ partitionTableOffset: at, baseAddress: 0 });
      expect(carveApplication(file)).toEqual(app);
    }
  });

  it('lists the applications that are there, and makes the caller choose among several', () => {
    const file = merge([
      [0, makeBootloader()],
      [TABLE, makePartitionTable([nvs, otaSlot(0, APP), otaSlot(1, 0x11_0000), otaSlot(2, 0x21_0000)])],
      [APP, app],
      [0x11_0000, other],
    ]);
    expect(findMergedImage(file)?.applications.map(({ slot }) => slot)).toEqual(['ota_0', 'ota_1']);
    expect(errorOf(() => carveApplication(file))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('ota_0, ota_1') as string,
    });
    expect(errorOf(() => carveApplication(file, { slot: 'ota_2' })).code).toBe('bad_option');
    expect(carveApplication(file, { slot: 'ota_0' })).toEqual(app);
    expect(carveApplication(file, { slot: 'ota_1' })).toEqual(other);
  });

  it('without an application says so', () => {
    const file = merge([
      [0, makeBootloader()],
      [TABLE, makePartitionTable([factory()])],
    ]);
    expect(errorOf(() => parseImage(file))).toMatchObject({
      code: 'merged_image',
      message: expect.stringContaining('holds no application') as string,
    });
    expect(errorOf(() => carveApplication(file)).code).toBe('merged_image');
  });

  it('never is an application image, whatever follows it', async () => {
    const padded = merge([
      [0, app],
      [TABLE, makePartitionTable([factory()])],
      [APP, app],
    ]);
    expect(findMergedImage(padded)).toBeUndefined();
    expect(parseImage(padded).trailing).toBe('unknown');
    expect(errorOf(() => carveApplication(app)).code).toBe('bad_option');
    expect(await verifyImage(padded, {})).toMatchObject({ ok: false, reason: 'unsigned' });
  });
});

describe('carveApplication', () => {
  const intoFlash = (signed: Uint8Array, behind: number): Uint8Array => {
    const file = merge([
      [0, makeBootloader()],
      [TABLE, makePartitionTable([factory()])],
      [APP, signed],
      [APP + signed.length, new Uint8Array(9000).fill(behind)],
    ]);
    return file;
  };

  it.each([
    ['v1-ecdsa-p256', 'esp32'],
    ['v2-rsa-3072', 'esp32s3'],
    ['v2-ecdsa-p256', 'esp32c6'],
    ['v2-ecdsa-p384', 'esp32p4'],
  ] as const)('keeps a %s signature, and nothing that follows it', async (scheme, chip) => {
    const { signer, trusted } = testKey(
      scheme === 'v2-rsa-3072' ? 'rsa3072' : scheme.endsWith('384') ? 'p384' : 'p256',
      scheme,
    );
    const signed = await signImage(await buildImage({ chip, project: 'lamp', version: '1.0.0' }), signer);
    for (const behind of [0xff, 0x00, 0x5a]) {
      const carved = carveApplication(intoFlash(signed, behind));
      expect(carved).toEqual(signed);
      expect(await verifyImage(carved, trusted)).toMatchObject({ ok: true, scheme });
    }
  });

  it('drops erased and other bytes behind an unsigned image', () => {
    for (const behind of [0xff, 0x00, 0x5a]) expect(carveApplication(intoFlash(app, behind))).toEqual(app);
  });

  it('passes on what is wrong with a damaged application', () => {
    const file = mergedFile();
    file.set([1], APP + 400);
    expect(errorOf(() => carveApplication(file)).code).toBe('bad_checksum');
    expect(errorOf(() => carveApplication(mergedFile().subarray(0, APP + 600))).code).toBe('truncated');
  });

  it('reads no further than the partition goes', () => {
    const file = merge([
      [0, makeBootloader()],
      [TABLE, makePartitionTable([factory(APP, 0x1000)])],
      [APP, app],
    ]);
    expect(errorOf(() => carveApplication(file)).code).toBe('truncated');
  });

  it('gives a copy', () => {
    const file = mergedFile();
    const carved = carveApplication(file);
    file.fill(0);
    expect(carved).toEqual(app);
  });
});

describe('partition tables', () => {
  const appRow = fc.record({
    subtype: fc.constantFrom(0, 0x20, ...Array.from({ length: 16 }, (_, index) => 0x10 + index)),
    present: fc.boolean(),
    label: fc.string({ maxLength: 16 }),
  });
  const dataRow = fc.record({
    type: fc.integer({ min: 1, max: 255 }),
    subtype: fc.nat(255),
    address: fc.nat(0xffff_ffff),
    length: fc.nat(0xffff_ffff),
    label: fc.string({ maxLength: 16 }),
  });
  const nameOf = (subtype: number): ApplicationSlot => {
    if (subtype === 0) return 'factory';
    return subtype === 0x20 ? 'test' : `ota_${subtype - 0x10}`;
  };

  it('of any shape lead to exactly the applications that are there', () => {
    const tables = fc.record({
      apps: fc.uniqueArray(appRow, { minLength: 1, maxLength: 5, selector: ({ subtype }) => subtype }),
      data: fc.array(dataRow, { maxLength: 20 }),
      tableAt: fc.constantFrom(0x8000, 0x9000, 0xf000),
      base: fc.constantFrom(0, 0x1000, 0x2000),
      md5: fc.boolean(),
    });
    fc.assert(
      fc.property(tables, ({ apps, data, tableAt, base, md5 }) => {
        const placed = apps.map((row, index) => ({ ...row, address: (index + 1) * 0x1_0000 }));
        const rows: TableRow[] = [
          ...data,
          ...placed.map(({ subtype, address, label }) => ({ type: 0, subtype, address, length: 0x1_0000, label })),
        ];
        const present = placed.filter((row) => row.present);
        const file = merge(
          [
            [base, makeBootloader()],
            [tableAt, makePartitionTable(rows, { md5 })],
            ...present.map(({ address }) => [address, app] as const),
          ],
          base,
        );
        const merged = findMergedImage(file);
        expect(merged?.partitionTableOffset).toBe(tableAt - base);
        expect(merged?.applications.map(({ slot, offset }) => [slot, offset])).toEqual(
          present.map(({ subtype, address }) => [nameOf(subtype), address - base]),
        );
        for (const { slot } of merged?.applications ?? []) expect(carveApplication(file, { slot })).toEqual(app);
      }),
      { numRuns: 150 },
    );
  });

  it('that are damaged or hostile never make a reader throw anything but FirmwareImageError', async () => {
    const template = mergedFile(0, 0);
    const edits = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 0xc00 - 1 }), fc.nat(255), fc.constantFrom(0, TABLE, APP)),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(edits, fc.nat(template.length), async (changes, cut) => {
        const file = template.slice(0, Math.max(cut, TABLE + 100));
        for (const [at, value, region] of changes) if (region + at < file.length) file[region + at] = value;
        for (const read of [() => parseImage(file), () => carveApplication(file)]) {
          try {
            read();
          } catch (error) {
            expect(isFirmwareImageError(error)).toBe(true);
          }
        }
        expect((await verifyImage(file, {}, { kind: 'any' })).ok).toBe(false);
        const report = await reportImage(file);
        expect(report.problems).not.toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('of the worst kind do not make the search slow', () => {
    const rows = Array.from({ length: 94 }, (_, index) => otaSlot(index % 16, 0xffff_0000));
    const file = new Uint8Array(16 * 1024 * 1024).fill(0xff);
    file.set(makePartitionTable(rows));
    const unfinished = new Uint8Array(16 * 1024 * 1024);
    for (let at = 0; at < unfinished.length; at += 4096) {
      for (let row = 0; row < 96; row += 1) unfinished.set([0xaa, 0x50, 1, 1], at + row * 32);
    }
    const started = performance.now();
    expect(findMergedImage(file)?.applications).toEqual([]);
    expect(findMergedImage(unfinished)).toBeUndefined();
    // 50 ms on an idle machine; what this guards against takes minutes
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
