// The unit tests of the ESP-IDF port, on fakes of ESP-IDF, with gcc, ASan and UBSan.
//   node firmware/test/idf/run-unit.mjs         alone; node firmware/test/run.mjs runs them with everything else
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  coreFolder,
  coreSources,
  filesOf,
  INCLUDES,
  inParallel,
  Report,
  SANITIZERS,
  testFolder,
} from '../steps/tools.mjs';
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

export async function portTests(report, work) {
  if (!report.has('gcc')) return;
  if (!existsSync(HEADER)) {
    (process.env.CI === undefined ? report.skipped : report.failures).add(
      'libmbedtls-dev is not installed (tests of the port)',
    );
    return;
  }
  const folder = join(work, 'port');
  mkdirSync(folder, { recursive: true });
  const settings = options();
  writeFileSync(join(folder, 'secure_esp_options.h'), settings);
  const includes = [
    `-I${folder}`,
    ...['stub', 'fakes', 'unit', '../support'].map((name) => `-I${join(here, name)}`),
    ...['include', 'private'].map((name) => `-I${join(portFolder, name)}`),
    ...INCLUDES,
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
  const flags = [...common, '-Wno-missing-field-initializers', ...SANITIZERS, '-g1', ...includes];
  const cache = new ObjectCache(CACHE);
  const compiler = spawnSync('gcc', ['--version'], { encoding: 'utf8' }).stdout;
  const groups = [
    ...portSources().map((file) => ({ file, extra: ['-Wconversion'] })),
    ...coreSources().map((file) => ({ file, extra: [] })),
    ...['fakes', 'unit'].flatMap((name) => filesOf(join(here, name))).map((file) => ({ file, extra: [] })),
    ...['check.c', 'manifest.c'].map((name) => ({ file: join(testFolder, 'support', name), extra: [] })),
  ];
  const objects = await inParallel(groups, async ({ file, extra }) => {
    const object = join(folder, `${basename(dirname(file))}-${basename(file, '.c')}.o`);
    const recipe = [compiler, settings, ...flags.filter((flag) => !flag.includes(folder)), ...extra, file].join('\n');
    if (cache.take(object, recipe)) return object;
    const rule = `${object}.d`;
    const built = await report.exec('gcc', [...flags, ...extra, '-MD', '-MF', rule, '-c', file, '-o', object]);
    if (built.good) cache.keep(object, recipe, readFileSync(rule, 'utf8'), folder);
    else report.fail(`build ${basename(file)} for the tests of the port`, built.stderr);
    return built.good ? object : undefined;
  });
  if (objects.includes(undefined)) return;
  const binary = join(folder, 'port-unit');
  const wraps = ['time', 'gettimeofday', 'settimeofday'].map((name) => `-Wl,--wrap=${name}`);
  if (cache.taken > 0)
    console.log(`      ${String(cache.taken)} of ${String(objects.length)} objects are of an earlier run`);
  const linked = await report.run('build the tests of the port', 'gcc', [
    ...SANITIZERS,
    ...objects,
    ...wraps,
    '-lmbedcrypto',
    '-o',
    binary,
  ]);
  if (linked.good) await report.run('unit tests of the ESP-IDF port', binary, [], { show: ({ stdout }) => stdout });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const report = new Report();
  const work = mkdtempSync(join(tmpdir(), 'sesp-port-'));
  await portTests(report, work);
  for (const reason of report.skipped) console.log(`skip  ${reason}`);
  if (report.failures.size === 0) rmSync(work, { recursive: true });
  else process.exitCode = 1;
}
