import { hex, partitionsOf, slotsOf, type FirmwareProject } from '../firmware-project.js';
import type { Rule } from '../finding.js';

/** Steps of the secure version that the eFuses of a chip have; ESP-IDF, `BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD`. */
const secureVersionSteps = ({ chip, config }: FirmwareProject): number => {
  const limits: Readonly<Record<string, number>> = { esp32: 32, esp32c2: 4, esp32c5: 9 };
  return Math.min(limits[chip.name] ?? 16, config.number('BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD') ?? 32);
};

const TABLE = 'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME';

/** Whether an update that is bad can be taken back, and an old one kept out. */
export const updateRules: readonly Rule[] = [
  {
    id: 'rollback-off',
    option: 'CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE',
    severity: 'error',
    check: ({ config }) =>
      config.isOn('BOOTLOADER_APP_ROLLBACK_ENABLE') ? undefined : 'An update that does not work is never taken back.',
    nextStep: 'Turn on "Enable app rollback support" (Bootloader config).',
  },
  {
    id: 'anti-rollback-off',
    option: 'CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK',
    severity: { release: 'warning' },
    check: ({ config }) =>
      config.isOn('BOOTLOADER_APP_ANTI_ROLLBACK')
        ? undefined
        : 'Whoever can write the flash can bring back an old release with its known faults.',
    nextStep: 'Turn on "Enable app anti-rollback support" (Bootloader config).',
  },
  {
    id: 'factory-with-anti-rollback',
    option: 'CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK',
    severity: 'error',
    check: (project) =>
      project.config.isOn('BOOTLOADER_APP_ANTI_ROLLBACK')
        ? [...partitionsOf(project, 'app', 'factory'), ...partitionsOf(project, 'app', 'test')].map(
            ({ name, line }) =>
              `"${name}" in line ${line} is a slot that anti-rollback does not go with: the bootloader ignores it or stops.`,
          )
        : undefined,
    nextStep: 'Use a table with ota_0 and ota_1 and no other application, such as partitions/release.csv.',
  },
  {
    id: 'update-slots-missing',
    option: TABLE,
    severity: 'error',
    check: (project) => {
      if (project.table === undefined) return undefined;
      const missing = ['ota_0', 'ota_1'].filter((slot) => !slotsOf(project).some(({ subtype }) => subtype === slot));
      return missing.map(
        (slot) => `The table has no application slot ${slot}, so that there is no place for an update.`,
      );
    },
    nextStep: 'Give the table two slots, such as `ota_0, app, ota_0, , 1920K` and the same for ota_1.',
  },
  {
    id: 'otadata-missing',
    option: TABLE,
    severity: 'error',
    check: (project) =>
      project.table !== undefined && !partitionsOf(project, 'data', 'ota').some(({ sizeBytes }) => sizeBytes === 0x2000)
        ? 'The table has no partition of type data, subtype ota and 8K, where the bootloader reads which slot is to boot.'
        : undefined,
    nextStep: 'Add `otadata, data, ota, , 0x2000`.',
  },
  {
    id: 'slots-differ',
    option: TABLE,
    severity: 'warning',
    check: (project) => {
      const sizes = new Set(slotsOf(project).map(({ sizeBytes }) => sizeBytes));
      return sizes.size > 1 ? `The slots differ in size: ${[...sizes].map(hex).join(' and ')} bytes.` : undefined;
    },
    nextStep: 'Make them alike: an image that fits only the larger one can be installed only every other time.',
  },
  {
    id: 'secure-version-too-high',
    option: 'CONFIG_BOOTLOADER_APP_SECURE_VERSION',
    severity: 'error',
    check: (project) => {
      const version = project.config.number('BOOTLOADER_APP_SECURE_VERSION') ?? 0;
      const steps = secureVersionSteps(project);
      return project.config.isOn('BOOTLOADER_APP_ANTI_ROLLBACK') && version > steps
        ? `Secure version ${version} is more than the eFuses hold (${steps}): such an image never boots.`
        : undefined;
    },
    nextStep: 'Raise it by one, and only when older releases must never run again.',
  },
  {
    id: 'efuse-virtual',
    option: 'CONFIG_EFUSE_VIRTUAL',
    severity: { development: 'warning', release: 'error' },
    check: ({ config }) =>
      config.isOn('EFUSE_VIRTUAL') || config.isOn('BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE')
        ? 'eFuses are only played: nothing that they protect is protected.'
        : undefined,
    nextStep: 'Turn it off on devices that are given away.',
  },
  {
    id: 'manifest-not-required',
    option: 'CONFIG_SECURE_ESP_REQUIRE_MANIFEST',
    severity: { release: 'error' },
    check: ({ config }) =>
      config.isOn('SECURE_ESP_REQUIRE_MANIFEST')
        ? undefined
        : 'An image without a signed release manifest is installed, so that an old one can be offered again.',
    nextStep: 'Turn on "Install only what a signed release manifest announces" (secure-esp).',
  },
  {
    id: 'watchdog-only-warns',
    option: 'CONFIG_ESP_TASK_WDT_PANIC',
    severity: 'warning',
    check: ({ config }) =>
      config.isOn('ESP_TASK_WDT_PANIC') ? undefined : 'A task that hangs is only reported, and the device stays hung.',
    nextStep: 'Turn on "Invoke panic handler on Task Watchdog timeout" (ESP System Settings).',
  },
];
