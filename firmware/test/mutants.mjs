// Mutation tests of the generator: each fault of mutants/list.mjs is put into a copy of it, and the tool named for that
// fault must reject the C that comes out. The C of the unchanged generator passes all of them.
//   node mutants.mjs [--only TEXT]      only the mutants whose name contains the text
//   node mutants.mjs --proofs           also those that a proof must catch (Frama-C; the packages must be built)
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generate } from './mutants/generate.mjs';
import { JUDGES, NEEDS } from './mutants/judges.mjs';
import { MUTANTS } from './mutants/list.mjs';
import { inParallel, Report } from './steps/tools.mjs';

const { values: options } = parseArgs({
  options: { only: { type: 'string', default: '' }, proofs: { type: 'boolean', default: false } },
});
const report = new Report();
const work = mkdtempSync(join(tmpdir(), 'sesp-mutants-'));
process.on('SIGINT', () => report.interrupt());

const chosen = MUTANTS.filter(({ name }) => name.includes(options.only));
if (chosen.length === 0) throw new Error(`no mutant's name contains "${options.only}"`);
const wanted = chosen.filter(({ caughtBy }) => options.proofs || caughtBy !== 'proof');
if (wanted.length < chosen.length) console.log(`${String(chosen.length - wanted.length)} mutants are left to --proofs`);
const possible = wanted.filter(({ caughtBy }) => report.has(...NEEDS[caughtBy]));
/** A judge, and the target of a fuzzer: what the unchanged generator must pass. */
const tools = new Map(
  possible.map(({ caughtBy, target }) => [`${caughtBy} ${target ?? ''}`.trim(), { caughtBy, target }]),
);

let folders = 0;
async function judge({ caughtBy, target, mutant }) {
  const folder = join(work, String(folders++));
  mkdirSync(folder);
  const generated = await generate(folder, mutant);
  // A fault that no longer compiles would be "found" by everybody.
  const compiled = await JUDGES.compile(report, { generated, work: folder });
  if (caughtBy === 'compile') return compiled;
  if (compiled.found) throw new Error(`it does not compile: ${compiled.detail}`);
  return JUDGES[caughtBy](report, { generated, work: folder, target });
}

async function check(name, question, good) {
  if (report.interrupted) return;
  const started = Date.now();
  try {
    const { found, detail } = await judge(question);
    const seconds = `${((Date.now() - started) / 1000).toFixed(1)} s`;
    if (found === good) report.ok(name, `${detail} (${seconds})`);
    else report.fail(name, found ? `      found: ${detail}` : `      ${question.caughtBy} found nothing (${seconds})`);
  } catch (error) {
    report.fail(name, String(error instanceof Error ? error.message : error));
  }
}

try {
  await inParallel([...tools], ([name, tool]) => check(`unchanged generator, ${name}`, tool, false));
  // What rejects the unchanged generator says nothing about a mutant.
  if (report.failures.size === 0) {
    await inParallel(possible, (mutant) => {
      const { name, caughtBy, target } = mutant;
      return check(`mutant caught by ${caughtBy}: ${name}`, { caughtBy, target, mutant }, true);
    });
  }
} finally {
  if (report.failures.size === 0) rmSync(work, { recursive: true });
}
for (const reason of report.skipped) console.log(`skip  ${reason}`);
if (report.failures.size > 0) {
  console.error(`${String(report.failures.size)} failed (files kept in ${work})`);
  process.exitCode = 1;
} else if (report.interrupted) process.exitCode = 130;
else console.log(`${String(possible.length)} of ${String(MUTANTS.length)} mutants caught by the tool named for each`);
