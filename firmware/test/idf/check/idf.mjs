// One ESP-IDF on this machine: its version, its header folders, and a sdkconfig.h for a chip.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { componentFolders, findMqtt, includeFolders } from './include-folders.mjs';
import { KconfigTree } from './kconfig-parser.mjs';
import { KconfigValues } from './kconfig-values.mjs';

/** Compilers of RISC-V chips in the order of preference. */
const riscv = (march) => [
  { program: 'riscv32-esp-elf-gcc', flags: [`-march=${march}_zicsr_zifencei`] },
  {
    program: 'riscv64-unknown-elf-gcc',
    flags: [`-march=${march}`, '-mabi=ilp32', '--specs=picolibc.specs'],
    picolibc: true,
    note: "not Espressif's compiler",
  },
];

/** Compilers of Xtensa chips in the order of preference. */
const xtensa = (target) => [
  { program: `xtensa-${target}-elf-gcc`, flags: [] },
  { program: 'xtensa-esp-elf-gcc', flags: [`-mdynconfig=xtensa_${target}.so`] },
  {
    program: 'xtensa-lx106-elf-gcc',
    // Of this compiler int32_t is int; of the ESP32's, long int.
    flags: [
      '--specs=/usr/lib/xtensa-lx106-elf/picolibc.specs',
      ...['__INT32_TYPE__', '__UINT32_TYPE__'].map((name) => `-U${name}`),
      '-D__INT32_TYPE__=long int',
      '-D__UINT32_TYPE__=long unsigned int',
    ],
    picolibc: true,
    note: "the ESP8266's compiler, told that int32_t is long int",
  },
];

/** The chips that are checked. */
export const TARGETS = [
  { target: 'esp32c3', arch: 'riscv', chipId: 5, compilers: riscv('rv32imc') },
  { target: 'esp32c6', arch: 'riscv', chipId: 13, compilers: riscv('rv32imac') },
  { target: 'esp32', arch: 'xtensa', chipId: 0, compilers: xtensa('esp32') },
  { target: 'esp32s3', arch: 'xtensa', chipId: 9, compilers: xtensa('esp32s3') },
];

/** Settings files of a build, in the order in which ESP-IDF applies them; each is followed by the one of the chip. */
export const PROFILES = {
  development: ['sdkconfig.defaults'],
  release: ['sdkconfig.defaults', 'sdkconfig.release'],
};

/** Reads major, minor and patch from the headers; undefined if this is no ESP-IDF. */
export function idfVersion(idf) {
  const header = join(idf, 'components/esp_common/include/esp_idf_version.h');
  if (!existsSync(header)) return undefined;
  const text = readFileSync(header, 'utf8');
  const part = (name) => new RegExp(`define ESP_IDF_VERSION_${name}\\s+(\\d+)`).exec(text)?.[1] ?? '0';
  return ['MAJOR', 'MINOR', 'PATCH'].map((name) => Number(part(name)));
}

/** What the build system of ESP-IDF says of itself and no Kconfig file does. */
function forcedSymbols({ target, arch, chipId }, [major, minor], picolibc) {
  return new Map([
    ['IDF_TARGET', target],
    ['IDF_TARGET_ARCH', arch],
    [`IDF_TARGET_${target.toUpperCase()}`, 'y'],
    [arch === 'riscv' ? 'IDF_TARGET_ARCH_RISCV' : 'IDF_TARGET_ARCH_XTENSA', 'y'],
    ['IDF_FIRMWARE_CHIP_ID', `0x${chipId.toString(16).padStart(4, '0')}`],
    ['IDF_INIT_VERSION', `${String(major)}.${String(minor)}`],
    ['IDF_TOOLCHAIN', 'gcc'],
    ['IDF_TOOLCHAIN_GCC', 'y'],
    ['IDF_ENV_FPGA', 'n'],
    ...(picolibc
      ? [
          ['LIBC_PICOLIBC', 'y'],
          ['LIBC_NEWLIB', 'n'],
        ]
      : []),
  ]);
}

/** Everything one compilation against an ESP-IDF needs. */
export function describeTarget({ idf, mqttPath, chip, picolibc, kconfigFiles, defaults }) {
  const version = idfVersion(idf);
  const mqtt = version[0] >= 6 ? findMqtt(idf, mqttPath) : undefined;
  const environment = { IDF_TARGET: chip.target, IDF_PATH: idf, IDF_TOOLCHAIN: 'gcc', IDF_ENV_FPGA: '' };
  const tree = new KconfigTree(environment);
  tree.load(join(idf, 'Kconfig'));
  for (const folder of [
    ...componentFolders(idf),
    join(idf, 'components/mqtt/esp-mqtt'),
    ...(mqtt === undefined ? [] : [mqtt]),
  ]) {
    for (const name of ['Kconfig', 'Kconfig.projbuild']) tree.load(join(folder, name));
  }
  tree.load(join(idf, 'components/soc', chip.target, 'include/soc/Kconfig.soc_caps.in'));
  tree.load(join(idf, 'examples/common_components/protocol_examples_common/Kconfig.projbuild'));
  for (const file of kconfigFiles) tree.load(file);
  const forced = forcedSymbols(chip, version, picolibc);
  for (const [name] of forced) {
    if (
      name === 'IDF_TARGET' ||
      name === 'IDF_TARGET_ARCH' ||
      name === 'IDF_INIT_VERSION' ||
      name === 'IDF_TOOLCHAIN'
    ) {
      tree.symbol(name).type = 'string';
    } else if (name === 'IDF_FIRMWARE_CHIP_ID') tree.symbol(name).type = 'hex';
  }
  const values = new KconfigValues(tree, { set: defaults, forced });
  return { version, mqtt, values, tree, includes: includeFolders({ idf, mqtt, ...chip }) };
}
