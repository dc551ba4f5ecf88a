import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildImage,
  carveApplication,
  chipByName,
  defaultSchemeForChip,
  findMergedImage,
  keyTypeOf,
  signImage,
  verifyImage,
  type ChipName,
} from '@secure-esp/firmware-image';
import { callEsptool, esptool, esptoolTitle, spelled } from './support/esptool.js';
import { testKey } from './support/keys.js';
import { factory, makeBootloader, makePartitionTable, nvs, otaSlot } from './support/merged.js';

describe.skipIf(esptool === undefined && !process.env['CI'])(esptoolTitle('esptool merge-bin'), () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firmware-image-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is present', () => {
    expect(esptool, 'CI needs esptool: set SECURE_ESP_ESPTOOL').toBeDefined();
  });

  const cases: [string, ChipName, number, number, readonly string[]][] = [
    ['as it is by default', 'esp32', 0x1000, 0, []],
    ['for its own address', 'esp32', 0x1000, 0x1000, ['--target-offset', '0x1000']],
    ['as it is by default', 'esp32s3', 0, 0, []],
    ['padded to the size of the flash', 'esp32c6', 0, 0, [spelled('--pad-to-size'), '4MB']],
    ['for its own address', 'esp32p4', 0x2000, 0x2000, ['--target-offset', '0x2000']],
  ];
  it.each(cases)('%s: an application for %s comes out as it went in', { timeout: 120_000 }, async (...row) => {
    const [title, chip, bootloaderAt, baseAddress, options] = row;
    const file = (name: string): string => join(folder, `${chip}-${title.replaceAll(' ', '-')}-${name}`);
    const scheme = defaultSchemeForChip(chip);
    const { signer, trusted } = testKey(keyTypeOf(scheme), scheme);
    const app = await signImage(
      await buildImage({ chip, project: 'lamp', version: '1.0.0', payload: new Uint8Array(70_000).fill(5) }),
      signer,
    );
    const second = await buildImage({ chip, project: 'lamp', version: '0.9.0' });
    await writeFile(file('boot.bin'), makeBootloader(chipByName(chip)?.id));
    await writeFile(file('table.bin'), makePartitionTable([nvs, factory(), otaSlot(0, 0x11_0000)]));
    await writeFile(file('app.bin'), app);
    await writeFile(file('second.bin'), second);

    const parts = [`0x${bootloaderAt.toString(16)}`, file('boot.bin'), '0x8000', file('table.bin')];
    const apps = ['0x10000', file('app.bin'), '0x110000', file('second.bin')];
    const flags = options.map((option) => (option === '--target-offset' ? spelled(option) : option));
    const output = ['--output', file('merged.bin'), ...flags];
    await callEsptool('--chip', chip, spelled('merge-bin'), ...output, ...parts, ...apps);

    const merged = new Uint8Array(await readFile(file('merged.bin')));
    expect(findMergedImage(merged)).toMatchObject({
      baseAddress,
      partitionTableOffset: 0x8000 - baseAddress,
      applications: [
        { slot: 'factory', offset: 0x1_0000 - baseAddress },
        { slot: 'ota_0', offset: 0x11_0000 - baseAddress },
      ],
    });
    expect(await verifyImage(merged, trusted)).toMatchObject({ ok: false, reason: 'not_an_image' });
    const carved = carveApplication(merged, { slot: 'factory' });
    expect(carved).toEqual(app);
    expect(await verifyImage(carved, trusted)).toMatchObject({ ok: true, scheme });
    expect(carveApplication(merged, { slot: 'ota_0' })).toEqual(second);
  });
});
