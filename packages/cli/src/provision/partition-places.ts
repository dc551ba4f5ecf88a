import { CliError } from '../errors.js';
import { sizeOption } from '../options.js';
import { PROVISIONING_PARTITION } from './provisioning-entries.js';

export interface PartitionPlace {
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface PartitionPlaces {
  readonly provisioning: PartitionPlace;
  /** of the subtype `nvs_keys`, where the table has one */
  readonly keys: PartitionPlace | undefined;
}

const FLASH_BYTES = 256 * 1024 * 1024;

/** Where an ESP-IDF partition table (CSV) has the partitions that are provisioned. `file` names it in errors. */
export function findPartitions(csv: string, file: string): PartitionPlaces {
  const rows = csv
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => line.split(',').map((field) => field.trim()));
  const row = rows.find(([name]) => name === PROVISIONING_PARTITION);
  if (row === undefined) {
    throw new CliError(
      `"${file}" has no partition "${PROVISIONING_PARTITION}".`,
      `Add a line such as \`${PROVISIONING_PARTITION}, data, nvs, 0x3E0000, 0x4000\`.`,
    );
  }
  if (row[1] !== 'data' || row[2] !== 'nvs')
    throw new CliError(`"${PROVISIONING_PARTITION}" in "${file}" must be of type data and subtype nvs.`);
  if (row[5]?.split(':').includes('encrypted') === true) {
    throw new CliError(
      `"${PROVISIONING_PARTITION}" in "${file}" has the flag "encrypted", which NVS does not work with.`,
      'Remove the flag and use --encrypt.',
    );
  }
  const keys = rows.find(([, type, subtype]) => type === 'data' && subtype === 'nvs_keys');
  return { provisioning: placeOf(row, file), keys: keys === undefined ? undefined : placeOf(keys, file) };
}

function placeOf([name = '', , , offset = '', size = '']: readonly string[], file: string): PartitionPlace {
  const numberOf = (text: string, what: string): number => {
    try {
      return sizeOption(FLASH_BYTES)(text);
    } catch (cause) {
      const nextStep = 'Write it into the table; `idf.py partition-table` prints those that ESP-IDF works out.';
      throw new CliError(`"${name}" in "${file}" has no ${what} that is a number.`, nextStep, 1, { cause });
    }
  };
  return { offset: numberOf(offset, 'offset'), sizeBytes: numberOf(size, 'size') };
}
