// What is found without running anything: clang-tidy, cppcheck and gcc's analyzer. Nothing may be found; what is not looked
// for stands with its reason in ../.clang-tidy and in the list below.
import { basename, join } from 'node:path';
import { coreFolder, coreSources, INCLUDES, inParallel, testFolder, WARNINGS } from './tools.mjs';

const TIDY = 'clang-tidy-19';
/** Plain `char` is unsigned on every ESP32. */
const TARGET = ['-std=c11', '-funsigned-char'];

const NOT_LOOKED_FOR = {
  missingIncludeSystem: 'cppcheck brings its own knowledge of the standard library',
  unusedFunction: 'the public API is used by the firmware, the tests and the WebAssembly build, not by the core',
};
/** Findings in the generated codecs, whose shape is decided by their generator. */
const NOT_IN_GENERATED = { variableScope: 'all locals of a generated function stand at its beginning' };

export async function staticAnalysis(report, work) {
  const sources = coreSources();
  if (report.has(TIDY)) {
    const config = `--config-file=${join(testFolder, '../.clang-tidy')}`;
    await each(report, TIDY, sources, (source) => ['--quiet', config, source, '--', ...TARGET, ...INCLUDES]);
  }
  if (report.has('cppcheck')) {
    const options = [
      '--enable=all',
      '--inconclusive',
      '--std=c11',
      '--platform=unix32',
      '--error-exitcode=1',
      '--quiet',
    ];
    const suppressed = [
      ...Object.keys(NOT_LOOKED_FOR),
      ...Object.keys(NOT_IN_GENERATED).map((id) => `${id}:${join(coreFolder, 'generated')}/*`),
    ].map((id) => `--suppress=${id}`);
    await report.run('cppcheck', 'cppcheck', [...options, ...suppressed, ...INCLUDES, ...sources]);
  }
  if (report.has('gcc')) {
    await each(report, 'gcc -fanalyzer', sources, (source) => [
      '-O1',
      '-fanalyzer',
      ...WARNINGS,
      ...INCLUDES,
      '-c',
      source,
      '-o',
      join(work, `${basename(source)}.analyzed.o`),
    ]);
  }
}

/** One program on every source; one line if all are clean. */
async function each(report, name, sources, argumentsOf) {
  const program = name.split(' ')[0];
  const results = await inParallel(sources, (source) => report.exec(program, argumentsOf(source)));
  const faults = results.filter(({ good }) => !good).map(({ stdout, stderr, error }) => `${stdout}${stderr}${error}`);
  if (report.interrupted) return;
  if (faults.length === 0) report.ok(name, `${String(sources.length)} files, nothing found`);
  else report.fail(name, faults.join('\n').trim());
}

/** The record of the core's proof speaks of these bytes. The proof itself is run by `npm run verify`. */
export async function proofLedger(report) {
  const script = join(testFolder, 'prove-core.mjs');
  await report.run('ledger of the core', process.execPath, [script, '--digests'], { show: ({ stdout }) => stdout });
}
