// Proves generated C with Frama-C, by the command that users have.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { testFolder } from './steps/tools.mjs';

const CLI = join(testFolder, '../../packages/cli/bin/secure-esp.js');

/** Resolves with `good` if every goal of the functions, or of all, is proved; rejects if the proof could not be tried. */
export function proveGenerated(folder, functions = []) {
  const args = ['codegen', 'prove', '--from', folder, ...functions.flatMap((name) => ['--function', name])];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [CLI, ...args, '--goal-timeout', '5'], {
    encoding: 'utf8',
    timeout: 1_200_000,
  });
  if (error !== undefined) return Promise.reject(error);
  const unproved = /not proved: .*/.exec(stdout)?.[0];
  if (status !== 0 && unproved === undefined)
    return Promise.reject(new Error(stderr.trim().split('\n').at(-2) ?? 'no answer'));
  return Promise.resolve({ good: status === 0, detail: unproved ?? '' });
}
