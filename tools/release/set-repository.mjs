// Writes into each package's manifest where its sources are, as npm's provenance statement demands: it must be the
// repository whose workflow publishes. Not committed, so that a fork publishes as itself.
//   node tools/release/set-repository.mjs https://host/owner/name    (default: the one of the running workflow)
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { publishedPackages, workspaceRoot } from './packages.mjs';

const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env;
const [given = `${GITHUB_SERVER_URL ?? ''}/${GITHUB_REPOSITORY ?? ''}`] = process.argv.slice(2);
const url = URL.canParse(given) ? new URL(given) : undefined;
if (url?.protocol !== 'https:' || !/^\/[^/]+\/[^/]+$/.test(url.pathname)) {
  console.error('error: the repository must be given as https://host/owner/name');
  process.exit(2);
}
for (const { folder, manifest } of publishedPackages()) {
  const directory = relative(workspaceRoot, folder);
  const repository = { type: 'git', url: `git+${url.href}.git`, directory };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...manifest, repository }, undefined, 2)}\n`);
  console.log(`${manifest.name}: ${repository.url}, ${directory}`);
}
