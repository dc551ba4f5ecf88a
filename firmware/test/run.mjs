// Builds and runs the host tests of the firmware core: gcc and clang, with and without sanitizers, headers as C++.
//   node run.mjs                     unit tests
//   node run.mjs --fuzz-seconds 5    and each fuzz target for that long (clang's libFuzzer)
// A compiler that is missing is skipped, visibly; with CI set it is a failure.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const core = join(here, '../components/secure_esp_core');
const { values } = parseArgs({ options: { 'fuzz-seconds': { type: 'string', default: '0' } } });
const fuzzSeconds = Number(values['fuzz-seconds']);
if (!Number.isInteger(fuzzSeconds) || fuzzSeconds < 0) throw new Error('--fuzz-seconds must be a whole number');

const WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wconversion', '-Wshadow', '-pedantic'];
const SANITIZERS = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const INCLUDES = ['include', 'generated', 'private'].map((name) => `-I${join(core, name)}`);
const STACK_LIMIT_BYTES = 1024;
const RUN_LIMIT_MS = 600_000;

const failures = [];
const skipped = [];
const work = mkdtempSync(join(tmpdir(), 'sesp-test-'));

/** Runs a program; true if it succeeded. Its output is shown only when it failed, or always if `show`. */
function run(name, program, args, { show = false } = {}) {
  const result = spawnSync(program, args, { cwd: here, encoding: 'utf8', timeout: RUN_LIMIT_MS });
  const good = result.error === undefined && result.status === 0;
  console.log(`${good ? 'ok  ' : 'FAIL'}  ${name}${show && good ? `: ${result.stdout.trim()}` : ''}`);
  if (!good) {
    failures.push(name);
    console.log(result.stdout ?? '', result.stderr ?? '', result.error?.message ?? '');
  }
  return good;
}

const isThere = (program) => spawnSync(program, ['--version']).status === 0;

/** The named compilers that this machine has. */
function available(names) {
  return names.filter((name) => {
    if (isThere(name)) return true;
    (process.env.CI === undefined ? skipped : failures).push(`${name} is not installed`);
    return false;
  });
}

const filesOf = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.c'))
    .sort()
    .map((name) => join(folder, name));

function coreSources() {
  const text = readFileSync(join(core, 'sources.cmake'), 'utf8');
  const list = /set\(SECURE_ESP_CORE_SOURCES\s([^)]*)\)/.exec(text)?.[1] ?? '';
  const sources = list.trim().split(/\s+/);
  const onDisk = ['src', 'generated'].flatMap((folder) => filesOf(join(core, folder)));
  if (sources.length !== onDisk.length) failures.push('sources.cmake does not list every source file');
  return sources.map((source) => join(core, source));
}

const support = () => [`-I${join(here, 'support')}`, ...filesOf(join(here, 'support'))];

function unitTests(sources) {
  const variants = [
    { name: '-O0 sanitized', flags: ['-O0', ...SANITIZERS] },
    { name: '-Os', flags: ['-Os'] },
  ];
  for (const compiler of available(['gcc', 'clang'])) {
    for (const { name, flags } of variants) {
      const binary = join(work, `unit-${compiler}`);
      const args = ['-std=c11', ...flags, ...WARNINGS, ...INCLUDES, ...support(), ...filesOf(join(here, 'unit'))];
      if (run(`build ${compiler} ${name}`, compiler, [...args, ...sources, '-o', binary])) {
        run(`unit tests ${compiler} ${name}`, binary, [], { show: true });
      }
    }
  }
}

/** No function of the core may need a large stack frame. */
function stackFrames(sources) {
  if (!isThere('gcc')) return;
  for (const source of sources) {
    const name = source.slice(core.length + 1);
    const args = ['-std=c11', '-Os', ...WARNINGS, `-Wstack-usage=${String(STACK_LIMIT_BYTES)}`, ...INCLUDES];
    const result = spawnSync('gcc', [...args, '-c', source, '-o', join(work, 'frame.o')], { encoding: 'utf8' });
    if (result.status !== 0) {
      failures.push(`stack frames of ${name}`);
      console.log(`FAIL  ${name}\n${result.stderr}`);
    }
  }
  console.log(`ok    stack frames within ${String(STACK_LIMIT_BYTES)} bytes, unless reported above`);
}

/** Every public header compiles alone, as C11 and as C++17. */
function headers() {
  const names = ['include', 'generated'].flatMap((folder) =>
    readdirSync(join(core, folder)).filter((name) => name.endsWith('.h')),
  );
  const languages = [
    ...available(['gcc', 'clang']).map((compiler) => ({ compiler, standard: '-std=c11', ending: 'c' })),
    ...available(['g++', 'clang++']).map((compiler) => ({ compiler, standard: '-std=c++17', ending: 'cpp' })),
  ];
  for (const { compiler, standard, ending } of languages) {
    const units = names.map((name) => {
      const unit = join(work, `${name}.${ending}`);
      writeFileSync(unit, `#include "${name}"\n#include "${name}"\nint main(void) { return 0; }\n`);
      return unit;
    });
    run(`headers ${compiler} ${standard}`, compiler, [standard, ...WARNINGS, ...INCLUDES, '-fsyntax-only', ...units]);
  }
}

function fuzz(sources) {
  if (available(['clang']).length === 0) return;
  for (const target of filesOf(join(here, 'fuzz'))) {
    const name = /fuzz_(.*)\.c$/.exec(target)[1].replaceAll('_', '-');
    const binary = join(work, `fuzz-${name}`);
    const corpus = join(work, `corpus-${name}`);
    cpSync(join(here, 'fuzz/corpus', name), corpus, { recursive: true });
    const flags = ['-std=c11', '-O1', '-g', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'];
    const args = [...flags, ...WARNINGS, ...INCLUDES, ...support(), target, ...sources, '-o', binary];
    if (!run(`build fuzz ${name}`, 'clang', args)) continue;
    const limits = [`-max_total_time=${String(fuzzSeconds)}`, '-timeout=5', '-rss_limit_mb=1024', '-max_len=4096'];
    run(`fuzz ${name} for ${String(fuzzSeconds)} s`, binary, [...limits, `-artifact_prefix=${work}/`, corpus]);
  }
}

try {
  const sources = coreSources();
  unitTests(sources);
  stackFrames(sources);
  headers();
  if (fuzzSeconds > 0) fuzz(sources);
} finally {
  if (failures.length === 0) rmSync(work, { recursive: true });
}
for (const reason of new Set(skipped)) console.log(`skip  ${reason}`);
if (failures.length > 0) {
  const names = [...new Set(failures)];
  console.error(`${String(names.length)} failed: ${names.join('; ')} (files kept in ${work})`);
  process.exitCode = 1;
}
