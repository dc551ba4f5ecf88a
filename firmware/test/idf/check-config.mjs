/**
 * Configures the project with ESP-IDF's own Kconfig files, for every chip and profile, and says which lines of the
 * sdkconfig files did not come out as written: names that ESP-IDF does not have, and values that it refuses.
 *
 *     IDF_PATH=~/esp/esp-idf node firmware/test/idf/check-config.mjs
 *
 * Needs ESP-IDF's sources and `kconfgen` of its Python (IDF_PYTHON_ENV_PATH, or python3), no compiler.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const CHIPS = ['esp32', 'esp32s3', 'esp32c3', 'esp32c6'];
const PROFILES = { development: ['sdkconfig.defaults'], release: ['sdkconfig.defaults', 'sdkconfig.release'] };
const project = resolve(fileURLToPath(new URL('../..', import.meta.url)));

const folders = (parent) =>
  existsSync(parent)
    ? readdirSync(parent, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(parent, name))
        .sort()
    : [];

/** The components whose Kconfig files a build reads: ESP-IDF's, the managed ones and the project's. */
function components(idf) {
  return [
    ...folders(join(idf, 'components')),
    // 5.x has the MQTT client in its tree, one folder deeper; 6.x fetches it
    join(idf, 'components/mqtt/esp-mqtt'),
    ...folders(join(idf, 'managed_components')),
    ...folders(join(project, 'managed_components')),
    join(idf, 'examples/common_components/protocol_examples_common'),
    ...folders(join(project, 'components')),
    join(project, 'main'),
  ];
}

const existing = (parents, name) => parents.map((parent) => join(parent, name)).filter((path) => existsSync(path));

/** Lines of the layers that apply, the last one of a name wins: name -> value, '' for "is not set". */
function wanted(layers) {
  const values = new Map();
  for (const line of layers.flatMap((path) => readFileSync(path, 'utf8').split('\n'))) {
    const [, name, value] = /^(CONFIG_\w+)=(.*)$/.exec(line) ?? [];
    const [, off] = /^# (CONFIG_\w+) is not set$/.exec(line) ?? [];
    if (name !== undefined) values.set(name, value === 'n' ? '' : value);
    else if (off !== undefined) values.set(off, '');
  }
  return values;
}

/** Every name that some Kconfig file defines, with its prefix. */
function definedNames(idf, chip) {
  const parents = components(idf);
  const files = parents.flatMap((parent) =>
    existsSync(parent)
      ? readdirSync(parent, { recursive: true, encoding: 'utf8' })
          .filter((path) => /(?:^|\/)Kconfig[^/]*$/.test(path))
          .map((path) => join(parent, path))
      : [],
  );
  const texts = [join(idf, 'Kconfig'), ...files].map((path) => readFileSync(path, 'utf8'));
  const names = texts.flatMap((text) =>
    [...text.matchAll(/^\s*(?:menu)?config\s+(\w+)/gm)].map(([, name]) => `CONFIG_${name}`),
  );
  return new Set([...names, `CONFIG_IDF_TARGET_${chip.toUpperCase()}`]);
}

/** What ESP-IDF makes of the layers: the text of `sdkconfig`. */
function configure({ idf, python, chip, layers, scratch }) {
  const parents = components(idf);
  const sources = (name) => existing(parents, name);
  const file = (name, paths) => {
    const path = join(scratch, name);
    writeFileSync(path, paths.map((source) => `source "${source}"\n`).join(''));
    return path;
  };
  const renames = [...sources('sdkconfig.rename'), ...sources(`sdkconfig.rename.${chip}`)];
  const environment = {
    IDF_TARGET: chip,
    IDF_PATH: idf,
    IDF_TOOLCHAIN: 'gcc',
    IDF_ENV_FPGA: '',
    IDF_MINIMAL_BUILD: 'n',
    IDF_CMAKE: 'y',
    COMPONENT_KCONFIGS: sources('Kconfig').join(';'),
    COMPONENT_KCONFIGS_PROJBUILD: sources('Kconfig.projbuild').join(';'),
    COMPONENT_KCONFIGS_SOURCE_FILE: file('kconfigs.in', sources('Kconfig')),
    COMPONENT_KCONFIGS_PROJBUILD_SOURCE_FILE: file('kconfigs_projbuild.in', sources('Kconfig.projbuild')),
    COMPONENT_SDKCONFIG_RENAMES: renames.join(';'),
    KCONFIG_REPORT_VERBOSITY: 'quiet',
    KCONFIG_PROMPTLESS_NO_WARN: 'IDF_TARGET',
  };
  writeFileSync(join(scratch, 'config.env'), JSON.stringify(environment));
  const output = join(scratch, 'sdkconfig');
  rmSync(output, { force: true });
  const args = ['-m', 'kconfgen', '--list-separator=semicolon', '--kconfig', join(idf, 'Kconfig')];
  args.push('--sdkconfig-rename', join(idf, 'sdkconfig.rename'), '--config', output);
  for (const layer of layers) args.push('--defaults', layer);
  args.push('--env-file', join(scratch, 'config.env'), '--output', 'config', output);
  const run = spawnSync(python, args, { encoding: 'utf8', env: { ...process.env, ...environment } });
  if (run.status !== 0) throw new Error(`kconfgen failed for ${chip}:\n${run.stderr}`);
  return readFileSync(output, 'utf8');
}

function check({ idf, python, chip, profile, scratch, keep }) {
  const layers = PROFILES[profile]
    .flatMap((name) => [name, `${name}.${chip}`])
    .map((name) => join(project, name))
    .filter((path) => existsSync(path));
  const sdkconfig = configure({ idf, python, chip, layers, scratch });
  if (keep !== undefined) writeFileSync(join(keep, `sdkconfig.${profile}.${chip}`), sdkconfig);
  const result = wanted([join(scratch, 'sdkconfig')]);
  const wrong = [...wanted(layers)]
    .filter(([name, value]) => (result.get(name) ?? '') !== value)
    .map(([name, value]) => `${name} is ${result.get(name) ?? 'absent'}, not ${value === '' ? 'n' : value}`);
  // `is not set` comes out as written of a name that nobody has, too
  const names = definedNames(idf, chip);
  const unknown = [...wanted(layers).keys()].filter((name) => !names.has(name)).map((name) => `${name} is unknown`);
  return [...wrong, ...unknown];
}

function main() {
  const idf = process.env['IDF_PATH'];
  if (!idf) {
    console.log('check-config: IDF_PATH is not set; nothing was checked.');
    return 0;
  }
  const environment = process.env['IDF_PYTHON_ENV_PATH'];
  const python = environment ? join(environment, 'bin/python') : 'python3';
  try {
    execFileSync(python, ['-c', 'import kconfgen'], { stdio: 'ignore' });
  } catch {
    console.error(`check-config: ${python} has no kconfgen; run ESP-IDF's install.sh and export.sh first.`);
    return 1;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'secure-esp-config-'));
  let failures = 0;
  try {
    for (const profile of Object.keys(PROFILES)) {
      for (const chip of CHIPS) {
        const problems = check({ idf: resolve(idf), python, chip, profile, scratch, keep: process.argv[2] });
        console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${profile} ${chip}`);
        for (const problem of problems) console.log(`       ${problem}`);
        failures += problems.length;
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return failures === 0 ? 0 : 1;
}

process.exitCode = main();
