// Compiles the firmware against the headers of a real ESP-IDF, for every chip and profile, and holds the stub headers of
// the unit tests against the same headers. Nothing is linked. The application of examples/thermostat is compiled, too, once
// its C has been generated there (its README).
//   IDF_PATH=... node firmware/test/idf/check-idf.mjs [--mqtt PATH] [--target esp32c3] [--profile release]
//                                                     [--set NAME=VALUE] [--keep FOLDER]
//   --mqtt     folder of the managed component espressif/mqtt, where it is not in IDF_PATH/managed_components
//   --target   this chip only
//   --profile  development or release only
//   --set      one more Kconfig value, such as MBEDTLS_GCM_SUPPORT_NON_AES_CIPHER=n; may be repeated
//   --keep     writes the sdkconfig.h and the generated C files there
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { coreFolder, coreSources, inParallel, Report } from '../steps/tools.mjs';
import { conformityUnit, stubHeaders } from './check/conformity.mjs';
import { describeTarget, idfVersion, PROFILES, TARGETS } from './check/idf.mjs';
import { readDefaults } from './check/kconfig-values.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const firmware = join(here, '../..');
const portFolder = join(firmware, 'components/secure_esp');
const mainFolder = join(firmware, 'main');
const exampleFolder = join(firmware, '../examples/thermostat/firmware');
/** Stubs that have no counterpart. */
const OWN_HEADERS = ['sdkconfig.h', 'libc.h'];
/** Signature schemes and their files. */
const SIGNATURES = [
  ['SECURE_SIGNED_APPS_ECDSA_SCHEME', 'v1, ECDSA (signature_v1.c)'],
  ['SECURE_SIGNED_APPS_RSA_SCHEME', 'v2, RSA (signature_v2.c)'],
  ['SECURE_SIGNED_APPS_ECDSA_V2_SCHEME', 'v2, ECDSA (signature_v2.c)'],
];
const OWN_WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wshadow', '-Wconversion', '-Wno-missing-field-initializers'];

const { values: options } = parseArgs({
  options: {
    mqtt: { type: 'string' },
    target: { type: 'string' },
    profile: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
    keep: { type: 'string' },
  },
});
const idf =
  process.env.IDF_PATH === undefined || process.env.IDF_PATH === '' ? undefined : resolve(process.env.IDF_PATH);
if (idf === undefined || idfVersion(idf) === undefined) {
  const why = idf === undefined ? 'IDF_PATH is not set' : `IDF_PATH is no ESP-IDF: ${idf}`;
  console.error(
    `${why}: get ESP-IDF with \`git clone -b v5.5.5 --recursive https://github.com/espressif/esp-idf\` and set IDF_PATH to that folder.`,
  );
  process.exit(2);
}

const report = new Report();
const work = options.keep === undefined ? mkdtempSync(join(tmpdir(), 'sesp-idf-')) : resolve(options.keep);
process.on('SIGINT', () => report.interrupt());

const version = idfVersion(idf).join('.');
console.log(`ESP-IDF ${version}`);
const targets = TARGETS.filter(({ target }) => options.target === undefined || target === options.target);
if (targets.length === 0) throw new Error(`--target must be one of ${TARGETS.map(({ target }) => target).join(', ')}`);
const profiles = Object.keys(PROFILES).filter((name) => options.profile === undefined || name === options.profile);
if (profiles.length === 0) throw new Error(`--profile must be one of ${Object.keys(PROFILES).join(', ')}`);
try {
  for (const chip of targets) await checkChip(chip);
} finally {
  if (options.keep === undefined) rmSync(work, { recursive: true });
}
for (const reason of report.skipped) console.log(`skip  ${reason}`);
if (report.failures.size > 0) {
  console.error(`${String(report.failures.size)} failed: ${[...report.failures].join('; ')}`);
  process.exitCode = 1;
} else {
  console.log(`ESP-IDF ${version}: compiled, not linked`);
}

async function checkChip(chip) {
  const compiler = chip.compilers.find(({ program }) => installed(program));
  if (compiler === undefined) {
    report.skipped.add(
      `${chip.target}: none of ${chip.compilers.map(({ program }) => program).join(', ')} is installed`,
    );
    if (process.env.CI !== undefined) report.failures.add(`no compiler for ${chip.target}`);
    return;
  }
  const note = compiler.note === undefined ? '' : ` (${compiler.note})`;
  console.log(`      ${chip.target}: ${compiler.program}${note}`);
  for (const profile of profiles) await check(chip, profile, compiler);
}

async function check(chip, profile, compiler) {
  const name = `${chip.target} ${profile}`;
  const defaults = readDefaults([
    ...profileFiles(chip, profile).map((file) => readFileSync(file, 'utf8')),
    options.set.map((setting) => `CONFIG_${setting}`).join('\n'),
  ]);
  const described = describeTarget({
    idf,
    mqttPath: options.mqtt === undefined ? undefined : resolve(options.mqtt),
    chip,
    picolibc: compiler.picolibc === true,
    kconfigFiles: ownKconfigFiles(),
    defaults,
  });
  if (described.version[0] >= 6 && described.mqtt === undefined) {
    report.fail(`${name}: espressif/mqtt`, 'it is no part of ESP-IDF 6: give its folder with --mqtt');
    return;
  }
  const folder = join(work, `${version}-${chip.target}-${profile}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'sdkconfig.h'), described.values.header());
  judgeSettings(name, described, defaults);
  judgeSignature(name, described);
  const base = [
    ...compiler.flags,
    described.version[0] >= 6 ? '-std=gnu2x' : '-std=gnu17',
    '-fsyntax-only',
    '-fmax-errors=10',
    '-DESP_PLATFORM=1',
    `-DIDF_VER="v${version}"`,
    '-DMBEDTLS_CONFIG_FILE="mbedtls/esp_config.h"',
    '-DTF_PSA_CRYPTO_USER_CONFIG_FILE="mbedtls/esp_config.h"',
    `-I${folder}`,
  ];
  const system = described.includes.flatMap((path) => ['-isystem', path]);
  await compileOwn(name, compiler, [...base, ...OWN_WARNINGS, ...ownIncludes(), ...system], described);
  // They do not depend on the profile.
  if (profile !== profiles[0]) return;
  await compileStubs(chip, compiler, folder, [...base, '-Wall', '-Werror', '-Wno-unused', ...system]);
}

/** The sdkconfig files in the order in which ESP-IDF applies them. */
function profileFiles({ target }, profile) {
  return PROFILES[profile]
    .flatMap((name) => [name, `${name}.${target}`])
    .map((name) => join(firmware, name))
    .filter((file) => existsSync(file));
}

function ownKconfigFiles() {
  const folders = [coreFolder, portFolder, mainFolder];
  return folders
    .flatMap((folder) => ['Kconfig', 'Kconfig.projbuild'].map((name) => join(folder, name)))
    .filter(existsSync);
}

function ownIncludes() {
  const folders = [
    ...['include', 'generated', 'private'].map((name) => join(coreFolder, name)),
    ...['include', 'private', 'src'].map((name) => join(portFolder, name)),
    mainFolder,
  ];
  return folders.filter((path) => existsSync(path)).map((path) => `-I${path}`);
}

/** Settings that this ESP-IDF ignores. One of our own is a mistake; another may be of another version or chip. */
function judgeSettings(build, { tree, values }, defaults) {
  const name = `${build}: settings of the project`;
  const unknown = [...defaults.keys()].filter((key) => !tree.symbols.has(key));
  const ours = unknown.filter((key) => key.startsWith('SECURE_ESP_'));
  const ignored = [...defaults].filter(([key, value]) => tree.symbols.has(key) && (values.value(key) ?? '') !== value);
  if (ours.length > 0) report.fail(name, `unknown: ${ours.join(', ')}`);
  else report.ok(name, `${String(defaults.size - unknown.length - ignored.length)} of ${String(defaults.size)} hold`);
  for (const key of unknown) console.log(`      not known to ESP-IDF ${version}: CONFIG_${key}`);
  for (const [key, value] of ignored) {
    console.log(`      without effect on ${build}: CONFIG_${key}=${value} (is ${values.value(key) ?? 'unset'})`);
  }
}

/** Every build of the project signs its applications; which scheme it is, decides which file is compiled. */
function judgeSignature(build, { values }) {
  const scheme = SIGNATURES.find(([option]) => values.value(option) === 'y');
  if (scheme === undefined) report.fail(`${build}: signature`, 'applications are not signed');
  else report.ok(`${build}: signature`, scheme[1]);
}

/** Of the files that exist once per version or option, those that cannot compile here are left out, as CMakeLists.txt does. */
function isChosen(name, { version: [major], values }) {
  const isOn = (option) => values.value(option) === 'y';
  switch (name) {
    case 'mqtt_ack_v1.c':
      return major < 6;
    case 'mqtt_ack.c':
      return major >= 6;
    case 'signature_v1.c':
      return isOn('SECURE_SIGNED_APPS_ECDSA_SCHEME');
    case 'signature_v2.c':
      return isOn('SECURE_SIGNED_APPS_RSA_SCHEME') || isOn('SECURE_SIGNED_APPS_ECDSA_V2_SCHEME');
    case 'nvs_encrypted.c':
      return isOn('NVS_ENCRYPTION');
    default:
      return true;
  }
}

async function compileOwn(build, compiler, flags, described) {
  const groups = {
    port: cFiles(portFolder).filter((file) => isChosen(basename(file), described)),
    main: cFiles(mainFolder),
    core: coreSources(),
  };
  const generated = join(exampleFolder, 'generated');
  if (existsSync(generated)) groups.example = [join(exampleFolder, 'main'), generated].flatMap(cFiles);
  else report.skipped.add('examples/thermostat: its C is not generated');
  for (const [group, files] of Object.entries(groups)) {
    if (files.length === 0) {
      report.fail(`${build}: ${group}`, 'there are no files');
      continue;
    }
    const bad = (
      await inParallel(files, async (file) => {
        const folders = group === 'example' ? [`-I${dirname(file)}`, `-I${generated}`] : [];
        const result = await report.exec(compiler.program, [...flags, ...folders, file]);
        return result.good ? [] : [`${relative(firmware, file)}\n${result.stderr}`];
      })
    ).flat();
    const name = `${build}: ${group}`;
    if (bad.length === 0) report.ok(name, `${String(files.length)} files`);
    else report.fail(name, bad.join('\n'));
  }
}

async function compileStubs(chip, compiler, folder, flags) {
  const stubs = join(here, 'stub');
  let prototypes = 0;
  let lines = 0;
  const headers = stubHeaders(stubs).filter((name) => !OWN_HEADERS.includes(name));
  const bad = (
    await inParallel(headers, async (name) => {
      const unit = conformityUnit(stubs, name);
      prototypes += unit.prototypes;
      lines += unit.lines;
      const file = join(folder, `conformity-${name.replaceAll('/', '-').replace(/\.h$/, '')}.c`);
      writeFileSync(file, unit.text);
      const result = await report.exec(compiler.program, [...flags, file]);
      return result.good ? [] : [`${basename(file)}\n${result.stderr}`];
    })
  ).flat();
  const name = `${chip.target}: stub headers say what ESP-IDF says`;
  if (bad.length > 0) report.fail(name, bad.join('\n'));
  else report.ok(name, `${String(headers.length)} headers, ${String(prototypes)} prototypes, ${String(lines)} facts`);
}

function cFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.c'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function installed(program) {
  const folders = (process.env.PATH ?? '').split(':');
  return folders.some((folder) => existsSync(join(folder, program)));
}
