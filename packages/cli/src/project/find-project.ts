import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CliError } from '../errors.js';

/** Names of the project file, the first that is there is taken. */
export const PROJECT_FILES = [
  'secure-esp.config.ts',
  'secure-esp.config.mts',
  'secure-esp.config.js',
  'secure-esp.config.mjs',
] as const;

/**
 * The project file of a folder or of its nearest parent that has one; `undefined` if there is none.
 *
 * The file is a program that is about to run. One in a parent folder must belong to the user, to root or to whom the
 * working folder belongs: otherwise who may write to `/tmp` could have programs run by all who work below it.
 */
export async function findProject(cwd: string): Promise<string | undefined> {
  for (let folder = cwd; ; folder = dirname(folder)) {
    for (const name of PROJECT_FILES) {
      const file = join(folder, name);
      const found = await stat(file).catch(() => undefined);
      if (found?.isFile() !== true) continue;
      if (folder !== cwd) await refuseStranger(file, found.uid, cwd);
      return file;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

async function refuseStranger(file: string, owner: number, cwd: string): Promise<void> {
  const user = process.getuid?.();
  if (user === undefined || owner === user || owner === 0 || owner === (await stat(cwd)).uid) return;
  throw new CliError(
    `${file} is another user’s, and is not run.`,
    `Name it with \`--config ${file}\` if it is to be trusted, or leave it out with \`--no-config\`.`,
    1,
    { code: 'project_owner' },
  );
}
