import { PROVISIONING_PARTITION } from '../../provision/provisioning-entries.js';
import { hex, partitionsOf, type FirmwareProject } from '../firmware-project.js';
import type { Rule } from '../finding.js';
import type { Partition } from '../partition-table-csv.js';

const TABLE = 'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME';
const KIB_64 = 0x1_0000;
const SECTOR = 0x1000;
const MIB = 1024 * 1024;
/** Three pages of 4 KiB: one of them stays free. */
const NVS_MIN_BYTES = 3 * SECTOR;

const all = ({ table }: FirmwareProject): readonly Partition[] => table?.partitions ?? [];

/** Size of the flash chip in bytes, e.g. of `CONFIG_ESPTOOLPY_FLASHSIZE_4MB`. */
function flashBytes({ config }: FirmwareProject): number {
  const sizes = [1, 2, 4, 8, 16, 32, 64, 128];
  return (sizes.find((size) => config.isOn(`ESPTOOLPY_FLASHSIZE_${size}MB`)) ?? 2) * MIB;
}

function misaligned(project: FirmwareProject): readonly string[] {
  // v1 pads an image to 64 KiB, so that the slot must end there
  const step = project.config.isOn('SECURE_SIGNED_APPS_ECDSA_SCHEME') ? KIB_64 : SECTOR;
  return all(project).flatMap(({ name, type, offset, sizeBytes, line }) => {
    const place = `"${name}" in line ${line}`;
    if (type === 'app' && offset % KIB_64 !== 0) return [`${place} is at ${hex(offset)}, which is no multiple of 64K.`];
    if (type === 'app' && sizeBytes % step !== 0)
      return [`${place} has ${sizeBytes} bytes, which is no multiple of ${step / 1024}K.`];
    return offset % SECTOR === 0 ? [] : [`${place} is at ${hex(offset)}, which is no multiple of 4K.`];
  });
}

function overlaps(project: FirmwareProject): readonly string[] {
  const sorted = [...all(project)].sort((a, b) => a.offset - b.offset);
  return sorted.flatMap(({ name, offset, line }, index) => {
    const before = sorted[index - 1];
    return before !== undefined && offset < before.offset + before.sizeBytes
      ? [`"${name}" in line ${line} begins inside "${before.name}".`]
      : [];
  });
}

/** Whether the table can work at all. */
export const partitionRules: readonly Rule[] = [
  {
    id: 'table-unreadable',
    option: TABLE,
    severity: 'error',
    check: ({ table, tablePath, config }) => {
      if (table !== undefined) return table.problems.map((problem) => `In "${tablePath}", ${problem}.`);
      return config.isOn('PARTITION_TABLE_CUSTOM') ? `The partition table "${tablePath}" cannot be read.` : undefined;
    },
    nextStep: 'Write each row as `name, type, subtype, offset, size, flags`.',
  },
  {
    id: 'table-not-custom',
    option: 'CONFIG_PARTITION_TABLE_CUSTOM',
    severity: 'error',
    check: ({ config }) =>
      config.isOn('PARTITION_TABLE_CUSTOM')
        ? undefined
        : `ESP-IDF’s own tables have no partition "${PROVISIONING_PARTITION}", in which a device is told who it is.`,
    nextStep: 'Choose "Custom partition table CSV" and partitions/development.csv (Partition Table).',
  },
  {
    id: 'provisioning-partition-missing',
    option: TABLE,
    severity: 'error',
    check: (project) =>
      project.table !== undefined &&
      !partitionsOf(project, 'data', 'nvs').some(({ name }) => name === PROVISIONING_PARTITION)
        ? `The table has no partition "${PROVISIONING_PARTITION}" of type data and subtype nvs: the device has no certificate.`
        : undefined,
    nextStep: `Add \`${PROVISIONING_PARTITION}, data, nvs, , 0x4000\`.`,
  },
  {
    id: 'partition-misaligned',
    option: TABLE,
    severity: 'error',
    check: misaligned,
    nextStep: 'Move it; leave the offset empty and ESP-IDF finds one.',
  },
  {
    id: 'partitions-overlap',
    option: TABLE,
    severity: 'error',
    check: overlaps,
    nextStep: 'Move the later one, or leave its offset empty.',
  },
  {
    id: 'partition-below-table',
    option: 'CONFIG_PARTITION_TABLE_OFFSET',
    severity: 'error',
    check: (project) => {
      const end = (project.config.number('PARTITION_TABLE_OFFSET') ?? 0x8000) + SECTOR;
      return all(project)
        .filter(({ offset }) => offset < end)
        .map(
          ({ name, line }) => `"${name}" in line ${line} begins before ${hex(end)}, where the partition table ends.`,
        );
    },
    nextStep: 'Move it behind the table.',
  },
  {
    id: 'flash-too-small',
    option: 'CONFIG_ESPTOOLPY_FLASHSIZE_4MB',
    severity: 'error',
    check: (project) => {
      const size = flashBytes(project);
      return all(project)
        .filter(({ offset, sizeBytes }) => offset + sizeBytes > size)
        .map(({ name, line }) => `"${name}" in line ${line} ends behind the flash of ${size / MIB} MB.`);
    },
    nextStep: 'Set the flash size of your module (Serial flasher config), or make the partitions smaller.',
  },
  {
    id: 'nvs-too-small',
    option: TABLE,
    severity: 'error',
    check: (project) =>
      partitionsOf(project, 'data', 'nvs')
        .filter(({ sizeBytes }) => sizeBytes < NVS_MIN_BYTES)
        .map(({ name, line }) => `"${name}" in line ${line} has less than the three pages (12K) that NVS needs.`),
    nextStep: 'Make it 0x3000 or larger.',
  },
];
