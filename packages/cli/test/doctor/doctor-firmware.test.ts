import { buildImage } from '@secure-esp/firmware-image';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RULES } from '../../src/doctor/examine.js';
import { runMain, temporaryFolder } from '../run-main.js';
import { firmwareFolder, makeKeys, type FirmwareFolder } from './firmware-folder.js';

let keys = '';
beforeAll(async () => {
  keys = await mkdtemp(join(tmpdir(), 'secure-esp-doctor-'));
  await makeKeys(keys);
});
afterAll(() => rm(keys, { recursive: true, force: true }));

const CHIPS = ['esp32', 'esp32s3', 'esp32c3', 'esp32c6'];
const DEFAULTS = 'sdkconfig.defaults';
const RELEASE = 'sdkconfig.release';
const TABLE = 'partitions/development.csv';
const off = (name: string): string => `# CONFIG_${name} is not set`;
const on = (name: string): string => `CONFIG_${name}=y`;

describe('a project that is as it should be', () => {
  test.each(CHIPS)('%s: nothing is said of the development profile, and one note of the release', async (chip) => {
    const project = await firmwareFolder(keys);
    const development = await project.doctor('--chip', chip);
    expect([development.exitCode, development.findings]).toEqual([0, []]);
    expect(development.json).toMatchObject({ chip, profile: 'development', counts: { error: 0, warning: 0, note: 0 } });
    const release = await project.doctor('--chip', chip, '--profile', 'release');
    expect(release.findings.map(({ id, severity }) => [id, severity])).toEqual([['first-boot-burns-efuses', 'note']]);
    expect(release.exitCode).toBe(0);
    expect(release.json['partitionTable']).toBe('firmware/partitions/release.csv');
  });

  test('what was built is looked at, too', async () => {
    const project = await firmwareFolder(keys);
    await project.build();
    const { json, findings } = await project.doctor();
    expect(findings).toEqual([]);
    expect(json).toMatchObject({
      application: 'firmware/build/lamp.bin',
      bootloader: 'firmware/build/bootloader/bootloader.bin',
    });
  });
});

type Bad = readonly [
  id: string,
  severity: string,
  make: (project: FirmwareFolder) => Promise<unknown>,
  ...args: readonly string[],
];

const release = ['--profile', 'release'] as const;

const BAD: readonly Bad[] = [
  ['rollback-off', 'error', (p) => p.append(DEFAULTS, off('BOOTLOADER_APP_ROLLBACK_ENABLE'))],
  ['anti-rollback-off', 'warning', (p) => p.append(RELEASE, off('BOOTLOADER_APP_ANTI_ROLLBACK')), ...release],
  [
    'factory-with-anti-rollback',
    'error',
    (p) => p.append('partitions/release.csv', 'factory, app, factory, 0x3E0000, 0x10000'),
    ...release,
  ],
  ['update-slots-missing', 'error', (p) => p.edit(TABLE, /^ota_1.*$/m, '')],
  ['otadata-missing', 'error', (p) => p.edit(TABLE, /^otadata.*$/m, '')],
  ['slots-differ', 'warning', (p) => p.edit(TABLE, /^(ota_1.*)0x1E0000/m, '$10x1D0000')],
  ['secure-version-too-high', 'error', (p) => p.append(RELEASE, 'CONFIG_BOOTLOADER_APP_SECURE_VERSION=33'), ...release],
  [
    'secure-version-too-high',
    'error',
    (p) => p.append(RELEASE, 'CONFIG_BOOTLOADER_APP_SECURE_VERSION=17'),
    '--chip',
    'esp32c6',
    ...release,
  ],
  ['efuse-virtual', 'warning', (p) => p.append(DEFAULTS, on('EFUSE_VIRTUAL'))],
  ['efuse-virtual', 'error', (p) => p.append(DEFAULTS, on('EFUSE_VIRTUAL')), ...release],
  ['manifest-not-required', 'error', (p) => p.append(RELEASE, off('SECURE_ESP_REQUIRE_MANIFEST')), ...release],
  ['watchdog-only-warns', 'warning', (p) => p.append(DEFAULTS, off('ESP_TASK_WDT_PANIC'))],

  ['apps-unsigned', 'error', (p) => p.append(DEFAULTS, off('SECURE_SIGNED_APPS_NO_SECURE_BOOT'))],
  ['update-signature-unchecked', 'error', (p) => p.append(DEFAULTS, off('SECURE_SIGNED_ON_UPDATE_NO_SECURE_BOOT'))],
  [
    'secure-boot-off',
    'error',
    (p) =>
      p.append(
        RELEASE,
        off('SECURE_BOOT'),
        on('SECURE_SIGNED_APPS_NO_SECURE_BOOT'),
        on('SECURE_SIGNED_ON_UPDATE_NO_SECURE_BOOT'),
      ),
    ...release,
  ],
  ['secure-boot-v1', 'error', (p) => p.append(RELEASE, on('SECURE_BOOT_V1_ENABLED')), ...release],
  [
    'scheme-not-on-chip',
    'error',
    (p) =>
      p.append(
        'sdkconfig.defaults.esp32c3',
        on('SECURE_SIGNED_APPS_ECDSA_V2_SCHEME'),
        'CONFIG_SECURE_BOOT_SIGNING_KEY="../.secure-esp/firmware-keys/v2-ecdsa-p256.pem"',
      ),
    '--chip',
    'esp32c3',
  ],
  [
    'scheme-without-secure-boot',
    'error',
    (p) =>
      p.append(
        'sdkconfig.release.esp32',
        on('SECURE_SIGNED_APPS_ECDSA_SCHEME'),
        'CONFIG_SECURE_BOOT_SIGNING_KEY="../.secure-esp/secure_boot_signing_key.pem"',
      ),
    ...release,
  ],
  ['chip-revision-too-low', 'error', (p) => p.edit('sdkconfig.release.esp32', on('ESP32_REV_MIN_3'), ''), ...release],
  [
    'chip-revision-too-low',
    'error',
    (p) => p.append('sdkconfig.release.esp32c3', on('ESP32C3_REV_MIN_2')),
    '--chip',
    'esp32c3',
    ...release,
  ],
  ['signing-key-missing', 'error', (p) => rm(join(p.dir, '.secure-esp', 'secure_boot_signing_key.pem'))],
  [
    'signing-key-wrong',
    'error',
    (p) =>
      p.append(
        'sdkconfig.defaults.esp32',
        'CONFIG_SECURE_BOOT_SIGNING_KEY="../.secure-esp/firmware-keys/v2-rsa-3072.pem"',
      ),
  ],
  ['signing-key-wrong', 'error', (p) => p.write('../.secure-esp/secure_boot_signing_key.pem', 'no key')],
  [
    'signing-key-wrong',
    'error',
    (p) => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return p.write('../.secure-esp/secure_boot_signing_key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }));
    },
  ],
  ['verification-key-missing', 'error', (p) => p.append(DEFAULTS, off('SECURE_BOOT_BUILD_SIGNED_BINARIES'))],
  [
    'signed-elsewhere',
    'note',
    (p) => p.append(DEFAULTS, off('SECURE_BOOT_BUILD_SIGNED_BINARIES')),
    '--chip',
    'esp32s3',
  ],
  ['insecure-options', 'error', (p) => p.append(RELEASE, on('SECURE_BOOT_INSECURE')), ...release],
  [
    'aggressive-key-revoke',
    'warning',
    (p) => p.append(RELEASE, on('SECURE_BOOT_ENABLE_AGGRESSIVE_KEY_REVOKE')),
    '--chip',
    'esp32s3',
    ...release,
  ],

  ['flash-encryption-off', 'warning', (p) => p.append(DEFAULTS, off('SECURE_FLASH_ENC_ENABLED'))],
  ['flash-encryption-off', 'error', (p) => p.append(RELEASE, off('SECURE_FLASH_ENC_ENABLED')), ...release],
  [
    'flash-encryption-development',
    'error',
    (p) => p.append(RELEASE, on('SECURE_FLASH_ENCRYPTION_MODE_DEVELOPMENT')),
    ...release,
  ],
  ['uart-decryption-on', 'error', (p) => p.append(DEFAULTS, on('SECURE_FLASH_UART_BOOTLOADER_ALLOW_DEC'))],
  ['jtag-on', 'warning', (p) => p.append(DEFAULTS, on('SECURE_BOOT_ALLOW_JTAG'))],
  ['jtag-on', 'error', (p) => p.append(RELEASE, on('SECURE_BOOT_ALLOW_JTAG')), ...release],
  [
    'download-mode-open',
    'warning',
    (p) => p.append('sdkconfig.release.esp32', on('SECURE_INSECURE_ALLOW_DL_MODE')),
    ...release,
  ],
  [
    'download-mode-open',
    'warning',
    (p) => p.edit('sdkconfig.release.esp32', on('SECURE_DISABLE_ROM_DL_MODE'), ''),
    ...release,
  ],
  ['nvs-encryption-off', 'error', (p) => p.append(DEFAULTS, off('NVS_ENCRYPTION'))],
  ['nvs-keys-missing', 'error', (p) => p.edit(TABLE, /^nvs_keys.*$/m, '')],
  ['nvs-keys-plain', 'warning', (p) => p.edit(TABLE, /^(nvs_keys.*)encrypted/m, '$1')],
  ['nvs-flag-encrypted', 'error', (p) => p.edit(TABLE, /^(nvs,.*)$/m, '$1 encrypted')],
  ['nvs-flag-encrypted', 'error', (p) => p.edit(TABLE, /^(secure_esp_prov.*)$/m, '$1 encrypted')],
  ['nvs-hmac-key-unset', 'error', (p) => p.append(DEFAULTS, on('NVS_SEC_KEY_PROTECT_USING_HMAC')), '--chip', 'esp32c6'],
  ['nvs-protection-unstated', 'warning', (p) => p.edit(DEFAULTS, on('NVS_SEC_KEY_PROTECT_USING_FLASH_ENC'), '')],
  ['core-dump-plain', 'warning', (p) => p.edit(TABLE, /^(coredump.*)encrypted/m, '$1')],
  ['core-dump-in-release', 'warning', (p) => p.append(RELEASE, on('ESP_COREDUMP_ENABLE_TO_FLASH')), ...release],

  ['certificate-time-unchecked', 'error', (p) => p.append(DEFAULTS, off('MBEDTLS_HAVE_TIME_DATE'))],
  ['certificate-bundle-on', 'warning', (p) => p.append(DEFAULTS, on('MBEDTLS_CERTIFICATE_BUNDLE'))],
  ['server-unverified', 'error', (p) => p.append(DEFAULTS, on('ESP_TLS_INSECURE'))],
  ['plain-http-updates', 'error', (p) => p.append(DEFAULTS, on('ESP_HTTPS_OTA_ALLOW_HTTP'))],
  ['mqtt5-off', 'error', (p) => p.append(DEFAULTS, off('MQTT_PROTOCOL_5'))],
  ['wifi-gives-up', 'error', (p) => p.edit(DEFAULTS, 'CONFIG_EXAMPLE_WIFI_CONN_MAX_RETRY=-1', '')],
  [
    'wifi-password-in-image',
    'warning',
    (p) => p.append(RELEASE, 'CONFIG_EXAMPLE_WIFI_PASSWORD="swordfish"'),
    ...release,
  ],

  ['table-unreadable', 'error', (p) => p.append(TABLE, 'more, data, nvs, somewhere, 0x1000')],
  ['table-unreadable', 'error', (p) => rm(join(p.dir, 'firmware', TABLE))],
  ['table-not-custom', 'error', (p) => p.append(DEFAULTS, off('PARTITION_TABLE_CUSTOM'))],
  ['provisioning-partition-missing', 'error', (p) => p.edit(TABLE, /^secure_esp_prov.*$/m, '')],
  ['partition-misaligned', 'error', (p) => p.edit(TABLE, '0x20000, ', '0x21000, ')],
  ['partition-misaligned', 'error', (p) => p.edit(TABLE, /^(ota_1.*)0x1E0000/m, '$10x1D1000')],
  ['partitions-overlap', 'error', (p) => p.edit(TABLE, /^(nvs,.*)0x6000/m, '$10x7000')],
  ['partition-below-table', 'error', (p) => p.append(DEFAULTS, 'CONFIG_PARTITION_TABLE_OFFSET=0x11000')],
  ['flash-too-small', 'error', (p) => p.edit(DEFAULTS, on('ESPTOOLPY_FLASHSIZE_4MB'), '')],
  ['nvs-too-small', 'error', (p) => p.edit(TABLE, /^(secure_esp_prov.*)0x4000/m, '$10x2000')],

  [
    'application-too-large',
    'error',
    async (p) => p.build({ app: await p.app({ payload: new Uint8Array(0x1e_0000) }) }),
  ],
  [
    'application-nearly-fills-slot',
    'warning',
    async (p) => p.build({ app: await p.app({ payload: new Uint8Array(0x1d_0000) }) }),
  ],
  ['bootloader-too-large', 'error', (p) => p.build({ bootloaderBytes: 0xf001 })],
  [
    'application-unsigned',
    'warning',
    async (p) => {
      await p.app();
      await p.build({ app: new Uint8Array(await readFile(join(p.dir, 'firmware', 'app.bin'))) });
    },
  ],
  [
    'application-damaged',
    'error',
    async (p) => {
      const app = await p.app();
      app[100] = (app[100] ?? 0) ^ 1;
      await p.build({ app });
    },
  ],
  ['application-for-another-chip', 'error', async (p) => p.build({ app: await p.app({ chip: 'esp32s3' }) })],
  [
    'application-holds-private-key',
    'error',
    async (p) => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const pem = privateKey.export({ type: 'sec1', format: 'pem' }).toString();
      const payload = new TextEncoder().encode(pem);
      await p.build({ app: await buildImage({ chip: 'esp32', project: 'lamp', version: '1.0.0', payload }) });
    },
  ],
  [
    'too-many-signatures',
    'error',
    async (p) => {
      const app = await p.app({ chip: 'esp32s3' });
      await p.write('../two.bin', app);
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
      await p.write('../second.pem', privateKey.export({ type: 'pkcs1', format: 'pem' }));
      const signed = await runMain(p.dir, [
        'image',
        'sign',
        'two.bin',
        '--append',
        '--key',
        'second.pem',
        '-o',
        'both.bin',
      ]);
      expect([signed.stderr, signed.exitCode]).toEqual(['', 0]);
      await p.build({ app: new Uint8Array(await readFile(join(p.dir, 'both.bin'))) });
    },
    '--chip',
    'esp32s3',
  ],

  [
    'old-option-name',
    'warning',
    (p) => p.append(DEFAULTS, 'CONFIG_EXAMPLE_FIRMWARE_UPGRADE_URL="https://ota.example/a.bin"'),
  ],
  ['blink-pin-unusable', 'error', (p) => p.append(DEFAULTS, 'CONFIG_BLINK_GPIO=9')],
  ['blink-pin-unusable', 'error', (p) => p.append(DEFAULTS, 'CONFIG_BLINK_GPIO=34')],
  ['version-not-from-config', 'warning', (p) => p.append(DEFAULTS, off('APP_PROJECT_VER_FROM_CONFIG'))],
  ['version-unparsable', 'error', (p) => p.append(DEFAULTS, 'CONFIG_APP_PROJECT_VER="next"')],
];

const CASES = BAD.map(([id, severity, make, ...args]) => ({ id, severity, make, args }));

describe('a project with a fault', () => {
  test.each(CASES)('$id: $severity', async ({ id, severity, make, args }) => {
    const project = await firmwareFolder(keys);
    await make(project);
    const { exitCode, stderr, findings } = await project.doctor(...args);
    expect(findings).toContainEqual({
      ...{ id, severity },
      message: expect.stringMatching(/^[^\n]+\.$/) as string,
      nextStep: expect.stringMatching(/^[^\n]+\.$/) as string,
      option: expect.stringMatching(/^CONFIG_\w+$/) as string,
    });
    const hasError = findings.some((finding) => finding.severity === 'error');
    expect([exitCode, stderr !== '']).toEqual([hasError ? 1 : 0, hasError]);
  });

  test('every rule has a project above that breaks it', () => {
    // said of every release
    const told = [...BAD.map(([id]) => id), 'first-boot-burns-efuses'];
    expect(RULES.map(({ id }) => id).filter((id) => !told.includes(id))).toEqual([]);
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
  });

  test('the README lists every finding, and no other', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const [, section = ''] = readme.split('\n### An ESP-IDF project\n');
    const listed = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([a-z0-9-]+)` +\|/gm)].map(([, id]) => id);
    expect(listed).toEqual(RULES.map(({ id }) => id));
  });

  test('the first secure_esp project, as it was', async () => {
    const project = await firmwareFolder(keys);
    await project.write(
      'sdkconfig',
      `CONFIG_IDF_TARGET="esp32"
CONFIG_APP_PROJECT_VER_FROM_CONFIG=y
CONFIG_APP_PROJECT_VER="1"
# CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE is not set
CONFIG_SECURE_SIGNED_APPS_NO_SECURE_BOOT=y
CONFIG_SECURE_SIGNED_APPS_ECDSA_SCHEME=y
CONFIG_SECURE_SIGNED_ON_UPDATE_NO_SECURE_BOOT=y
CONFIG_SECURE_BOOT_BUILD_SIGNED_BINARIES=y
CONFIG_SECURE_BOOT_SIGNING_KEY="secure_boot_signing_key.pem"
CONFIG_SECURE_FLASH_ENC_ENABLED=y
CONFIG_SECURE_FLASH_ENCRYPTION_MODE_DEVELOPMENT=y
CONFIG_PARTITION_TABLE_TWO_OTA_ENCRYPTED_NVS=y
CONFIG_EXAMPLE_FIRMWARE_UPGRADE_URL=""
CONFIG_EXAMPLE_OTA_RECV_TIMEOUT=5000
`,
    );
    const { findings, json } = await project.doctor();
    expect(json['sources']).toEqual(['firmware/sdkconfig']);
    const ids = findings.map(({ id }) => id);
    expect(ids).toEqual(
      expect.arrayContaining([
        ...['rollback-off', 'certificate-time-unchecked', 'mqtt5-off', 'table-not-custom', 'signing-key-missing'],
      ]),
    );
    expect(ids.filter((id) => id === 'old-option-name')).toHaveLength(2);
  });
});

describe('what it reads', () => {
  test('of an sdkconfig, the names that ESP-IDF repeats for older projects are no leftovers', async () => {
    const project = await firmwareFolder(keys);
    await project.write(
      'sdkconfig',
      '# Deprecated options for backward compatibility\nCONFIG_EXAMPLE_FIRMWARE_UPGRADE_URL=""\n# End of deprecated options\n',
    );
    const { findings } = await project.doctor();
    expect(findings.map(({ id }) => id)).not.toContain('old-option-name');
  });

  test('--profile release with a development sdkconfig looks at what the release is made of', async () => {
    const project = await firmwareFolder(keys);
    await project.write('sdkconfig', on('SECURE_SIGNED_APPS_NO_SECURE_BOOT'));
    const { json, exitCode } = await project.doctor('--profile', 'release');
    expect(exitCode).toBe(0);
    expect(json['sources']).toContain('firmware/sdkconfig.release.esp32');
  });

  test('--sdkconfig and --build name those of a build elsewhere', async () => {
    const project = await firmwareFolder(keys);
    await project.build();
    await project.write('out/sdkconfig', 'CONFIG_IDF_TARGET="esp32s3"\n');
    const { json, findings } = await project.doctor(
      '--sdkconfig',
      'firmware/out/sdkconfig',
      '--build',
      'firmware/build',
    );
    expect(json).toMatchObject({ chip: 'esp32s3', sources: ['firmware/out/sdkconfig'] });
    expect(findings.map(({ id }) => id)).toContain('application-for-another-chip');
  });

  test('a table without offsets is laid out as ESP-IDF does', async () => {
    const project = await firmwareFolder(keys);
    await project.write(
      TABLE,
      `nvs_keys, data, 4, , 4K, encrypted
nvs, data, nvs, , 24K,
otadata, data, ota, , 8K,
secure_esp_prov, 1, 2, , 16K,
ota_0, app, 0x10, , 1920K,
ota_1, 0, 17, , 1920K, # in numbers
`,
    );
    const { findings } = await project.doctor();
    expect(findings).toEqual([]);
  });

  test('for people: what was read, each finding with its next step, and the counts', async () => {
    const project = await firmwareFolder(keys);
    await project.append(DEFAULTS, off('BOOTLOADER_APP_ROLLBACK_ENABLE'));
    const { exitCode, stdout, stderr } = await runMain(project.dir, ['doctor', 'firmware', 'firmware']);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^esp32, development profile; read: firmware\/sdkconfig\.defaults, /);
    expect(stdout).toMatch(
      /error {4}rollback-off {2}\(CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE\)\n {9}An update .*\n {9}Turn on/,
    );
    expect(stdout).toContain('1 error, 0 warnings, 0 notes');
    expect(stderr).toContain('1 error in "firmware"');
  });

  test.each([
    [['.'], 'sdkconfig.defaults'],
    [['firmware', '--profile', 'production'], 'release'],
    [['firmware', '--chip', 'esp33'], 'esp32'],
    [['firmware', '--build', 'nowhere'], 'project_description.json'],
  ])('%j is wrong usage: exit code 2', async (args, said) => {
    const project = await firmwareFolder(keys);
    const { exitCode, stdout, stderr } = await runMain(project.dir, ['doctor', 'firmware', ...args]);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(said);
  });

  test('a configuration for another chip than --chip is refused', async () => {
    const project = await firmwareFolder(keys);
    await project.write('sdkconfig', 'CONFIG_IDF_TARGET="esp32c3"');
    expect((await project.doctor('--chip', 'esp32')).exitCode).toBe(2);
  });

  test('a key that cannot be read is not quoted', async () => {
    const project = await firmwareFolder(keys);
    await project.write('../.secure-esp/secure_boot_signing_key.pem', 'SECRET-TEXT');
    const { findings, stderr } = await project.doctor();
    expect(JSON.stringify(findings) + stderr).not.toContain('SECRET-TEXT');
  });

  test('an empty folder is wrong usage', async () => {
    const { exitCode } = await runMain(await temporaryFolder(), ['doctor', 'firmware']);
    expect(exitCode).toBe(2);
  });
});
