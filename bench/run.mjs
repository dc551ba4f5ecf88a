// Measures the generated C against cJSON and nanopb, the TypeScript codecs against zod alone and protobuf-es, the issuing of
// certificates against the OpenSSL command line, @peculiar/x509 and step-ca, the update server against nginx,
// express.static and openssl s_server, how many virtual devices one process holds, and the SDK against bare mqtt.js.
//   node bench/run.mjs               prints all tables and writes docs/benchmarks.md
//   node bench/run.mjs --check       only that every peer reads and writes the right values (a few seconds)
//   node bench/run.mjs --only c      one part, printed and not written (c, ts, pki, ota, sim or sdk)
//   node bench/run.mjs --only c --write    one part, written beside what is known of the others
//   node bench/run.mjs --profile     where the instructions of each message go, by function
//   node bench/run.mjs --generated DIR   with the C of another folder, printed and not written
//   node bench/run.mjs --no-build    with the built packages as they are
// A missed goal is told; a wrong value is a failure. Without its tools a part is skipped, visibly; with CI set that is
// a failure too.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchC, loadTypes } from './lib/c-bench.mjs';
import { missingSources, sourceVersion } from './lib/peers.mjs';
import { printProfile, profileOf } from './lib/profile.mjs';
import { PARTS, report, summaryOf, writeDocument } from './lib/report.mjs';
import { missingLibrary, missingTools, picolibcVersion, run, versionOf } from './lib/tools.mjs';
import { benchTs, checkTs } from './lib/ts-bench.mjs';
import { benchOta, checkOta, missingForOta, nginxVersion } from './ota/ota-bench.mjs';
import { benchSdk, checkSdk, missingForSdk } from './sdk/sdk-bench.mjs';
import { benchSim, checkSim, missingForSim, mosquittoVersion } from './sim/sim-bench.mjs';
import { benchPki, checkPki, hasStepCa, missingForPki, opensslVersion, stepCaVersion } from './pki/pki-bench.mjs';

const ROOT = join(import.meta.dirname, '..');
const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    only: { type: 'string' },
    profile: { type: 'boolean', default: false },
    generated: { type: 'string' },
    write: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
  },
});
if (options.only !== undefined && !PARTS.includes(options.only)) {
  throw new Error(`--only takes ${PARTS.join(', ')}`);
}

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

function build(name) {
  if (options['no-build']) return;
  run(join(ROOT, 'node_modules/.bin/nx'), ['run', `${name}:build`], { cwd: ROOT, timeout: 600_000 });
}

async function halfTs() {
  if (!wanted('ts') || options.profile || !ready('TypeScript', missingTools(['protoc']))) return;
  build('@secure-esp/protocol');
  const { secureEspV1 } = await import('@secure-esp/protocol');
  const types = loadTypes();
  checkTs(secureEspV1, types);
  console.log('ok    TypeScript: ours, zod and protobuf-es read and write the same values');
  return options.check ? undefined : await benchTs(secureEspV1, types);
}

async function partPki() {
  if (!wanted('pki') || options.profile || !ready('certificates', missingForPki())) return;
  if (!hasStepCa()) console.log('skip  step-ca: not built; bench/setup.sh does it where there is Go');
  build('@secure-esp/pki');
  await checkPki();
  console.log('ok    certificates: every one belongs to its key');
  return options.check ? undefined : await benchPki();
}

async function partOta() {
  if (!wanted('ota') || options.profile || !ready('update server', missingForOta())) return;
  build('@secure-esp/pki');
  build('@secure-esp/ota-server');
  await checkOta();
  console.log('ok    update server: every contestant delivers the right bytes and stands every measurement');
  return options.check ? undefined : await benchOta();
}

async function partSim() {
  if (!wanted('sim') || options.profile || !ready('fleet', missingForSim())) return;
  build('secure-esp');
  await checkSim();
  console.log('ok    fleet: every virtual device takes its update');
  return options.check ? undefined : await benchSim();
}

async function partSdk() {
  if (!wanted('sdk') || options.profile || !ready('SDK', missingForSdk())) return;
  for (const name of ['@secure-esp/pki', '@secure-esp/broker', '@secure-esp/device-client']) build(name);
  await checkSdk();
  console.log('ok    SDK: both clients get every reply, and see every device');
  return options.check ? undefined : await benchSdk();
}

const installed = (name) => JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;

const node = () => ({ 'Node.js': process.versions.node });
const openssl = () => ({
  'OpenSSL of Node.js': process.versions.openssl,
  'OpenSSL command line': opensslVersion(),
});
const cpu = () => ({ CPU: `${cpus()[0].model.trim()} (${cpus().length} cores)` });

const VERSIONS = {
  c: () => ({
    'riscv64-unknown-elf-gcc': versionOf('gcc'),
    picolibc: picolibcVersion(),
    QEMU: versionOf('qemu'),
    cJSON: sourceVersion('cjson'),
    nanopb: sourceVersion('nanopb'),
  }),
  ts: () => ({ ...node(), zod: installed('zod'), 'protobuf-es': installed('@bufbuild/protobuf') }),
  pki: () => ({
    ...node(),
    ...openssl(),
    '@peculiar/x509': installed('@peculiar/x509'),
    ...(hasStepCa() ? { 'step-ca': stepCaVersion() } : {}),
  }),
  ota: () => ({ ...node(), ...openssl(), nginx: nginxVersion(), express: installed('express'), ...cpu() }),
  sim: () => ({ ...node(), Mosquitto: mosquittoVersion(), ...cpu() }),
  sdk: () => ({ ...node(), Mosquitto: mosquittoVersion(), 'mqtt.js': installed('mqtt'), ...cpu() }),
};

const measured = {};
for (const [part, measure] of Object.entries({
  c: halfC,
  ts: halfTs,
  pki: partPki,
  ota: partOta,
  sim: partSim,
  sdk: partSdk,
})) {
  const result = await measure();
  if (result !== undefined && !options.check && !options.profile) {
    measured[part] = summaryOf(part, result, VERSIONS[part]());
  }
}
const count = Object.keys(measured).length;
if (count > 0) {
  console.log(`\n${await report(measured)}`);
  if (options.generated === undefined && (options.write || count === PARTS.length)) {
    const whole = await writeDocument(measured);
    console.log(
      whole ? 'ok    written to docs/benchmarks.md' : 'ok    stored; docs/benchmarks.md needs every part once',
    );
  }
}
if (skipped.length > 0 && process.env.CI !== undefined) process.exitCode = 1;
