import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { workspaceRoot } from './environment.js';
import { runProgram } from './program.js';

/** All that is published. */
export const ROOMS = ['protocol', 'firmware-image', 'pki', 'device-client', 'ota-server', 'broker', 'simulator', 'cli'];

/** What `npm pack` makes, installed into an empty folder together with packages of others: what users get. */
export async function installPacked(
  name: string,
  { type, others = [] }: { readonly type?: 'module'; readonly others?: readonly string[] } = {},
): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), `secure-esp-${name}-`));
  const tarballs = join(dir, 'tarballs');
  await mkdir(tarballs);
  const workspaces = ROOMS.flatMap((room) => ['--workspace', `packages/${room}`]);
  const packed = await runProgram('npm', ['pack', '--pack-destination', tarballs, ...workspaces], {
    cwd: workspaceRoot,
  });
  expect([packed.output, packed.code]).toEqual([expect.any(String), 0]);
  await writeFile(join(dir, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type }));
  const files = (await readdir(tarballs)).map((file) => join(tarballs, file));
  const installed = await runProgram(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefer-offline', ...files, ...others],
    { cwd: dir },
  );
  expect([installed.output, installed.code]).toEqual([expect.any(String), 0]);
  return dir;
}
