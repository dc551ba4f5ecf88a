import { hex, slotsOf, type FirmwareProject } from '../firmware-project.js';
import type { Rule } from '../finding.js';

const NEARLY_FULL = 0.95;

/** Where the chip's ROM looks for the bootloader. */
const bootloaderOffset = ({ chip }: FirmwareProject): number => {
  if (chip.name === 'esp32' || chip.name === 'esp32s2') return 0x1000;
  return chip.name === 'esp32p4' || chip.name === 'esp32c5' || chip.name === 'esp32h4' ? 0x2000 : 0;
};

const smallestSlot = (project: FirmwareProject): number | undefined => {
  const sizes = slotsOf(project).map(({ sizeBytes }) => sizeBytes);
  return sizes.length === 0 ? undefined : Math.min(...sizes);
};

/** Codes of an image report that have a rule of their own. */
const TOLD_APART: ReadonlySet<string> = new Set(['unsigned', 'contains_private_key', 'wrong_chip']);

/** Whether what was built fits, and is what it should be. Nothing is said before the first build. */
export const imageRules: readonly Rule[] = [
  {
    id: 'application-too-large',
    option: 'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME',
    severity: 'error',
    check: (project) => {
      const slot = smallestSlot(project);
      const { application } = project;
      return application !== undefined && slot !== undefined && application.bytes > slot
        ? `"${application.path}" has ${application.bytes} bytes, a slot ${slot}.`
        : undefined;
    },
    nextStep: 'Make the slots larger before the first device is out: a partition table is never updated over the air.',
  },
  {
    id: 'application-nearly-fills-slot',
    option: 'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME',
    severity: 'warning',
    check: (project) => {
      const slot = smallestSlot(project);
      const bytes = project.application?.bytes ?? 0;
      return slot !== undefined && bytes <= slot && bytes > slot * NEARLY_FULL
        ? `The application takes ${Math.floor((bytes / slot) * 100)} % of its slot, which cannot grow once devices are out.`
        : undefined;
    },
    nextStep: 'Make the slots larger, or the application smaller, before the first device is out.',
  },
  {
    id: 'bootloader-too-large',
    option: 'CONFIG_PARTITION_TABLE_OFFSET',
    severity: 'error',
    check: (project) => {
      const { bootloader } = project;
      const end = bootloaderOffset(project) + (bootloader?.bytes ?? 0);
      const table = project.config.number('PARTITION_TABLE_OFFSET') ?? 0x8000;
      return bootloader !== undefined && end > table
        ? `"${bootloader.path}" ends at ${hex(end)}, behind the beginning of the partition table at ${hex(table)}.`
        : undefined;
    },
    nextStep: 'Lower the bootloader’s log level, or move the table (and the partitions) back, e.g. to 0x10000.',
  },
  {
    id: 'application-unsigned',
    option: 'CONFIG_SECURE_BOOT_BUILD_SIGNED_BINARIES',
    severity: 'warning',
    check: ({ application }) =>
      application?.report.problems.some(({ code }) => code === 'unsigned') === true
        ? `"${application.path}" is not signed: devices refuse it.`
        : undefined,
    nextStep: 'Sign it with `secure-esp image sign FILE`.',
  },
  {
    id: 'application-damaged',
    option: 'CONFIG_APP_PROJECT_VER',
    severity: 'error',
    check: ({ application }) =>
      application?.report.problems
        .filter(({ code }) => !TOLD_APART.has(code))
        .map(({ code, message }) => `"${application.path}" is not as devices want it: ${message} (${code}).`),
    nextStep: 'Build it again, and see `secure-esp image info FILE`.',
  },
  {
    id: 'application-for-another-chip',
    option: 'CONFIG_IDF_TARGET',
    severity: 'error',
    check: ({ application, chip }) => {
      const found = application?.report.chip ?? null;
      return application !== undefined && found !== null && found !== chip.name
        ? `"${application.path}" is for the ${found}, the configuration for the ${chip.name}.`
        : undefined;
    },
    nextStep: 'Build again; or name the folder of the right build with --build.',
  },
  {
    id: 'application-holds-private-key',
    option: 'CONFIG_SECURE_BOOT_SIGNING_KEY',
    severity: 'error',
    check: ({ application }) =>
      application?.report.problems.some(({ code }) => code === 'contains_private_key') === true
        ? `"${application.path}" has a private key in it, which every device and the update server give away.`
        : undefined,
    nextStep: 'Leave it out of EMBED_TXTFILES; devices get theirs with `secure-esp provision`.',
  },
  {
    id: 'too-many-signatures',
    option: 'CONFIG_SECURE_BOOT_V2_ENABLED',
    severity: 'error',
    check: ({ application, chip, config }) => {
      if (application === undefined) return undefined;
      const ignored = application.report.signatures.filter(({ honoured }) => !honoured).length;
      const without = config.isOn('SECURE_BOOT') ? chip.maxSignatureBlocks : 1;
      const { length } = application.report.signatures;
      if (ignored === 0 && length <= without) return undefined;
      return `"${application.path}" has ${length} signatures; the ${chip.name} looks at ${without} of them in this configuration.`;
    },
    nextStep: 'Sign with the key that devices trust in the first place: `secure-esp image sign --replace FILE`.',
  },
];
