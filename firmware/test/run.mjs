// Builds and runs the host tests of the firmware core.
//   node run.mjs                        unit tests (gcc, clang; sanitizers; rv32imc in qemu), headers, static analysis,
//                                       sizes, coverage
//   node run.mjs --static               only the static analysis
//   node run.mjs --update-footprint     writes the figures of docs/footprint.md
//   node run.mjs --fuzz-seconds 5       and each fuzz target for that long (clang's libFuzzer)
//   node run.mjs --coverage             only the coverage, with an HTML report in coverage/; --update-floor accepts it
//   node run.mjs --fuzz-only [--fuzz-seconds 600] [--target NAME]   only fuzzing, with a corpus that stays in .corpus/
//   node run.mjs --fuzz-only --target NAME --input FILE             one target on one input, to see a finding again
// A compiler that is missing is skipped, visibly; with CI set it is a failure.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { enrolment } from './enrol/enrol.mjs';
import { portTests } from './idf/run-unit.mjs';
import { coverage } from './steps/coverage.mjs';
import { fuzz } from './steps/fuzz.mjs';
import { rv32 } from './steps/rv32.mjs';
import { proofLedger, staticAnalysis } from './steps/static.mjs';
import { Report } from './steps/tools.mjs';
import { vectors } from './steps/vectors.mjs';
import { headers, stackFrames, unitTests } from './steps/unit.mjs';

const { values: options } = parseArgs({
  options: {
    'fuzz-seconds': { type: 'string' },
    'fuzz-only': { type: 'boolean', default: false },
    coverage: { type: 'boolean', default: false },
    static: { type: 'boolean', default: false },
    'update-footprint': { type: 'boolean', default: false },
    'update-floor': { type: 'boolean', default: false },
    target: { type: 'string' },
    input: { type: 'string' },
  },
});
const seconds = Number(options['fuzz-seconds'] ?? (options['fuzz-only'] ? 600 : 0));
if (!Number.isInteger(seconds) || seconds < 0) throw new Error('--fuzz-seconds must be a whole number');
if (options.input !== undefined && options.target === undefined) throw new Error('--input needs a --target');

const report = new Report();
const work = mkdtempSync(join(tmpdir(), 'sesp-test-'));
process.on('SIGINT', () => report.interrupt());
process.on('SIGTERM', () => report.interrupt());

async function timed(name, step) {
  if (report.interrupted) return;
  const started = Date.now();
  await step();
  console.log(`      ${name} took ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

const fuzzing = { seconds, target: options.target, keep: options['fuzz-only'] };
try {
  if (options['fuzz-only']) {
    const input = options.input === undefined ? undefined : resolve(options.input);
    await timed('fuzzing', () => fuzz(report, work, { ...fuzzing, input }));
  } else if (options['update-footprint']) {
    await timed('footprint', () => rv32(report, work, { updateFootprint: true }));
  } else if (options.static) {
    await timed('static analysis', () => staticAnalysis(report, work));
  } else if (options.coverage) {
    await timed('coverage', () => coverage(report, work, { html: true, updateFloor: options['update-floor'] }));
  } else {
    await timed('unit tests', () => unitTests(report, work));
    await timed('stack frames', () => stackFrames(report, work));
    await timed('headers', () => headers(report, work));
    await timed('enrolment', () => enrolment(report, work, { fuzzSeconds: seconds }));
    await timed('ESP-IDF port', () => portTests(report, work));
    await timed('static analysis', () => staticAnalysis(report, work));
    await timed('proof of the core', () => proofLedger(report));
    await timed('test vectors', () => vectors(report, work));
    await timed('rv32imc', () => rv32(report, work, { updateFootprint: false }));
    await timed('coverage', () => coverage(report, work, { html: false, updateFloor: false }));
    if (seconds > 0) await timed('fuzzing', () => fuzz(report, work, fuzzing));
  }
} finally {
  if (report.failures.size === 0) rmSync(work, { recursive: true });
}
for (const reason of report.skipped) console.log(`skip  ${reason}`);
if (report.failures.size > 0) {
  const names = [...report.failures];
  console.error(`${String(names.length)} failed: ${names.join('; ')} (files kept in ${work})`);
  process.exitCode = 1;
} else if (report.interrupted) {
  console.log('interrupted: nothing had failed so far');
  process.exitCode = 130;
}
