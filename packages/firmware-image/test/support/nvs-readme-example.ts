import { buildNvsKeyPartition, encryptNvsImage, generateNvsKeys } from '@secure-esp/firmware-image/node';
import { buildNvsImage, nvsCsv, readNvsImage, type NvsEntry } from '@secure-esp/firmware-image/nvs';

const entries: readonly NvsEntry[] = [
  { namespace: 'lamp', key: 'serial', type: 'string', value: 'L-0042' },
  { namespace: 'lamp', key: 'calibration', type: 'blob', value: Uint8Array.of(1, 2, 3) },
  { namespace: 'lamp', key: 'made_at', type: 'i64', value: 1_764_000_000n },
];
const image = buildNvsImage({ sizeBytes: 0x4000, entries });

const keys = generateNvsKeys();
export const files = {
  'nvs.bin': encryptNvsImage(image, keys),
  'nvs_keys.bin': buildNvsKeyPartition(keys),
  'nvs.csv': nvsCsv(entries),
};
export const readBack = readNvsImage(image);
