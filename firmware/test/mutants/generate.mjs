// Runs a copy of the generator, changed or not.
import { build } from 'esbuild';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { testFolder } from '../steps/tools.mjs';

const root = join(testFolder, '../..');
const SOURCE = join(root, 'packages/protocol/src');
const ENTRY = `export { generateC } from './codegen/index.js'; export { secureEspV1 } from './index.js';`;

/** Generates the firmware's C into `folder`/generated, by a generator with a mutant's change; that folder. */
export async function generate(folder, mutant) {
  const source = join(folder, 'src');
  cpSync(SOURCE, source, { recursive: true });
  if (mutant !== undefined) applyTo(source, mutant);
  const bundle = join(folder, 'generator.mjs');
  await build({
    stdin: { contents: ENTRY, resolveDir: source, loader: 'ts' },
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    nodePaths: [join(root, 'node_modules')],
    // The copy lies outside of the package, whose type the loader would ask for.
    tsconfigRaw: {},
  });
  const { generateC, secureEspV1 } = await import(pathToFileURL(bundle).href);
  const generated = join(folder, 'generated');
  mkdirSync(generated);
  for (const { path, content } of generateC(secureEspV1)) writeFileSync(join(generated, path), content);
  return generated;
}

function applyTo(source, { name, file, find, replace }) {
  const path = join(source, 'codegen', file);
  const parts = readFileSync(path, 'utf8').split(find);
  if (parts.length !== 2) {
    throw new Error(`mutant "${name}": its text stands ${String(parts.length - 1)} times in ${file}, not once`);
  }
  writeFileSync(path, parts.join(replace));
}
