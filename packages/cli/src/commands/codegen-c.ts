import { diffGenerated, generateC, type GeneratedFile } from '@secure-esp/protocol/codegen';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, reasonOf, writeOutput } from '../files.js';
import { loadProtocol } from '../load-protocol.js';

export interface CodegenCOptions {
  readonly out: string;
  readonly protocol?: string;
  readonly prefix?: string;
  readonly license?: string;
  readonly check?: true;
}

/** `secure-esp codegen c`. Unchanged files are not touched, so that builds stay incremental. */
export async function codegenC(context: CliContext, options: CodegenCOptions): Promise<void> {
  const protocol = await loadProtocol(context, options.protocol);
  const dir = pathOf(context, options.out);
  const { prefix, license } = options;
  const files = generateC(protocol, {
    ...(prefix === undefined ? {} : { prefix }),
    ...(license === undefined ? {} : { license }),
  });
  const { missing, stale } = diffGenerated(files, await readPresent(dir, files));
  const outdated = [...missing, ...stale];
  if (outdated.length === 0) {
    print(context, `${files.length} files in ${options.out} are up to date (contract ${protocol.contractHash})`);
    return;
  }
  if (options.check === true) {
    throw new CliError(
      `out of date in ${options.out}: ${outdated.join(', ')}.`,
      `Run \`secure-esp codegen c --out ${options.out}\` and commit the result.`,
    );
  }
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw new CliError(`folder "${options.out}" cannot be made: ${reasonOf(error)}.`, 'Name another with --out.', 1, {
      cause: error,
    });
  }
  for (const { path, content } of files.filter((file) => outdated.includes(file.path))) {
    await writeOutput(join(dir, path), content);
    print(context, `wrote ${join(options.out, path)}`);
  }
}

async function readPresent(dir: string, files: readonly GeneratedFile[]): Promise<ReadonlyMap<string, string>> {
  const present = new Map<string, string>();
  for (const { path } of files) {
    const content = await readFile(join(dir, path), 'utf8').catch(() => undefined);
    if (content !== undefined) present.set(path, content);
  }
  return present;
}
