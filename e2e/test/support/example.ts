import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceRoot } from './environment.js';
import { installPacked } from './packed.js';

interface ExampleManifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/**
 * A copy of `examples/<name>` in a folder of its own, installed from the packed packages: what a user has after
 * `npm install`. Resolves with the folder; the caller removes it.
 */
export async function installExample(name: string): Promise<string> {
  const source = join(workspaceRoot, 'examples', name);
  const example = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as ExampleManifest;
  const others = Object.entries({ ...example.dependencies, ...example.devDependencies })
    .filter(([dependency]) => !dependency.includes('secure-esp'))
    .map(([dependency, range]) => `${dependency}@${range}`);
  const dir = await installPacked(name, { type: 'module', others });
  const installed = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8')) as object;
  await writeFile(join(dir, 'package.json'), JSON.stringify({ ...installed, scripts: example.scripts }));
  const files = (await readdir(source)).filter((file) => !['package.json', 'node_modules', 'dist'].includes(file));
  for (const file of files) await cp(join(source, file), join(dir, file), { recursive: true });
  return dir;
}
