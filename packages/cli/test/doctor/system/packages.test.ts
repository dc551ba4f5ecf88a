import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../run-main.js';
import { examineAs, newTree } from './clinic.js';

/** A program that wants these packages, and what is installed beside it. */
async function installed(wanted: Record<string, string>, there: Record<string, string>): Promise<string> {
  const dir = await temporaryFolder();
  const dependencies = { ...wanted, commander: '14.0.3' };
  await writeFile(join(dir, 'package.json'), JSON.stringify({ name: 'secure-esp', version: '0.2.0', dependencies }));
  for (const [name, version] of Object.entries(there)) {
    await mkdir(join(dir, 'node_modules', name), { recursive: true });
    await writeFile(join(dir, 'node_modules', name, 'package.json'), JSON.stringify({ name, version }));
  }
  await mkdir(join(dir, 'dist'));
  return join(dir, 'dist');
}

test.each([
  [
    'packages of one release',
    { '@secure-esp/pki': '0.2.0', '@secure-esp/broker': '0.2.0' },
    { '@secure-esp/pki': '0.2.0', '@secure-esp/broker': '0.2.0' },
    /^ok: secure-esp 0\.2\.0 and its 2 packages agree/,
  ],
  [
    'a package of an older release, and one that is missing',
    { '@secure-esp/pki': '0.2.0', '@secure-esp/broker': '0.2.0', '@secure-esp/protocol': '0.2.0' },
    { '@secure-esp/pki': '0.1.0', '@secure-esp/protocol': '0.2.0' },
    /^fail: @secure-esp\/pki is 0\.1\.0 instead of 0\.2\.0; @secure-esp\/broker is missing instead of 0\.2\.0\. Install again: `npm install secure-esp@latest`/,
  ],
  ['a program without packages', {}, {}, /^skip: this program is in one piece/],
])('%s', async (_what, wanted, there, verdict) => {
  const { cwd } = await newTree();
  const programDir = await installed(wanted, there);
  expect((await examineAs(cwd, { programDir }, { offline: true })).of('packages')).toMatch(verdict);
});
