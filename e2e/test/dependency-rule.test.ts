import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, workspaceRoot } from './support/environment.js';
import { runProgram } from './support/program.js';

/** Runs the enforced rule over a small tree of sources. */
async function check(sources: Record<string, string>): Promise<{ code: number; output: string }> {
  const dir = await temporaryFolder();
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.base.json'])
    await copyFile(join(workspaceRoot, file), join(dir, file));
  for (const [path, text] of Object.entries(sources)) {
    await mkdir(join(dir, path, '..'), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  const depcruise = join(workspaceRoot, 'node_modules/.bin/depcruise');
  return runProgram(depcruise, ['packages', '--config', '.dependency-cruiser.cjs'], { cwd: dir });
}

test('the dependency rule passes a room that imports down, and fails one that imports sideways or up', async () => {
  const leaf = {
    'packages/protocol/src/index.ts': 'export const x = 1;\n',
    'packages/broker/src/index.ts': 'export const y = 1;\n',
  };
  const down = await check({
    ...leaf,
    'packages/pki/src/index.ts': "export { x } from '../../protocol/src/index.js';\n",
  });
  expect(down.code).toBe(0);
  const sideways = await check({
    ...leaf,
    'packages/pki/src/index.ts': "export { y } from '../../broker/src/index.js';\n",
  });
  expect(sideways.output).toContain('pki-imports-down-only');
  expect(sideways.code).not.toBe(0);
  const up = await check({
    ...leaf,
    'packages/protocol/src/index.ts': "export { y as x } from '../../broker/src/index.js';\n",
  });
  expect(up.output).toContain('foundation-imports-no-room');
  expect(up.code).not.toBe(0);
  const builtIn = await check({ 'packages/protocol/src/index.ts': "export { readFileSync } from 'node:fs';\n" });
  expect(builtIn.output).toContain('main-entries-are-isomorphic');
  expect(builtIn.code).not.toBe(0);
});
