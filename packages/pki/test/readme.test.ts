import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { compilePackage } from './support/child-run.js';

test('the README’s examples run as they stand', async () => {
  const readme = await readFile(join(import.meta.dirname, '..', 'README.md'), 'utf8');
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code);
  expect(examples.length).toBeGreaterThanOrEqual(3);
  const compiled = await compilePackage();
  for (const example of examples) {
    const code = ts.transpile(example.replaceAll('@secure-esp/pki', './src/index.js'), {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
    });
    await writeFile(join(compiled, 'example.js'), code);
    const { status, stderr, stdout } = spawnSync(process.execPath, ['example.js'], { cwd: compiled, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /releaseKeyId: '[0-9a-f]{64}'|My device CA|is on list \d+n|exported \d+ bytes|opened as ota|enrolled esp-007|next: 'prepare'|500 made, [0-9A-F]{32}/,
    );
  }
}, 60_000);
