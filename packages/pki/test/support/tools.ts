import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';

const present = (command: string): boolean => spawnSync(command, ['version'], { stdio: 'ignore' }).status === 0;

/** Skips with a visible reason where OpenSSL is missing; in CI the tests run, and fail. */
export function describeWithOpenssl(name: string, body: () => void): void {
  const run = process.env['CI'] !== undefined || present('openssl');
  describe.skipIf(!run)(run ? name : `${name} (skipped: the openssl command is not installed)`, body);
}

export interface OpensslResult {
  ok: boolean;
  output: string;
}

export function openssl(args: readonly string[]): OpensslResult {
  const { status, stdout, stderr, error } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (error) throw error;
  return { ok: status === 0, output: stdout + stderr };
}
