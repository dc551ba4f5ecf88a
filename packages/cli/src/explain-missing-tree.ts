import { stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { CliContext } from './context.js';
import { CliError } from './errors.js';

/**
 * A tree that is not there is most often one that nobody made, or that is in a folder above: says which. Other errors are
 * given back as they are.
 */
export async function explainMissingTree(context: CliContext, error: unknown): Promise<unknown> {
  if (!isMissingTree(error)) return error;
  const { cause, message } = { cause: error, message: error.message };
  const above = await treeAbove(context.cwd);
  const nextStep =
    above === undefined || message.includes(join(context.cwd, above))
      ? 'Make it with `secure-esp init` (asks three questions) or `secure-esp pki init`.'
      : `There are certificates in ${above}: go there, or add \`--dir ${above}\`.`;
  return new CliError(message.replace(/: run `secure-esp pki init`/, '.'), nextStep, 1, {
    cause,
    code: 'ERR_PKI_NOT_FOUND',
  });
}

/** Of the whole tree, not of one key in it. */
const isMissingTree = (error: unknown): error is Error =>
  error instanceof Error &&
  (error as { code?: unknown }).code === 'ERR_PKI_NOT_FOUND' &&
  /[\\/]ca[\\/]certs[\\/]ca\.crt/.test((error as { path?: unknown }).path as string);

/** The tree of a folder or of the nearest one above, relative to it. */
export async function treeAbove(cwd: string): Promise<string | undefined> {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const tree = join(folder, '.secure-esp');
    const found = await stat(join(tree, 'ca')).catch(() => undefined);
    if (found?.isDirectory() === true) return relative(cwd, tree);
    if (folder === dirname(folder)) return undefined;
  }
}
