import { execFile, spawnSync } from 'node:child_process';
import { describe } from 'vitest';

/**
 * Skips with a visible reason where a program is missing. In CI the tests run, and fail, unless the program is one that
 * a developer need not have (`optional`).
 */
export function describeWithTool(
  tool: { command: string; versionArgs: readonly string[]; optional?: true },
  name: string,
  body: () => void,
): void {
  const { command, versionArgs, optional } = tool;
  const present = spawnSync(command, versionArgs, { stdio: 'ignore' }).status === 0;
  const run = present || (process.env['CI'] !== undefined && optional !== true);
  describe.skipIf(!run)(run ? name : `${name} (skipped: ${command} is not installed)`, body);
}

/** Runs a program to its end without blocking this process, which may be its server. */
export const runTool = (command: string, args: readonly string[]): Promise<{ ok: boolean; output: string }> =>
  new Promise((resolve) => {
    execFile(command, args, { encoding: 'utf8', timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: stdout + stderr });
    });
  });
