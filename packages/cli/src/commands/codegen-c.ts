import { isProtocol, secureEspV1, type Protocol } from '@secure-esp/protocol';
import { generateC } from '@secure-esp/protocol/codegen';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, reasonOf, writeOutput } from '../files.js';

export interface CodegenCOptions {
  readonly out: string;
  readonly protocol?: string;
  readonly check?: true;
}

/** `secure-esp codegen c`. Unchanged files are not touched, so that builds stay incremental. */
export async function codegenC(context: CliContext, options: CodegenCOptions): Promise<void> {
  const protocol = options.protocol === undefined ? secureEspV1 : await loadProtocol(context, options.protocol);
  const dir = pathOf(context, options.out);
  const files = generateC(protocol);
  const stale = [];
  for (const file of files) {
    const present = await readFile(join(dir, file.path), 'utf8').catch(() => undefined);
    if (present !== file.content) stale.push(file);
  }
  if (options.check === true) {
    if (stale.length > 0) {
      const names = stale.map(({ path }) => path).join(', ');
      throw new CliError(
        `out of date in ${options.out}: ${names}.`,
        `Run \`secure-esp codegen c --out ${options.out}\` and commit the result.`,
      );
    }
    print(context, `${files.length} files in ${options.out} are up to date (contract ${protocol.contractHash})`);
    return;
  }
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw new CliError(`folder "${options.out}" cannot be made: ${reasonOf(error)}.`, 'Name another with --out.', 1, {
      cause: error,
    });
  }
  for (const file of stale) {
    await writeOutput(join(dir, file.path), file.content);
    print(context, `wrote ${join(options.out, file.path)}`);
  }
  if (stale.length === 0)
    print(context, `${files.length} files in ${options.out} are up to date (contract ${protocol.contractHash})`);
}

async function loadProtocol(context: CliContext, path: string): Promise<Protocol> {
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(pathOf(context, path)).href)) as { default?: unknown };
  } catch (error) {
    throw new CliError(
      `protocol "${path}" cannot be loaded: ${reasonOf(error)}.`,
      'It must be a JavaScript module.',
      1,
      { cause: error },
    );
  }
  if (isProtocol(loaded.default)) return loaded.default;
  throw new CliError(
    `protocol "${path}" has no protocol as its default export.`,
    'Write `export default defineProtocol({ … })`.',
  );
}
