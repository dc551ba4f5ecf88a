/** Names and values of `sdkconfig` files, without the prefix `CONFIG_`. */
export interface Sdkconfig {
  /** Whether a bool is set. */
  readonly isOn: (name: string) => boolean;
  /** Text without its quotes; `undefined` where it is not set. */
  readonly text: (name: string) => string | undefined;
  /** Decimal or hexadecimal; `undefined` where it is not set or no number. */
  readonly number: (name: string) => number | undefined;
  /** Every name that a file sets, other than those that ESP-IDF repeats for older projects. */
  readonly names: ReadonlySet<string>;
}

const DEPRECATED_START = '# Deprecated options for backward compatibility';
const DEPRECATED_END = '# End of deprecated options';

/**
 * Reads files in the order in which ESP-IDF applies them; the last one that sets a name wins. `complete` says that they are
 * an `sdkconfig` that ESP-IDF wrote, with every name; of `sdkconfig.defaults`, what is missing has Kconfig's default.
 */
export function readSdkconfig(texts: readonly string[], complete: boolean): Sdkconfig {
  const values = new Map<string, string>();
  for (const text of texts) readInto(values, text);
  const names = new Set(values.keys());
  if (!complete) applyDefaults(values);
  const text = (name: string): string | undefined => {
    const value = values.get(name);
    return value?.startsWith('"') === true ? value.slice(1, -1).replace(/\\(["\\])/g, '$1') : value;
  };
  return {
    isOn: (name) => values.get(name) === 'y',
    text: (name) => (text(name) === 'n' ? undefined : text(name)),
    number: (name) => {
      const value = text(name);
      return value !== undefined && /^-?(?:0x[0-9a-f]+|[0-9]+)$/i.test(value) ? Number(value) : undefined;
    },
    names,
  };
}

function readInto(values: Map<string, string>, text: string): void {
  let deprecated = false;
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith(DEPRECATED_START)) deprecated = true;
    if (line.startsWith(DEPRECATED_END)) deprecated = false;
    if (deprecated) continue;
    const [, name, value] = /^CONFIG_(\w+)=(.*)$/.exec(line.trim()) ?? [];
    const [, off] = /^# CONFIG_(\w+) is not set$/.exec(line.trim()) ?? [];
    if (name !== undefined && value !== undefined) set(values, name, value);
    else if (off !== undefined) set(values, off, 'n');
  }
}

/** Of which only one can be on: the one that was named last. */
const CHOICES: readonly (readonly string[])[] = [
  ['SECURE_FLASH_ENCRYPTION_MODE_DEVELOPMENT', 'SECURE_FLASH_ENCRYPTION_MODE_RELEASE'],
  ['SECURE_SIGNED_APPS_ECDSA_SCHEME', 'SECURE_SIGNED_APPS_RSA_SCHEME', 'SECURE_SIGNED_APPS_ECDSA_V2_SCHEME'],
  ['SECURE_BOOT_V1_ENABLED', 'SECURE_BOOT_V2_ENABLED'],
  ['NVS_SEC_KEY_PROTECT_USING_FLASH_ENC', 'NVS_SEC_KEY_PROTECT_USING_HMAC', 'NVS_SEC_KEY_PROTECT_NONE'],
  ['SECURE_DISABLE_ROM_DL_MODE', 'SECURE_ENABLE_SECURE_ROM_DL_MODE', 'SECURE_INSECURE_ALLOW_DL_MODE'],
  ['ESP_COREDUMP_ENABLE_TO_FLASH', 'ESP_COREDUMP_ENABLE_TO_UART', 'ESP_COREDUMP_ENABLE_TO_NONE'],
];

function set(values: Map<string, string>, name: string, value: string): void {
  values.set(name, value);
  if (value !== 'y') return;
  for (const other of CHOICES.find((names) => names.includes(name)) ?? []) if (other !== name) values.set(other, 'n');
}

/** Kconfig's defaults of what the rules ask for, where they are not "off". */
function applyDefaults(values: Map<string, string>): void {
  const on = (name: string): boolean => values.get(name) === 'y';
  const otherwise = (name: string, value: string): void => {
    if (!values.has(name)) values.set(name, value);
  };
  otherwise('IDF_TARGET', '"esp32"');
  otherwise('MBEDTLS_CERTIFICATE_BUNDLE', 'y');
  otherwise('EXAMPLE_CONNECT_WIFI', 'y');
  otherwise('EXAMPLE_WIFI_CONN_MAX_RETRY', '6');
  otherwise('PARTITION_TABLE_OFFSET', '0x8000');
  otherwise('SECURE_BOOT_SIGNING_KEY', '"secure_boot_signing_key.pem"');
  otherwise('SECURE_BOOT_VERIFICATION_KEY', '"signature_verification_key.bin"');
  otherwise('SECURE_BOOT_BUILD_SIGNED_BINARIES', 'y');
  if (on('SECURE_BOOT')) {
    values.set('SECURE_SIGNED_APPS_NO_SECURE_BOOT', 'n');
    values.set('SECURE_SIGNED_ON_UPDATE_NO_SECURE_BOOT', 'n');
  } else if (on('SECURE_SIGNED_APPS_NO_SECURE_BOOT')) otherwise('SECURE_SIGNED_ON_UPDATE_NO_SECURE_BOOT', 'y');
  if (on('SECURE_FLASH_ENC_ENABLED')) {
    if (!on('SECURE_FLASH_ENCRYPTION_MODE_RELEASE')) set(values, 'SECURE_FLASH_ENCRYPTION_MODE_DEVELOPMENT', 'y');
    otherwise('NVS_ENCRYPTION', 'y');
  }
  if (!on('BOOTLOADER_APP_ROLLBACK_ENABLE')) values.set('BOOTLOADER_APP_ANTI_ROLLBACK', 'n');
}
