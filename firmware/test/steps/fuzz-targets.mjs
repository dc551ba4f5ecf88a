// The fuzz targets, what they are seeded with, and how one is built.
//   fuzz/fuzz_<name>.c                         of the core, written by hand: target <name>
//   fuzz/generated/secure_esp_<name>_fuzz.c    of a decoder or the topic matcher: target codec-<name>
//   fuzz/corpus/<target>/                      seeds as files
// A decoder and the topic matcher are seeded with the contract's test vectors.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  coreSources,
  filesOf,
  generatedSource,
  INCLUDES,
  inParallel,
  SANITIZERS,
  SUPPORT_INCLUDE,
  supportFiles,
  testFolder,
  WARNINGS,
} from './tools.mjs';
import { payloadVectors, topicVectors } from './vectors.mjs';

const folder = join(testFolder, 'fuzz');
const CODEC = 'codec-';
const DICTIONARY = join(folder, 'generated/secure_esp.dict');

/**
 * Every target: its name and source, whether it needs the codecs only and not the whole core, and how large its share of
 * the time is: a text has few states, and of the empty payload there is nothing to find.
 */
export function fuzzTargets() {
  const own = filesOf(folder).map((source) => {
    const name = /^fuzz_(.*)\.c$/.exec(basename(source))[1].replaceAll('_', '-');
    return { name, source, codec: false, share: 1 };
  });
  const generated = filesOf(join(folder, 'generated'), /_fuzz\.c$/).map((source) => {
    const name = /^secure_esp_(.*)_fuzz\.c$/.exec(basename(source))[1].replaceAll('_', '-');
    return { name: `${CODEC}${name}`, source, codec: true, share: shareOf(readFileSync(source, 'utf8')) };
  });
  return [...own, ...generated];
}

function shareOf(text) {
  if (text.includes('the empty payload is accepted')) return 0;
  return text.includes('.grows = false') ? 0.2 : 1;
}

/** Writes the seeds of a target into a folder, which it returns. */
export function writeSeeds({ name }, target) {
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'empty'), '');
  const corpus = join(folder, 'corpus', name);
  if (existsSync(corpus)) for (const file of readdirSync(corpus)) copyFileSync(join(corpus, file), join(target, file));
  for (const [index, bytes] of vectorSeeds(name).entries())
    writeFileSync(join(target, `vector-${String(index)}`), bytes);
  return target;
}

function vectorSeeds(name) {
  if (!name.startsWith(CODEC)) return [];
  if (name === `${CODEC}topic-match`) return topicVectors();
  return payloadVectors(name.slice(CODEC.length).replaceAll('-', '_')).map(({ payload }) => payload);
}

/**
 * Builds fuzz targets with one compiler and one set of flags; the core is compiled once for all of them. `generated` is the
 * folder of the generated C, for targets of codecs.
 */
export class FuzzBuilder {
  #objects = new Map();

  constructor(
    report,
    work,
    {
      compiler = 'clang',
      flags = ['-O1', ...SANITIZERS, '-fsanitize=fuzzer-no-link'],
      generated = dirname(generatedSource),
    } = {},
  ) {
    this.report = report;
    this.work = work;
    this.compiler = compiler;
    this.codec = join(generated, basename(generatedSource));
    this.flags = [...flags, ...WARNINGS, `-I${generated}`, ...INCLUDES, SUPPORT_INCLUDE];
  }

  /** Compiles what the targets have in common; false if that fails. */
  async prepare(targets) {
    const whole = targets.some(({ codec }) => !codec);
    const sources = whole ? [...coreSources(), ...supportFiles()] : [this.codec];
    mkdirSync(this.work, { recursive: true });
    const results = await inParallel(sources, async (source) => {
      const object = join(this.work, `${basename(source, '.c')}.o`);
      const args = [...this.flags, '-c', source, '-o', object];
      const result = await this.report.exec(this.compiler, args);
      if (!result.good) this.report.fail(`build ${basename(source)} for fuzzing`, result.stderr);
      this.#objects.set(source, object);
      return result.good;
    });
    return results.every(Boolean);
  }

  /** Objects of the core and of the model device. */
  get objects() {
    return [...this.#objects.values()];
  }

  /** Builds one target; its path, undefined if that fails. */
  async build({ name, source, codec }) {
    const binary = join(this.work, `fuzz-${name}`);
    const objects = codec ? [this.#objects.get(this.codec)] : this.objects;
    const args = [...this.flags, '-fsanitize=fuzzer', source, ...objects, '-o', binary];
    const result = await this.report.exec(this.compiler, args);
    if (!result.good) this.report.fail(`build fuzz ${name}`, result.stderr);
    return result.good ? binary : undefined;
  }
}

/** Options of libFuzzer that are the same for every run. */
export const fuzzLimits = ({ codec }) => [
  '-timeout=5',
  '-rss_limit_mb=1024',
  `-max_len=${codec ? '2048' : '4096'}`,
  ...(codec ? [`-dict=${DICTIONARY}`] : []),
];
