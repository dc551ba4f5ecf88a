import { diffGenerated, type GeneratedFile } from '@secure-esp/protocol/codegen';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { print, type CliContext } from './context.js';
import { CliError } from './errors.js';
import { pathOf, reasonOf, writeOutput } from './files.js';
import { printJson } from './output.js';

export interface WriteGeneratedOptions {
  /** Folder, as given on the command line. */
  readonly out: string;
  /** Write nothing; refuse if a file is missing or out of date. */
  readonly check?: true;
  /** For programs: print the paths of all files, whatever happened to them. */
  readonly list?: true;
  /** One document: where each file is, and what happened to it. */
  readonly json?: true;
  /** File of the contract, as given on the command line. */
  readonly protocol?: string;
  /** The command that makes the files, for the next step of the refusal. */
  readonly command: string;
}

/** Writes what a generator made. Files that are up to date are not touched, so that builds stay incremental. */
export async function writeGenerated(
  context: CliContext,
  files: readonly GeneratedFile[],
  { out, check, list, json, protocol, command }: WriteGeneratedOptions,
): Promise<void> {
  const dir = pathOf(context, out);
  const { missing, stale } = diffGenerated(files, await readPresent(dir, files));
  const outdated = [...missing, ...stale];
  if (check === true && outdated.length > 0) {
    const contract = protocol === undefined ? '' : ` --protocol ${protocol}`;
    const nextStep = `Run \`secure-esp ${command}${contract} --out ${out}\` and commit the result.`;
    throw new CliError(`out of date in ${out}: ${outdated.join(', ')}.`, nextStep);
  }
  for (const { path, content } of files.filter((file) => outdated.includes(file.path))) {
    await makeFolderOf(join(dir, path), out);
    await writeOutput(join(dir, path), content);
    if (list !== true && json !== true) print(context, `wrote ${join(out, path)}`);
  }
  if (json === true) {
    const written = (path: string): boolean => outdated.includes(path);
    printJson(context, { out, files: files.map(({ path }) => ({ path: join(out, path), written: written(path) })) });
  } else if (list === true) for (const { path } of files) print(context, join(out, path));
  else if (outdated.length === 0) print(context, `${files.length} file(s) in ${out} are up to date`);
}

async function makeFolderOf(file: string, out: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
  } catch (error) {
    const message = `folder "${out}" cannot be made: ${reasonOf(error)}.`;
    throw new CliError(message, 'Name another with --out.', 1, { cause: error });
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
