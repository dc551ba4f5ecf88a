import { isProtocol, secureEspV1, type Protocol } from '@secure-esp/protocol';
import { createJiti } from 'jiti';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { CliContext } from './context.js';
import { CliError } from './errors.js';
import { pathOf, reasonOf } from './files.js';

/** The contract of a file, TypeScript or JavaScript, without a build step; without a file, the secure-esp contract. */
export async function loadProtocol(context: CliContext, path: string | undefined): Promise<Protocol> {
  if (path === undefined) return secureEspV1;
  const file = pathOf(context, path);
  let loaded: unknown;
  try {
    await access(file);
    // Resolved from the user's folder, so that the file finds the packages that are installed there.
    loaded = await createJiti(join(context.cwd, 'package.json'), { moduleCache: false }).import(file, {
      default: true,
    });
  } catch (error) {
    const hint = nextStep(error, file);
    throw new CliError(`protocol "${path}" cannot be loaded: ${reasonOf(error)}`, hint, 1, { cause: error });
  }
  if (isProtocol(loaded)) return loaded;
  throw new CliError(
    `protocol "${path}" has no protocol as its default export.`,
    'Write `export default defineProtocol({ … })`.',
  );
}

function nextStep(error: unknown, file: string): string {
  if (/Cannot find (?:module|package)/.test(reasonOf(error)))
    return 'Install what it imports: `npm install @secure-esp/protocol zod`.';
  const { code, path } = error as { readonly code?: unknown; readonly path?: unknown };
  const isMissing = code === 'ENOENT' && path === file;
  return isMissing
    ? 'Check the path, of --protocol or of `protocol` in the project file.'
    : 'It must be a TypeScript or JavaScript module.';
}
