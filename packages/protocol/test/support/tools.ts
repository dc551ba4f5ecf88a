import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, test, type TestContext } from 'vitest';

export const run = promisify(execFile);

const versions = new Map<string, boolean>();

export function hasTool(tool: string): boolean {
  const known = versions.get(tool);
  if (known !== undefined) return known;
  let found = true;
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    found = false;
  }
  versions.set(tool, found);
  return found;
}

/** A test that needs programs: skipped with a reason where one is missing, failed there if `CI` is set. */
export function testWithTools(
  name: string,
  tools: readonly string[],
  body: (context: TestContext) => Promise<void>,
): void {
  test(name, { timeout: 120_000 }, async (context) => {
    const missing = tools.filter((tool) => !hasTool(tool));
    if (missing.length > 0) {
      if (process.env['CI'] !== undefined) throw new Error(`${missing.join(', ')} must be installed in CI`);
      context.skip(`${missing.join(', ')} not installed`);
    }
    await body(context);
  });
}

/** A folder that is removed after the tests of this file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'secure-esp-protocol-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
