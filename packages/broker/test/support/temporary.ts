import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder (with a space in its name) that is gone after the tests of the file. */
export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'secure-esp broker '));
  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}
