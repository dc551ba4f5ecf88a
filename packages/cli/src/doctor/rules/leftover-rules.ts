import { parseVersion } from '@secure-esp/firmware-image';
import type { Rule } from '../finding.js';

/** Pins of the flash chip; ESP-IDF, `soc/spi_pins.h`. */
const FLASH_PINS: Readonly<Record<string, readonly [first: number, last: number]>> = {
  esp32: [6, 11],
  esp32s3: [26, 32],
  esp32c3: [11, 17],
  esp32c6: [24, 30],
};

const INPUT_ONLY_FROM = 34;

/** Names of the first secure_esp project, and where each went. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  EXAMPLE_FIRMWARE_UPGRADE_URL: 'its value is taken over as CONFIG_SECURE_ESP_FIRMWARE_UPGRADE_URL',
  EXAMPLE_FIRMWARE_UPGRADE_URL_FROM_STDIN: 'it has no successor',
  EXAMPLE_SKIP_COMMON_NAME_CHECK: 'the name is always checked',
  EXAMPLE_SKIP_VERSION_CHECK: 'the version is always checked',
  EXAMPLE_OTA_RECV_TIMEOUT: 'CONFIG_SECURE_ESP_IDLE_S says it now, in seconds',
};

/** What an older project leaves, and what the example application is set to. */
export const leftoverRules: readonly Rule[] = [
  {
    id: 'old-option-name',
    option: 'CONFIG_EXAMPLE_FIRMWARE_UPGRADE_URL',
    severity: 'warning',
    check: ({ config }) =>
      Object.entries(OLD_NAMES)
        .filter(([name]) => config.names.has(name))
        .map(([name, successor]) => `CONFIG_${name} is a name of an older project: ${successor}.`),
    nextStep: 'Run `idf.py menuconfig` and save, or take the line out.',
  },
  {
    id: 'blink-pin-unusable',
    option: 'CONFIG_BLINK_GPIO',
    severity: 'error',
    check: ({ config, chip }) => {
      const pin = config.number('BLINK_GPIO');
      const [first, last] = FLASH_PINS[chip.name] ?? [-1, -1];
      if (pin === undefined) return undefined;
      if (pin >= first && pin <= last)
        return `GPIO ${pin} of the ${chip.name} is connected to its flash: the chip would stop.`;
      return chip.name === 'esp32' && pin >= INPUT_ONLY_FROM
        ? `GPIO ${pin} of the esp32 cannot be an output.`
        : undefined;
    },
    nextStep: 'Choose another pin (Example application).',
  },
  {
    id: 'version-not-from-config',
    option: 'CONFIG_APP_PROJECT_VER_FROM_CONFIG',
    severity: 'warning',
    check: ({ config }) =>
      config.isOn('APP_PROJECT_VER_FROM_CONFIG')
        ? undefined
        : 'The version comes from the state of the repository, not from the configuration.',
    nextStep: 'Turn on "Get the project version from Kconfig" (Application manager), or tag every release.',
  },
  {
    id: 'version-unparsable',
    option: 'CONFIG_APP_PROJECT_VER',
    severity: 'error',
    check: ({ config }) => {
      const version = config.text('APP_PROJECT_VER');
      return config.isOn('APP_PROJECT_VER_FROM_CONFIG') && version !== undefined && parseVersion(version) === undefined
        ? 'The version cannot be compared with others, so that no device knows whether it is newer.'
        : undefined;
    },
    nextStep: 'Write it as 1.2.3.',
  },
];
