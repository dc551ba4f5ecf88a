import { defineProtocol, isProtocolError, secureEspV1 } from '@secure-esp/protocol';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, extname } from 'node:path';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, reasonOf } from '../files.js';
import { printResult } from '../output.js';
import { starterContract } from './starter-contract.js';

export interface CodegenInitOptions {
  readonly name?: string;
  readonly root?: string;
  readonly extend?: true;
  readonly json?: true;
}

/** `secure-esp codegen init` */
export async function codegenInit(context: CliContext, path: string, options: CodegenInitOptions): Promise<void> {
  if (!['.ts', '.mts'].includes(extname(path))) {
    throw new CliError(`"${path}" is no name for a contract: it is TypeScript.`, 'End the name in .ts.');
  }
  const { root, extend = false } = options;
  const name = options.name ?? nameOf(path);
  checkNames(name, root ?? (extend ? secureEspV1.root : `/${name}`));
  await writeNew(context, path, starterContract({ name, root, extend }));
  const missing = hasPackages(pathOf(context, path)) ? [] : ['@secure-esp/protocol', 'zod'];
  const imported = `./${basename(path).replace(/\.(m?)ts$/, '.$1js')}`;
  printResult(context, options, { file: path, name, missingPackages: missing }, [
    `wrote ${path}`,
    'Next, change it to what your devices do, and:',
    ...(missing.length === 0 ? [] : [`  npm install ${missing.join(' ')}`]),
    `  npx secure-esp codegen c --protocol ${path} --out firmware/generated`,
    `  npx secure-esp codegen docs --protocol ${path} --out docs/contract`,
    `Programs get types and codecs with: import { protocol } from '${imported}';`,
  ]);
}

/** `contracts/desk-lamp-protocol.ts` is the contract `desk-lamp`. */
const nameOf = (path: string): string => basename(path, extname(path)).replace(/[-_.](?:protocol|contract)$/, '');

/** Refuses what `defineProtocol` would, before there is a file. */
function checkNames(name: string, root: string): void {
  try {
    defineProtocol({ name, version: 1, root, topics: {} });
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    throw new CliError(`${error.message}.`, 'Choose others with --name and --root.', 1, { cause: error });
  }
}

async function writeNew(context: CliContext, path: string, content: string): Promise<void> {
  const file = pathOf(context, path);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { flag: 'wx' });
  } catch (error) {
    const exists = (error as { code?: unknown } | null)?.code === 'EEXIST';
    throw new CliError(
      exists ? `"${path}" exists, and stays as it is.` : `"${path}" cannot be written: ${reasonOf(error)}.`,
      exists ? 'Name another file: `secure-esp codegen init FILE`.' : 'Check the folder.',
      1,
      { cause: error },
    );
  }
}

/** True if the contract finds what it imports. */
function hasPackages(file: string): boolean {
  const { resolve } = createRequire(file);
  try {
    return ['@secure-esp/protocol', 'zod'].every((name) => resolve(name) !== '');
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === 'MODULE_NOT_FOUND') return false;
    throw error;
  }
}
