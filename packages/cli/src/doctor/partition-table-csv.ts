/** One row of a partition table. */
export interface Partition {
  readonly name: string;
  readonly type: string;
  /** Its name (`factory`, `ota_0`, `nvs`, `nvs_keys`, …), also where the table has its number. */
  readonly subtype: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly flags: readonly string[];
  /** In the file, from 1. */
  readonly line: number;
}

export interface PartitionTable {
  readonly partitions: readonly Partition[];
  /** Lines that cannot be read, one sentence each; ESP-IDF does not build such a table. */
  readonly problems: readonly string[];
}

const TABLE_BYTES = 0x1000;
const APP_ALIGNMENT = 0x1_0000;
const DATA_ALIGNMENT = 0x1000;
const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 * 1024 };

const TYPES: Readonly<Record<number, string>> = { 0: 'app', 1: 'data' };
const SUBTYPES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  app: {
    0x00: 'factory',
    0x20: 'test',
    ...Object.fromEntries(Array.from({ length: 16 }, (_, n) => [0x10 + n, `ota_${n}`])),
  },
  data: { 0: 'ota', 1: 'phy', 2: 'nvs', 3: 'coredump', 4: 'nvs_keys', 5: 'efuse' },
};

function numberOf(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^(0x[0-9a-f]{1,8}|[0-9]{1,10})([KM]?)$/i.exec(text) ?? [];
  return digits === '' ? undefined : Number(digits) * (UNITS[unit.toUpperCase()] ?? 1);
}

const nameOf = (text: string, names: Readonly<Record<number, string>> | undefined): string => {
  const value = numberOf(text);
  return (value === undefined ? undefined : names?.[value]) ?? text;
};

/**
 * Reads the CSV as ESP-IDF's `gen_esp32part.py` does: a row without an offset comes right after the one above, applications
 * at a multiple of 64 KiB. `tableOffset` is `CONFIG_PARTITION_TABLE_OFFSET`.
 * @see https://docs.espressif.com/projects/esp-idf/en/stable/esp32/api-guides/partition-tables.html
 */
export function readPartitionTable(csv: string, tableOffset: number): PartitionTable {
  const partitions: Partition[] = [];
  const problems: string[] = [];
  let end = tableOffset + TABLE_BYTES;
  for (const [index, text] of csv
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const row = text.replace(/#.*/, '').trim();
    if (row === '') continue;
    const [name = '', typeText = '', subtypeText = '', offsetText = '', sizeText = '', flags = ''] = row
      .split(',')
      .map((field) => field.trim());
    const line = index + 1;
    const type = nameOf(typeText, TYPES);
    const alignment = type === 'app' ? APP_ALIGNMENT : DATA_ALIGNMENT;
    const offset = offsetText === '' ? Math.ceil(end / alignment) * alignment : numberOf(offsetText);
    const sizeBytes = numberOf(sizeText);
    if (name === '' || type === '' || subtypeText === '' || offset === undefined || sizeBytes === undefined) {
      problems.push(`line ${line} is no partition with name, type, subtype, offset and size`);
      continue;
    }
    end = offset + sizeBytes;
    const subtype = nameOf(subtypeText, SUBTYPES[type]);
    partitions.push({ name, type, subtype, offset, sizeBytes, flags: flags === '' ? [] : flags.split(':'), line });
  }
  return { partitions, problems };
}
