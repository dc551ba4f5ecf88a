// Measures the generated C against cJSON and nanopb, and the TypeScript codecs against zod alone and protobuf-es.
//   node bench/run.mjs               prints all tables and writes docs/benchmarks.md
//   node bench/run.mjs --check       only that every peer reads and writes the right values (a few seconds)
//   node bench/run.mjs --only c      one half, printed and not written (c or ts)
//   node bench/run.mjs --profile     where the instructions of each message go, by function
//   node bench/run.mjs --generated DIR   with the C of another folder, printed and not written
//   node bench/run.mjs --no-build    with packages/protocol/dist as it is
// A missed goal is told; a wrong value is a failure. Without its tools a half is skipped, visibly; with CI set that is
// a failure too.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchC, loadTypes } from './lib/c-bench.mjs';
import { missingSources, sourceVersion } from './lib/peers.mjs';
import { printProfile, profileOf } from './lib/profile.mjs';
import { report } from './lib/report.mjs';
import { missingLibrary, missingTools, picolibcVersion, run, versionOf } from './lib/tools.mjs';
import { benchTs, checkTs } from './lib/ts-bench.mjs';

const ROOT = join(import.meta.dirname, '..');
const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    only: { type: 'string' },
    profile: { type: 'boolean', default: false },
    generated: { type: 'string' },
    'no-build': { type: 'boolean', default: false },
  },
});
if (![undefined, 'c', 'ts'].includes(options.only)) throw new Error('--only takes c or ts');

const wanted = (half) => options.only === undefined || options.only === half;
const skipped = [];

/** True if nothing is missing; else says what is skipped, and why. */
function ready(half, missing) {
  if (missing.length === 0) return true;
  const line = `skip  ${half}: ${missing.join(', ')} missing; bench/setup.sh installs it`;
  console.log(line);
  skipped.push(line);
  return false;
}

/** What the C half lacks: programs first, for the others are found with them. */
function missingForC() {
  const programs = missingTools(['gcc', 'qemu', 'protoc', 'nanopb']);
  return programs.length > 0 ? programs : [...missingLibrary(), ...missingSources()];
}

async function halfC() {
  if (!wanted('c') || !ready('C', missingForC())) return;
  const { generated } = options;
  const peers = benchC({ ...(generated === undefined ? {} : { generated }), sizes: !options.check });
  console.log(`ok    C: ${peers.map(({ name }) => name).join('; ')} read and write the same values`);
  if (options.profile) printProfile(await profileOf(peers[0].profile));
  return peers;
}

async function halfTs() {
  if (!wanted('ts') || options.profile || !ready('TypeScript', missingTools(['protoc']))) return;
  if (!options['no-build']) {
    run(join(ROOT, 'node_modules/.bin/nx'), ['run', '@secure-esp/protocol:build'], { cwd: ROOT, timeout: 600_000 });
  }
  const { secureEspV1 } = await import('@secure-esp/protocol');
  const types = loadTypes();
  checkTs(secureEspV1, types);
  console.log('ok    TypeScript: ours, zod and protobuf-es read and write the same values');
  return options.check ? undefined : await benchTs(secureEspV1, types);
}

const installed = (name) => JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;

const versionsOf = ({ c, ts }) => ({
  ...(c === undefined
    ? {}
    : {
        'riscv64-unknown-elf-gcc': versionOf('gcc'),
        picolibc: picolibcVersion(),
        QEMU: versionOf('qemu'),
        cJSON: sourceVersion('cjson'),
        nanopb: sourceVersion('nanopb'),
      }),
  ...(ts === undefined
    ? {}
    : { 'Node.js': process.versions.node, zod: installed('zod'), 'protobuf-es': installed('@bufbuild/protobuf') }),
});

const c = await halfC();
const ts = await halfTs();
if (!options.check && !options.profile && (c !== undefined || ts !== undefined)) {
  const text = await report({ c, ts, versions: versionsOf({ c, ts }) });
  console.log(`\n${text}`);
  if (c !== undefined && ts !== undefined && options.generated === undefined) {
    writeFileSync(join(ROOT, 'docs/benchmarks.md'), text);
    console.log('ok    written to docs/benchmarks.md');
  }
}
if (skipped.length > 0 && process.env.CI !== undefined) process.exitCode = 1;
