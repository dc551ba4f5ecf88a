import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const workspaceRoot = fileURLToPath(new URL('../../..', import.meta.url));

/** An empty folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'secure-esp-e2e-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** True if every tool is on the PATH. With `CI` set a missing tool fails, elsewhere it is said and the test is skipped. */
export function hasTools(...tools: readonly string[]): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const missing = tools.filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))));
  if (missing.length === 0) return true;
  const sentence = `not installed: ${missing.join(', ')} (./tools/setup-test-deps.sh installs it)`;
  if (process.env['CI'] !== undefined) throw new Error(sentence);
  console.warn(`SKIPPED, ${sentence}`);
  return false;
}

/** Folder of real ESP32 images, which may not be published with the project; `undefined`, with a visible reason, elsewhere. */
export function vectorsFolder(): string | undefined {
  const folder = process.env['SECURE_ESP_VECTORS'] ?? resolve(workspaceRoot, '../shared/vectors');
  if (existsSync(folder)) return folder;
  console.warn(`SKIPPED, no real ESP32 images at ${folder} (set SECURE_ESP_VECTORS)`);
  return undefined;
}
