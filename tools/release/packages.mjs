import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const workspaceRoot = fileURLToPath(new URL('../..', import.meta.url));

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** All that is published, with what each manifest says. */
export const publishedPackages = () =>
  readdirSync(join(workspaceRoot, 'packages'))
    .sort()
    .map((room) => join(workspaceRoot, 'packages', room))
    .map((folder) => ({ folder, manifest: readJson(join(folder, 'package.json')) }))
    .filter(({ manifest }) => manifest.private !== true);

/** The names by which a package is imported, each with its declarations: `index` for the package itself. */
export const entriesOf = ({ folder, manifest }) =>
  Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([path, target]) => ({
      name: path === '.' ? 'index' : path.slice('./'.length).replaceAll('/', '-'),
      declarations: join(folder, target.import.types),
    }));
