// The unit tests on this machine, and what the compilers say of the core and its headers.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  coreFolder,
  coreSources,
  INCLUDES,
  inParallel,
  SANITIZERS,
  STACK_LIMIT_BYTES,
  SUPPORT_INCLUDE,
  supportFiles,
  unitFiles,
  WARNINGS,
} from './tools.mjs';

/** gcc and clang, with and without sanitizers. */
export async function unitTests(report, work) {
  const variants = report.available(['gcc', 'clang']).flatMap((compiler) => [
    { compiler, name: `${compiler} -O0 sanitized`, flags: ['-O0', ...SANITIZERS] },
    { compiler, name: `${compiler} -Os`, flags: ['-Os'] },
  ]);
  const sources = [SUPPORT_INCLUDE, ...supportFiles(), ...unitFiles(), ...coreSources()];
  await inParallel(variants, async ({ compiler, name, flags }) => {
    const binary = join(work, `unit-${name.replaceAll(' ', '-')}`);
    const built = await report.run(`build ${name}`, compiler, [
      ...flags,
      ...WARNINGS,
      ...INCLUDES,
      ...sources,
      '-o',
      binary,
    ]);
    if (built.good) await report.run(`unit tests ${name}`, binary, [], { show: ({ stdout }) => stdout });
  });
}

/** No function of the core has a large stack frame. */
export async function stackFrames(report, work) {
  if (!report.has('gcc')) return;
  const limit = `-Wstack-usage=${String(STACK_LIMIT_BYTES)}`;
  const args = ['-Os', ...WARNINGS, limit, ...INCLUDES, '-c', ...coreSources()];
  await report.run(`stack frames within ${String(STACK_LIMIT_BYTES)} bytes`, 'gcc', args, { cwd: work });
}

/** Every public header compiles alone and twice, as C11 and as C++17. */
export async function headers(report, work) {
  const names = ['include', 'generated'].flatMap((folder) =>
    readdirSync(join(coreFolder, folder)).filter((name) => name.endsWith('.h')),
  );
  const languages = [
    ...report.available(['gcc', 'clang']).map((compiler) => ({ compiler, standard: '-std=c11', ending: 'c' })),
    ...report.available(['g++', 'clang++']).map((compiler) => ({ compiler, standard: '-std=c++17', ending: 'cpp' })),
  ];
  for (const ending of ['c', 'cpp']) {
    for (const name of names) {
      const text = `#include "${name}"\n#include "${name}"\nint main(void) { return 0; }\n`;
      writeFileSync(join(work, `${name}.${ending}`), text);
    }
  }
  const warnings = WARNINGS.slice(1); // the standard is another one
  await inParallel(languages, async ({ compiler, standard, ending }) => {
    const units = names.map((name) => join(work, `${name}.${ending}`));
    const args = [standard, ...warnings, ...INCLUDES, '-fsyntax-only', ...units];
    await report.run(`headers ${compiler} ${standard}`, compiler, args);
  });
}
