// Runs the fuzz targets: for seconds in every test run, for as long as wanted with a corpus that stays.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FuzzBuilder, fuzzLimits, fuzzTargets, writeSeeds } from './fuzz-targets.mjs';
import { inParallel, testFolder } from './tools.mjs';

/** What long runs found worth keeping, and inputs that broke something. Not in the repository. */
const KEPT = join(testFolder, '.corpus');

/**
 * Fuzzes every target, or the one that is named, for some seconds. With `keep` the corpus grows from run to run. With
 * `input` nothing is searched: the named target runs on that file, to see a finding again.
 */
export async function fuzz(report, work, { seconds, target: wanted, keep, input }) {
  if (!report.has('clang')) return;
  const all = fuzzTargets();
  const targets = wanted === undefined ? all : all.filter(({ name }) => name === wanted);
  if (targets.length === 0) {
    throw new Error(`there is no fuzz target "${wanted}", but: ${all.map(({ name }) => name).join(', ')}`);
  }
  const builder = new FuzzBuilder(report, join(work, 'fuzz'));
  if (!(await builder.prepare(targets))) return;
  await inParallel(targets, async (target) => {
    if (report.interrupted) return;
    const binary = await builder.build(target);
    if (binary === undefined) return;
    if (input === undefined) await search(report, work, { target, binary, seconds, keep });
    else await report.run(`${target.name} on ${input}`, binary, [...fuzzLimits(target), input]);
  });
}

async function search(report, work, { target, binary, seconds, keep }) {
  const { name, share } = target;
  const findings = join(keep ? KEPT : work, 'findings', name);
  const corpus = join(keep ? KEPT : work, 'corpus', name);
  for (const folder of [findings, corpus]) mkdirSync(folder, { recursive: true });
  const seeds = writeSeeds(target, join(work, 'seeds', name));
  const limit = share === 0 ? '-runs=10000' : `-max_total_time=${String(Math.ceil(seconds * share))}`;
  const args = [...fuzzLimits(target), limit, '-print_final_stats=1', `-artifact_prefix=${findings}/`, corpus, seeds];
  const result = await report.exec(binary, args, { timeoutMs: (seconds + 60) * 1000 });
  if (result.good || report.interrupted) {
    const runs = /stat::number_of_executed_units: ([0-9]+)/.exec(result.stderr)?.[1];
    const features = [...result.stderr.matchAll(/ ft: ([0-9]+)/g)].at(-1)?.[1] ?? '0';
    const state = report.interrupted ? 'interrupted' : `${runs ?? '?'} inputs`;
    report.ok(`fuzz ${name}`, `${state}, ${features} features`);
    return;
  }
  const written = /Test unit written to (\S+)/.exec(result.stderr)?.[1];
  const command = `node firmware/test/run.mjs --fuzz-only --target ${name} --input ${written ?? '<file>'}`;
  report.fail(`fuzz ${name}`, `${essence(result.stderr)}${result.error}\n      again: ${command}`);
}

/** What a person wants to know of libFuzzer's output: the broken promise, or the sanitizer's report. */
function essence(stderr) {
  const lines = stderr.split('\n');
  const from = lines.findIndex((line) => /this does not hold|runtime error|ERROR: /.test(line));
  return from < 0 ? lines.slice(-20).join('\n') : lines.slice(from, from + 25).join('\n');
}
