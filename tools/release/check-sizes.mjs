// Compares what `npm pack` would publish with the limits in sizes.json: a dependency, a source map or a test that slips
// into a package is noticed by its weight.
//   node tools/release/check-sizes.mjs
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, workspaceRoot } from './packages.mjs';

const limits = JSON.parse(readFileSync(join(workspaceRoot, 'tools/release/sizes.json'), 'utf8'));
/** What nobody needs who installs a package. */
const UNWANTED =
  /(^|\/)(test|tests|__tests__|fixtures|node_modules|\.secure-esp)\/|\.(tsbuildinfo|key|pem|orig|rej)$|\.test\.[cm]?[jt]s$/;

function packed(folder) {
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`npm pack failed in ${folder}: ${stderr}`);
  return JSON.parse(stdout)[0];
}

const kB = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
const problems = [];
for (const { folder, manifest } of publishedPackages()) {
  const { size, unpackedSize, files } = packed(folder);
  const limit = limits[manifest.name];
  const said = `${manifest.name}: ${kB(size)} packed, ${kB(unpackedSize)} unpacked, ${files.length} files`;
  console.log(said);
  if (limit === undefined) problems.push(`${manifest.name} has no limit in tools/release/sizes.json`);
  else if (size > limit.packedBytes) problems.push(`${said}; the limit is ${kB(limit.packedBytes)} packed`);
  else if (unpackedSize > limit.unpackedBytes)
    problems.push(`${said}; the limit is ${kB(limit.unpackedBytes)} unpacked`);
  for (const { path } of files) if (UNWANTED.test(path)) problems.push(`${manifest.name} would publish ${path}`);
  for (const wanted of ['README.md', 'LICENSE', 'package.json'])
    if (!files.some(({ path }) => path === wanted))
      problems.push(`${manifest.name} would be published without ${wanted}`);
}
for (const name of Object.keys(limits))
  if (!publishedPackages().some(({ manifest }) => manifest.name === name))
    problems.push(`sizes.json: no package ${name}`);
for (const problem of problems) console.error(`error: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
