import { describe, expect, it } from 'vitest';
import {
  carveApplication,
  chipByName,
  containsPrivateKey,
  findMergedImage,
  imageIdentity,
  inspectImage,
  parseImage,
  verifyImage,
  type ChipName,
} from '@secure-esp/firmware-image';
import { factory, makePartitionTable, merge } from './support/merged.js';
import { readVector, realVectors, vectorsPresent, vectorsTitle } from './support/vectors.js';

describe.skipIf(!vectorsPresent)(vectorsTitle('images of public projects'), () => {
  it.each(realVectors())('$file parses to the values an independent parser found', async ({ file, ...vector }) => {
    const { expected, app, segments } = vector;
    const image = await inspectImage(readVector(file));
    expect(image).toMatchObject({
      chip: expected.chip,
      chipId: expected.chip_id,
      entry: Number(expected.entry),
      legacyMinChipRevision: expected.min_rev,
      minChipRevision: expected.min_rev_full,
      maxChipRevision: expected.max_rev_full,
      hashAppended: expected.hash_appended === 1,
      checksum: expected.checksum_stored,
      imageLength: expected.image_len,
      trailing: 'none',
      trailingLength: expected.trailing,
      hashOk: expected.hash_ok ?? undefined,
      signature: { kind: 'none' },
      descriptor: {
        secureVersion: app?.secure_version,
        version: app?.version,
        projectName: app?.project_name,
        time: app?.time,
        date: app?.date,
        idfVersion: app?.idf_ver,
        elfSha256: app?.app_elf_sha256,
        minEfuseBlockRevision: app?.min_efuse_blk_rev_full,
        maxEfuseBlockRevision: app?.max_efuse_blk_rev_full,
        mmuPageSizeLog2: app?.mmu_page_size,
      },
    });
    expect(image.segments).toEqual(
      segments?.map(({ addr, len, off }) => ({ loadAddress: Number(addr), offset: off, length: len })),
    );
    if (expected.hash_appended === 1) expect(image.identity).toBe(expected.hash_stored);
  });

  it.each(realVectors())('$file is unsigned, and known to hold no private key', async ({ file, expected }) => {
    const bytes = readVector(file);
    expect(containsPrivateKey(bytes)).toBe(false);
    const chip = expected.chip as ChipName;
    expect(await verifyImage(bytes, {}, { chip })).toMatchObject({ ok: false, reason: 'unsigned' });
    const other = chip === 'esp32' ? 'esp32s3' : 'esp32';
    expect(await verifyImage(bytes, {}, { chip: other })).toMatchObject({ ok: false, reason: 'wrong_chip' });
  });

  it('keeps the identity when a partition dump adds erased flash up to the next sector', async () => {
    const bytes = readVector('real/idf-hello_world-esp32.bin');
    const padded = new Uint8Array(Math.ceil(bytes.length / 4096) * 4096).fill(0xff);
    padded.set(bytes);
    expect(parseImage(padded).trailing).toBe('erased');
    expect(await imageIdentity(padded)).toBe(await imageIdentity(bytes));
  });

  it.each(realVectors())('$file comes out of a merged image as it went in', ({ file, expected }) => {
    const app = readVector(file);
    const base = expected.chip === 'esp32' || expected.chip === 'esp32s2' ? 0x1000 : 0;
    const merged = merge(
      [
        [base, readVector('signed/esptool/bootloader_esp32_v5_2.bin')],
        [0x8000, makePartitionTable([factory(0x1_0000, 0x20_0000)])],
        [0x1_0000, app],
      ],
      base,
    );
    expect(() => parseImage(merged)).toThrow(`factory at offset 0x${(0x1_0000 - base).toString(16)}`);
    expect(Buffer.from(carveApplication(merged)).equals(app)).toBe(true);
    expect(findMergedImage(app)).toBeUndefined();
  });

  it('refuses a bootloader with an application behind it also without a partition table', async () => {
    const app = readVector('real/idf-hello_world-esp32.bin');
    const merged = merge([
      [0, readVector('signed/esptool/bootloader_esp32_v5_2.bin')],
      [0x1_0000, app],
    ]);
    expect(parseImage(merged)).toMatchObject({ chip: 'esp32', descriptor: undefined, trailing: 'unknown' });
    expect(await verifyImage(merged, {})).toMatchObject({ ok: false, reason: 'not_an_image' });
    expect(await verifyImage(merged, {}, { kind: 'any' })).toMatchObject({ ok: false, reason: 'unsigned' });
  });

  it('finds the first segment of every real image in flash, where the address table of its chip says', () => {
    for (const { file, expected } of realVectors()) {
      const chip = chipByName(expected.chip ?? '');
      const address = parseImage(readVector(file)).segments[0]?.loadAddress ?? 0;
      expect(address, file).toBeGreaterThanOrEqual(chip?.drom.start ?? Infinity);
      expect(address, file).toBeLessThan(chip?.drom.end ?? 0);
    }
  });
});
