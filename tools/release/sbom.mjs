// Writes a software bill of materials (CycloneDX 1.6, JSON) for each published package: what comes along with it, in which
// version and under which licence, as the lockfile has it. Fails on a licence that nobody has agreed to.
//   node tools/release/sbom.mjs --out DIR
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { publishedPackages, workspaceRoot } from './packages.mjs';

const { values: options } = parseArgs({ options: { out: { type: 'string' } } });
if (options.out === undefined) throw new Error('--out names the folder of the documents');

/** Those whose only duty is to keep the notice. */
const LICENCES = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'CC0-1.0',
]);

function inventory(folder) {
  const args = [
    'cyclonedx-npm',
    '--workspace',
    relative(workspaceRoot, folder),
    '--omit',
    'dev',
    '--mc-type',
    'library',
  ];
  const { status, stdout, stderr } = spawnSync(
    'npx',
    ['--no-install', ...args, '--spec-version', '1.6', '--output-reproducible', '--output-file', '-'],
    { cwd: workspaceRoot, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (status !== 0) throw new Error(`cyclonedx-npm failed for ${folder}: ${stderr}`);
  return JSON.parse(stdout);
}

/** The workspace is no part of what is published: the package takes its place as the subject. */
function about(bom, name) {
  const nameOf = ({ group, name: own }) => (group === undefined ? own : `${group}/${own}`);
  const workspace = bom.metadata.component['bom-ref'];
  const subject = bom.components.find((component) => nameOf(component) === name);
  if (subject === undefined) throw new Error(`${name} is not in its own bill of materials`);
  return {
    ...bom,
    metadata: { ...bom.metadata, component: subject },
    components: bom.components.filter((component) => component !== subject),
    dependencies: bom.dependencies.filter(({ ref }) => ref !== workspace),
  };
}

const licencesOf = ({ licenses = [] }) =>
  licenses.map(({ license, expression }) => expression ?? license.id ?? license.name);
/** `(MIT OR CC0-1.0)` is agreed to if one of them is. */
const isAgreed = (licence) =>
  licence
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((one) => LICENCES.has(one));

mkdirSync(options.out, { recursive: true });
const problems = [];
for (const { folder, manifest } of publishedPackages()) {
  const bom = about(inventory(folder), manifest.name);
  for (const component of bom.components) {
    const licences = licencesOf(component);
    if (licences.length === 0 || !licences.every(isAgreed))
      problems.push(`${manifest.name}: ${component.purl} is under ${licences.join(', ') || 'no stated licence'}`);
  }
  const file = join(
    resolve(options.out),
    `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.cdx.json`,
  );
  writeFileSync(file, `${JSON.stringify(bom, undefined, 2)}\n`);
  console.log(`${relative(process.cwd(), file)}: ${bom.components.length} components`);
}
for (const problem of problems) console.error(`error: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
