import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, workspaceRoot } from './support/environment.js';
import { runCli } from './support/program.js';

test('the committed C is what the contract generates', async () => {
  const { code, output } = await runCli(
    ['codegen', 'c', '--check', '--out', 'firmware/components/secure_esp_core/generated'],
    workspaceRoot,
  );
  expect([output, code]).toEqual([expect.stringContaining('up to date'), 0]);
});

test('codegen c writes three files, leaves them alone the second time, and --check finds a changed one', async () => {
  const dir = await temporaryFolder();
  expect((await runCli(['codegen', 'c', '--check', '--out', 'c'], dir)).code).toBe(1);
  expect((await runCli(['codegen', 'c', '--out', 'c'], dir)).output).toMatch(/(?:wrote .*\n){3}/);
  expect((await runCli(['codegen', 'c', '--out', 'c'], dir)).output).toMatch(/up to date/);
  const header = join(dir, 'c/secure_esp_topics.h');
  await writeFile(header, `${await readFile(header, 'utf8')}\n`);
  const check = await runCli(['codegen', 'c', '--check', '--out', 'c'], dir);
  expect(check.output).toMatch(/out of date.*secure_esp_topics\.h/);
  expect(check.code).toBe(1);
});
