// What the unit tests and the seeds of the fuzz targets execute of the core: lines, branches and MC/DC (clang 19). No file
// may fall below its floor in coverage-floor.json.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { FuzzBuilder, fuzzTargets, writeSeeds } from './fuzz-targets.mjs';
import { coreFolder, INCLUDES, inParallel, SUPPORT_INCLUDE, testFolder, unitFiles, WARNINGS } from './tools.mjs';

const CLANG = 'clang-19';
const COV = 'llvm-cov-19';
const PROFDATA = 'llvm-profdata-19';
const FLAGS = ['-O0', '-g', '-fprofile-instr-generate', '-fcoverage-mapping', '-fcoverage-mcdc'];
const FLOOR = join(testFolder, 'coverage-floor.json');
const HTML = join(testFolder, 'coverage');
const MEASURES = { lines: 'lines', branches: 'branches', mcdc: 'MC/DC' };
/** Of the core written by hand every branch is taken both ways; the generated codecs have a floor like the others. */
const FLOORED = ['lines', 'branches', 'mcdc'];
const HAND_WRITTEN = 'src/';

export async function coverage(report, work, { html, updateFloor }) {
  if (!report.has(CLANG, COV, PROFDATA)) return;
  const folder = join(work, 'coverage');
  const builder = new FuzzBuilder(report, folder, { compiler: CLANG, flags: FLAGS });
  const targets = fuzzTargets();
  if (!(await builder.prepare(targets))) return;
  const profile = (name) => ({ LLVM_PROFILE_FILE: join(folder, `${name}.profraw`) });

  const binaries = await inParallel([undefined, ...targets], async (target) => {
    if (target === undefined) return unit(report, folder, builder, profile('unit'));
    const binary = await builder.build(target);
    if (binary === undefined) return undefined;
    const seeds = writeSeeds(target, join(folder, 'seeds', target.name));
    const inputs = readdirSync(seeds).map((name) => join(seeds, name));
    const ran = await report.exec(binary, inputs, { timeoutMs: 60_000, env: profile(target.name) });
    if (!ran.good) report.fail(`coverage: seeds of ${target.name}`, ran.stderr);
    return ran.good ? binary : undefined;
  });
  if (binaries.includes(undefined)) return;

  const merged = join(folder, 'all.profdata');
  const raw = readdirSync(folder).filter((name) => name.endsWith('.profraw'));
  const merging = await report.exec(PROFDATA, ['merge', '-sparse', ...raw, '-o', merged], { cwd: folder });
  const [first, ...rest] = binaries;
  const inputs = [first, ...rest.flatMap((binary) => ['-object', binary]), `-instr-profile=${merged}`];
  const sources = ['src', 'generated'].map((name) => join(coreFolder, name));
  const exported = await report.exec(COV, ['export', '-skip-functions', ...inputs, ...sources]);
  if (!merging.good || !exported.good) {
    report.fail('coverage report', `${merging.stderr}\n${exported.stderr}`);
    return;
  }
  const { files, totals } = JSON.parse(exported.stdout).data[0];
  judge(report, files, totals, updateFloor);
  if (html) {
    rmSync(HTML, { recursive: true, force: true });
    const options = ['-format=html', '-show-mcdc', '-show-branches=count', `-output-dir=${HTML}`];
    await report.run('coverage report', COV, ['show', ...options, ...inputs, ...sources], {
      show: () => join(relative(process.cwd(), HTML), 'index.html'),
    });
  }
}

async function unit(report, folder, builder, env) {
  const binary = join(folder, 'unit');
  const args = [...FLAGS, ...WARNINGS, ...INCLUDES, SUPPORT_INCLUDE, ...unitFiles(), ...builder.objects, '-o', binary];
  const built = await report.exec(CLANG, args);
  const ran = built.good ? await report.exec(binary, [], { env }) : built;
  if (!ran.good) report.fail('coverage: unit tests', `${ran.stdout}${ran.stderr}`);
  return ran.good ? binary : undefined;
}

const percentOf = (summary, measure) => (summary[measure].count === 0 ? 100 : summary[measure].percent);

function judge(report, files, totals, updateFloor) {
  const rows = files
    .map(({ filename, summary, branches }) => ({ name: relative(coreFolder, filename), summary, branches }))
    .filter(({ name }) => name.endsWith('.c'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const line = ({ name, summary }) =>
    `      ${name.padEnd(36)}${Object.keys(MEASURES)
      .map((measure) => percentOf(summary, measure).toFixed(1).padStart(10))
      .join('')}`;
  console.log(
    `      ${'coverage, %'.padEnd(36)}${Object.values(MEASURES)
      .map((name) => name.padStart(10))
      .join('')}`,
  );
  for (const row of [...rows, { name: 'total', summary: totals }]) console.log(line(row));
  if (updateFloor) writeFileSync(FLOOR, floorText(rows));
  const floors = existsSync(FLOOR) ? JSON.parse(readFileSync(FLOOR, 'utf8')) : {};
  const faults = rows.flatMap(({ name, summary }) =>
    FLOORED.flatMap((measure) => {
      const floor = floors[name]?.[measure];
      const percent = percentOf(summary, measure);
      if (floor === undefined) return [`${name} has no floor for ${MEASURES[measure]}`];
      return percent >= floor
        ? []
        : [`${name}: ${MEASURES[measure]} ${percent.toFixed(1)} % is below ${String(floor)} %`];
    }),
  );
  faults.push(...rows.filter(({ name }) => name.startsWith(HAND_WRITTEN)).flatMap(untaken));
  const gone = Object.keys(floors).filter((name) => !rows.some((row) => row.name === name));
  faults.push(...gone.map((name) => `${name} has a floor but does not exist`));
  const hint = 'test what is not covered, or accept it with: node firmware/test/run.mjs --coverage --update-floor';
  if (faults.length === 0) report.ok('coverage is not below its floor');
  else report.fail('coverage floor', [...faults, hint].map((text) => `      ${text}`).join('\n'));
}

/** The branches of a file that no test takes, each with its place. */
function untaken({ name, branches }) {
  return branches.flatMap(([line, column, , , taken, skipped]) => {
    const never = [taken === 0 ? 'true' : undefined, skipped === 0 ? 'false' : undefined].filter(Boolean);
    return never.map((value) => `${name}:${String(line)}:${String(column)} is never ${value}`);
  });
}

/** Slightly below what is measured, so that a compiler's other count does not fail a build. */
function floorText(rows) {
  const floors = rows.map(({ name, summary }) => [
    name,
    Object.fromEntries(FLOORED.map((measure) => [measure, Math.max(0, Math.floor(percentOf(summary, measure)) - 1)])),
  ]);
  return `${JSON.stringify(Object.fromEntries(floors), null, 2)}\n`;
}
