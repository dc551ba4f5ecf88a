// Host tests of enrolment (components/secure_esp/src/enrol): unit tests with and without sanitizers, the size of its stack
// frames, and its fuzz targets. That it enrols at a real server is in e2e/test/device-enrolment.test.ts.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesOf, inParallel, SANITIZERS, STACK_LIMIT_BYTES, WARNINGS } from '../steps/tools.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const component = join(here, '../../components/secure_esp');
const support = join(here, '../support');
const INCLUDES = [`-I${join(component, 'private')}`, `-I${support}`];

/** The portable sources, as src/enrol/sources.cmake lists them. */
export function enrolSources() {
  const text = readFileSync(join(component, 'src/enrol/sources.cmake'), 'utf8');
  const list = /set\(SECURE_ESP_ENROL_PORTABLE_SOURCES\s([^)]*)\)/.exec(text)?.[1] ?? '';
  return list
    .trim()
    .split(/\s+/)
    .map((source) => join(component, source));
}

/** Unit tests with gcc and clang and, with `fuzzSeconds`, each fuzz target for so long. */
export async function enrolment(report, work, { fuzzSeconds = 0 } = {}) {
  const folder = join(work, 'enrol');
  mkdirSync(folder, { recursive: true });
  await unitTests(report, folder);
  if (report.has('gcc')) {
    const args = [
      '-Os',
      ...WARNINGS,
      `-Wstack-usage=${String(STACK_LIMIT_BYTES)}`,
      ...INCLUDES,
      '-c',
      ...enrolSources(),
    ];
    await report.run('enrolment: stack frames', 'gcc', args, { cwd: folder });
  }
  if (fuzzSeconds > 0 && report.has('clang')) await fuzz(report, folder, fuzzSeconds);
}

async function unitTests(report, folder) {
  const sources = [...enrolSources(), join(support, 'check.c'), ...filesOf(join(here, 'unit'))];
  const variants = report.available(['gcc', 'clang']).flatMap((compiler) => [
    { compiler, name: `${compiler} -O0 sanitized`, flags: ['-O0', ...SANITIZERS] },
    { compiler, name: `${compiler} -Os`, flags: ['-Os'] },
  ]);
  await inParallel(variants, async ({ compiler, name, flags }) => {
    const binary = join(folder, `unit-${name.replaceAll(' ', '-')}`);
    const args = [...flags, ...WARNINGS, ...INCLUDES, ...sources, '-o', binary];
    const built = await report.run(`build enrolment ${name}`, compiler, args);
    if (built.good) await report.run(`enrolment ${name}`, binary, [], { show: ({ stdout }) => stdout });
  });
}

/** Bodies of the answers in unit/vectors.h, as the targets take them: DER, and its base64. */
function seeds() {
  const text = readFileSync(join(here, 'unit/vectors.h'), 'utf8');
  return [...text.matchAll(/VECTOR_(?:ONE|TWO|LATE)\[\] =\n((?: +"[^"]+"\n?;?)+)/g)].map(([, lines]) =>
    [...lines.matchAll(/"([^"\\]+)\\n"/g)].map(([, line]) => line).join('\n'),
  );
}

async function fuzz(report, folder, seconds) {
  const texts = seeds();
  if (texts.length !== 3) throw new Error('unit/vectors.h has other messages than three');
  const targets = [
    { name: 'enrol_answer', inputs: texts.map((text) => Buffer.from(text, 'base64')) },
    { name: 'enrol_base64', inputs: [...texts.map((text) => Buffer.from(text)), 'Zg==', 'Zm9vYg =\n=', 'Zm9v'] },
  ];
  await inParallel(targets, async ({ name, inputs }) => {
    const binary = join(folder, name);
    const corpus = join(folder, `corpus-${name}`);
    mkdirSync(corpus, { recursive: true });
    for (const [index, input] of inputs.entries()) writeFileSync(join(corpus, String(index)), input);
    const source = join(here, `fuzz/fuzz_${name}.c`);
    const flags = ['-O1', '-g', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'];
    const args = [...flags, ...WARNINGS, ...INCLUDES, ...enrolSources(), source, '-o', binary];
    const built = await report.run(`build fuzz ${name}`, 'clang', args);
    if (!built.good) return;
    const limits = ['-max_len=2048', `-max_total_time=${String(seconds)}`, `-artifact_prefix=${folder}/${name}-`];
    const show = ({ stderr }) => `${/Done (\d+) runs/.exec(stderr)?.[1] ?? '?'} inputs`;
    await report.run(`fuzz ${name}`, binary, [...limits, corpus], { show, timeoutMs: (seconds + 60) * 1000 });
  });
}
