// Builds a program of the ESP-IDF port, the core and the fakes of ESP-IDF, with gcc, ASan and UBSan.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { coreFolder, coreSources, filesOf, INCLUDES, inParallel, SANITIZERS, testFolder } from '../steps/tools.mjs';
import { KconfigTree } from './check/kconfig-parser.mjs';
import { KconfigValues } from './check/kconfig-values.mjs';
import { ObjectCache } from './check/object-cache.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const portFolder = join(testFolder, '../components/secure_esp');
/** Of files that exist once per version or option, the tests take the others. */
const NOT_CHOSEN = new Set(['mqtt_ack_v1.c', 'nvs_plain.c', 'signature_none.c', 'signature_v2.c']);
const HEADER = '/usr/include/psa/crypto.h';
/** Objects that need not be compiled again; without installed packages nothing is kept. */
const modules = join(testFolder, '../../node_modules');
const CACHE = existsSync(modules) ? join(modules, '.cache/secure-esp/port-objects') : undefined;
/** What a test turns on or makes shorter. */
const SETTINGS = new Map([
  ['SECURE_ESP_BROKER_URI', ''],
  ['SECURE_ESP_SNTP_SERVER', 'time.example'],
]);
/** Of the product's own code. */
export const STRICT = ['-Wconversion'];

/** True if the tools are there; what is missing is skipped visibly, with CI set it is a failure. */
export function canBuildPort(report) {
  if (!report.has('gcc')) return false;
  if (existsSync(HEADER)) return true;
  (process.env.CI === undefined ? report.skipped : report.failures).add(
    'libmbedtls-dev is not installed (tests of the port)',
  );
  return false;
}

/** CONFIG_SECURE_ESP_* as menuconfig would write them. */
function options() {
  const tree = new KconfigTree({});
  for (const folder of [coreFolder, portFolder]) tree.load(join(folder, 'Kconfig'));
  return new KconfigValues(tree, { set: SETTINGS, forced: new Map([['NVS_ENCRYPTION', 'y']]) })
    .header()
    .replace('#define CONFIG_NVS_ENCRYPTION 1\n', '');
}

const portSources = () =>
  readdirSync(join(portFolder, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.c') && !NOT_CHOSEN.has(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));

/**
 * Compiles port, core, fakes and `files` ({ file, extra }: more flags) into one program in `folder`; `includes` are more
 * header folders. Resolves with its path; undefined after reporting what failed.
 */
export async function buildPort(report, folder, { name, files, includes = [] }) {
  mkdirSync(folder, { recursive: true });
  const settings = options();
  writeFileSync(join(folder, 'secure_esp_options.h'), settings);
  const folders = [
    `-I${folder}`,
    ...['stub', 'fakes', 'unit', '../support'].map((part) => `-I${join(here, part)}`),
    ...['include', 'private'].map((part) => `-I${join(portFolder, part)}`),
    ...INCLUDES,
    ...includes.map((path) => `-I${path}`),
  ];
  const common = [
    '-std=gnu17',
    '-O0',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-Wshadow',
    '-include',
    join(here, 'stub/libc.h'),
  ];
  // -g1: the lines of a sanitizer's report. -O1 would take twice as long to compile, for tests that run for a second.
  const flags = [...common, '-Wno-missing-field-initializers', ...SANITIZERS, '-g1', ...folders];
  const cache = new ObjectCache(CACHE);
  const compiler = spawnSync('gcc', ['--version'], { encoding: 'utf8' }).stdout;
  const groups = [
    ...portSources().map((file) => ({ file, extra: STRICT })),
    ...coreSources().map((file) => ({ file, extra: [] })),
    ...filesOf(join(here, 'fakes')).map((file) => ({ file, extra: [] })),
    ...['check.c', 'manifest.c'].map((part) => ({ file: join(testFolder, 'support', part), extra: [] })),
    ...files,
  ];
  const objects = await inParallel(groups, async ({ file, extra }) => {
    const object = join(folder, `${basename(dirname(file))}-${basename(file, '.c')}.o`);
    const recipe = [compiler, settings, ...flags.filter((flag) => !flag.includes(folder)), ...extra, file].join('\n');
    if (cache.take(object, recipe)) return object;
    const rule = `${object}.d`;
    const built = await report.exec('gcc', [...flags, ...extra, '-MD', '-MF', rule, '-c', file, '-o', object]);
    if (built.good) cache.keep(object, recipe, readFileSync(rule, 'utf8'), folder);
    else report.fail(`build ${basename(file)} for ${name}`, built.stderr);
    return built.good ? object : undefined;
  });
  if (objects.includes(undefined)) return undefined;
  const binary = join(folder, 'program');
  const wraps = ['time', 'gettimeofday', 'settimeofday'].map((part) => `-Wl,--wrap=${part}`);
  if (cache.taken > 0)
    console.log(`      ${String(cache.taken)} of ${String(objects.length)} objects are of an earlier run`);
  const linked = await report.run(`build ${name}`, 'gcc', [
    ...SANITIZERS,
    ...objects,
    ...wraps,
    '-lmbedcrypto',
    '-o',
    binary,
  ]);
  return linked.good ? binary : undefined;
}
