import { partitionsOf, type FirmwareProject } from '../firmware-project.js';
import type { Rule } from '../finding.js';

const isEncrypted = ({ config }: FirmwareProject): boolean => config.isOn('SECURE_FLASH_ENC_ENABLED');

/** Whether what is in flash stays there. */
export const encryptionRules: readonly Rule[] = [
  {
    id: 'flash-encryption-off',
    option: 'CONFIG_SECURE_FLASH_ENC_ENABLED',
    severity: { development: 'warning', release: 'error' },
    check: (project) =>
      isEncrypted(project) ? undefined : 'Flash is in plain: keys and code can be read off the chip.',
    nextStep: 'Turn on "Enable flash encryption on boot" (Security features).',
  },
  {
    id: 'flash-encryption-development',
    option: 'CONFIG_SECURE_FLASH_ENCRYPTION_MODE_RELEASE',
    severity: { release: 'error' },
    check: (project) =>
      isEncrypted(project) && !project.config.isOn('SECURE_FLASH_ENCRYPTION_MODE_RELEASE')
        ? 'Flash encryption is in development mode: over USB, anybody can have the chip encrypt and run code of theirs.'
        : undefined,
    nextStep: 'Choose the usage mode "Release" (Security features).',
  },
  {
    id: 'uart-decryption-on',
    option: 'CONFIG_SECURE_FLASH_UART_BOOTLOADER_ALLOW_DEC',
    severity: 'error',
    check: ({ config }) =>
      config.isOn('SECURE_FLASH_UART_BOOTLOADER_ALLOW_DEC')
        ? 'Over USB, the chip decrypts its flash for anybody.'
        : undefined,
    nextStep: 'Turn off "Leave UART bootloader decryption enabled" (Potentially insecure options).',
  },
  {
    id: 'jtag-on',
    option: 'CONFIG_SECURE_BOOT_ALLOW_JTAG',
    severity: { development: 'warning', release: 'error' },
    check: ({ config }) =>
      config.isOn('SECURE_BOOT_ALLOW_JTAG')
        ? 'JTAG stays on: whoever has the device reads keys and plain flash.'
        : undefined,
    nextStep: 'Turn off "Allow JTAG Debugging" (Potentially insecure options).',
  },
  {
    id: 'download-mode-open',
    option: 'CONFIG_SECURE_INSECURE_ALLOW_DL_MODE',
    severity: { release: 'warning' },
    check: ({ config, chip }) => {
      if (config.isOn('SECURE_DISABLE_ROM_DL_MODE') || config.isOn('SECURE_ENABLE_SECURE_ROM_DL_MODE'))
        return undefined;
      return config.isOn('SECURE_INSECURE_ALLOW_DL_MODE') || chip.name === 'esp32'
        ? 'The whole UART download mode stays open, which is where attacks on the chip begin.'
        : undefined;
    },
    nextStep:
      'Choose "Permanently disabled", or on newer chips "Permanently switch to Secure mode" (UART ROM download mode).',
  },
  {
    id: 'nvs-encryption-off',
    option: 'CONFIG_NVS_ENCRYPTION',
    severity: 'error',
    check: ({ config }) =>
      config.isOn('NVS_ENCRYPTION') ? undefined : 'Settings and the private key of the device are in plain in NVS.',
    nextStep: 'Turn on "Enable NVS encryption".',
  },
  {
    id: 'nvs-keys-missing',
    option: 'CONFIG_NVS_SEC_KEY_PROTECT_USING_FLASH_ENC',
    severity: 'error',
    check: (project) =>
      project.config.isOn('NVS_ENCRYPTION') &&
      !project.config.isOn('NVS_SEC_KEY_PROTECT_USING_HMAC') &&
      project.table !== undefined &&
      partitionsOf(project, 'data', 'nvs_keys').length === 0
        ? 'NVS is encrypted with keys of a partition nvs_keys, which the table does not have: NVS never starts.'
        : undefined,
    nextStep: 'Add `nvs_keys, data, nvs_keys, , 0x1000, encrypted`.',
  },
  {
    id: 'nvs-keys-plain',
    option: 'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME',
    severity: 'warning',
    check: (project) =>
      partitionsOf(project, 'data', 'nvs_keys')
        .filter(({ flags }) => !flags.includes('encrypted'))
        .map(({ name, line }) => `"${name}" in line ${line} holds the keys of NVS and has not the flag "encrypted".`),
    nextStep: 'Write `encrypted` as the flag of that row, so that tools which write it know.',
  },
  {
    id: 'nvs-flag-encrypted',
    option: 'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME',
    severity: 'error',
    check: (project) =>
      partitionsOf(project, 'data', 'nvs')
        .filter(({ flags }) => flags.includes('encrypted'))
        .map(({ name, line }) => `"${name}" in line ${line} has the flag "encrypted", with which NVS does not start.`),
    nextStep: 'Remove the flag: NVS encrypts by itself.',
  },
  {
    id: 'nvs-hmac-key-unset',
    option: 'CONFIG_NVS_SEC_HMAC_EFUSE_KEY_ID',
    severity: 'error',
    check: ({ config }) =>
      config.isOn('NVS_SEC_KEY_PROTECT_USING_HMAC') && (config.number('NVS_SEC_HMAC_EFUSE_KEY_ID') ?? -1) < 0
        ? 'NVS is encrypted with a key in eFuses, but no eFuse block is named for it: NVS never starts.'
        : undefined,
    nextStep: 'Set the block (0 to 5), or choose "Using Flash Encryption" (NVS Security Provider).',
  },
  {
    id: 'nvs-protection-unstated',
    option: 'CONFIG_NVS_SEC_KEY_PROTECT_USING_FLASH_ENC',
    severity: 'warning',
    check: ({ config }) =>
      config.isOn('NVS_ENCRYPTION') &&
      !config.isOn('NVS_SEC_KEY_PROTECT_USING_FLASH_ENC') &&
      !config.isOn('NVS_SEC_KEY_PROTECT_USING_HMAC')
        ? 'Where the keys of NVS are is not stated, and ESP-IDF 5 and 6 choose differently.'
        : undefined,
    nextStep: 'State it: with a partition nvs_keys, choose "Using Flash Encryption" (NVS Security Provider).',
  },
  {
    id: 'core-dump-plain',
    option: 'CONFIG_ESP_COREDUMP_ENABLE_TO_FLASH',
    severity: 'warning',
    check: (project) =>
      isEncrypted(project) && project.config.isOn('ESP_COREDUMP_ENABLE_TO_FLASH')
        ? partitionsOf(project, 'data', 'coredump')
            .filter(({ flags }) => !flags.includes('encrypted'))
            .map(
              ({ name, line }) => `"${name}" in line ${line} gets the memory of the device in plain when it crashes.`,
            )
        : undefined,
    nextStep: 'Write `encrypted` as the flag of that row.',
  },
  {
    id: 'core-dump-in-release',
    option: 'CONFIG_ESP_COREDUMP_ENABLE_TO_NONE',
    severity: { release: 'warning' },
    check: ({ config }) =>
      config.isOn('ESP_COREDUMP_ENABLE_TO_FLASH') || config.isOn('ESP_COREDUMP_ENABLE_TO_UART')
        ? 'A crash writes memory, with the keys in it, to flash or to the serial port.'
        : undefined,
    nextStep: 'Choose "None" as data destination (Core dump).',
  },
];
