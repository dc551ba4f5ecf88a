import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect } from 'vitest';
import { workspaceRoot } from '../environment.js';

/** With this set to 1, pages are written instead of compared. */
const UPDATE = 'UPDATE_GENERATED';

const isUpdate = process.env[UPDATE] === '1';

async function expectCurrent(file: string, before: string, after: string): Promise<void> {
  if (isUpdate) await writeFile(join(workspaceRoot, file), after);
  else expect(before, `${file} is not current: run its test with ${UPDATE}=1, and read the difference`).toBe(after);
}

/** A whole file that is generated. */
export async function expectFile(file: string, content: string): Promise<void> {
  const path = join(workspaceRoot, file);
  const options = await resolveConfig(path);
  const before = await readFile(path, 'utf8').catch(() => '');
  await expectCurrent(file, before, await format(content, { ...options, filepath: path }));
}

/**
 * A page whose prose is written by hand, around blocks that are generated: between `<!-- NAME: generated -->` and
 * `<!-- NAME: end -->`. Each block has to be there, and no other.
 */
export async function expectBlocks(file: string, blocks: Readonly<Record<string, string>>): Promise<void> {
  const path = join(workspaceRoot, file);
  const before = await readFile(path, 'utf8');
  const names = [...before.matchAll(/^<!-- (\w+): generated -->$/gm)].map(([, name]) => name);
  expect(names.sort()).toEqual(Object.keys(blocks).sort());
  const filled = before.replaceAll(
    /^<!-- (\w+): generated -->\n[^]*?^<!-- \1: end -->$/gm,
    (_, name: string) => `<!-- ${name}: generated -->\n\n${(blocks[name] ?? '').trim()}\n\n<!-- ${name}: end -->`,
  );
  await expectCurrent(file, before, await format(filled, { ...(await resolveConfig(path)), filepath: path }));
}
