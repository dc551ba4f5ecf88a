import { readFile } from 'node:fs/promises';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, reasonOf, writeOutput } from '../files.js';

/** Has git leave a folder alone. Resolves with false if it did already. */
export async function ignoreTree(context: CliContext, dir: string): Promise<boolean> {
  const path = pathOf(context, '.gitignore');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new CliError(`.gitignore cannot be read: ${reasonOf(error)}.`, 'Check the file.', 1, { cause: error });
  });
  const entries = [dir, `/${dir}`].flatMap((entry) => [entry, `${entry}/`]);
  if (text.split(/\r?\n/).some((line) => entries.includes(line.trim()))) return false;
  const before = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  await writeOutput(path, `${before}# private keys\n${dir}/\n`);
  return true;
}
