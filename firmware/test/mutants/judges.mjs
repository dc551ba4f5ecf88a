// The tools that judge generated C. Each says whether it found a fault, and what. A judge that cannot do its work throws:
// that is no finding.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { proveGenerated } from '../prove.mjs';
import { FuzzBuilder, fuzzLimits, fuzzTargets, writeSeeds } from '../steps/fuzz-targets.mjs';
import { filesOf, SANITIZERS, SUPPORT_INCLUDE, testFolder, WARNINGS } from '../steps/tools.mjs';
import { replayVectors } from '../steps/vectors.mjs';

const FUZZ_SECONDS = 20;
const sourceIn = (generated) => join(generated, 'secure_esp_protocol.c');
/** The line that tells what is wrong: of a compiler, a sanitizer, a fuzz target, or a unit test. */
const TELLING = /not proved: .*|error: .*|ERROR: .*|runtime error: .*|.*this does not hold.*|\w+_test\.c:[0-9]+: .*/;
const found = (detail) => ({
  found: true,
  detail: (TELLING.exec(detail)?.[0] ?? detail.trim().split('\n')[0]).slice(0, 120),
});
const nothing = { found: false, detail: '' };

export const JUDGES = {
  /** gcc and clang, with all warnings. */
  async compile(report, { generated, work }) {
    for (const compiler of ['gcc', 'clang']) {
      const args = [...WARNINGS, `-I${generated}`, '-c', sourceIn(generated), '-o', join(work, 'object.o')];
      const built = await report.exec(compiler, args);
      if (!built.good) return found(built.stderr);
    }
    return nothing;
  },

  /** The unit tests of topics and codecs, with sanitizers. */
  async unit(report, { generated, work }) {
    const binary = join(work, 'unit');
    const tests = filesOf(join(testFolder, 'unit'), /^protocol_.*\.c$/);
    const sources = [join(testFolder, 'mutants/protocol_main.c'), join(testFolder, 'support/check.c'), ...tests];
    const includes = [`-I${generated}`, SUPPORT_INCLUDE, `-I${join(testFolder, 'unit')}`];
    const args = [...SANITIZERS, ...WARNINGS, ...includes, ...sources, sourceIn(generated), '-o', binary];
    must(await report.exec('gcc', args), 'the unit tests do not compile');
    const ran = await report.exec(binary, [], { timeoutMs: 60_000 });
    return ran.good ? nothing : found(ran.stderr);
  },

  /** The fuzz target of one payload, seeded with the test vectors. */
  async fuzz(report, { generated, work, target: name }) {
    const target = fuzzTargets().find((candidate) => candidate.name === name);
    if (target === undefined) throw new Error(`there is no fuzz target "${name}"`);
    const builder = new FuzzBuilder(report, join(work, 'fuzz'), { generated });
    const binary = (await builder.prepare([target])) ? await builder.build(target) : undefined;
    if (binary === undefined) throw new Error(`the fuzz target ${name} does not compile`);
    const corpus = join(work, 'corpus');
    mkdirSync(corpus);
    const seeds = writeSeeds(target, join(work, 'seeds'));
    const limits = [...fuzzLimits(target), `-max_total_time=${String(FUZZ_SECONDS)}`, '-seed=1', '-runs=200000'];
    const ran = await report.exec(binary, [...limits, `-artifact_prefix=${work}/`, corpus, seeds]);
    return ran.good ? nothing : found(ran.stderr);
  },

  /** The answers of the TypeScript codecs, as test vectors. */
  async differential(report, { generated, work }) {
    const { count, faults } = await replayVectors(report, { generated, work, compiler: 'gcc' });
    if (count === 0) throw new Error(faults.join('\n'));
    return faults.length > 0 ? found(faults[0]) : nothing;
  },

  /** Frama-C, over the function that the mutant names. */
  async proof(report, { generated, target }) {
    const { good, detail } = await proveGenerated(generated, [target]);
    return good ? nothing : found(detail);
  },
};

/** What a judge needs of this machine. */
export const NEEDS = {
  compile: ['gcc', 'clang'],
  unit: ['gcc'],
  fuzz: ['clang'],
  differential: ['gcc'],
  proof: ['frama-c'],
};

function must(result, message) {
  if (!result.good) throw new Error(`${message}\n${result.stderr}`);
}
