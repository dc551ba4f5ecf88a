import type { ImageReport } from '@secure-esp/firmware-image';
import { stat, unlink, writeFile } from 'node:fs/promises';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, reasonOf, writeOutput } from '../files.js';

/** What every `image … --json` prints: what the file at `file` is. */
export function printReport(context: CliContext, file: string, report: ImageReport): void {
  print(context, JSON.stringify({ file, ...report }, undefined, 2));
}

/** Writes a file that is not there yet; `force` replaces one. */
export async function writeNew(context: CliContext, out: string, content: Uint8Array, force = false): Promise<void> {
  const path = pathOf(context, out);
  if (force) {
    await writeOutput(path, content);
    return;
  }
  if ((await stat(path).catch(() => undefined)) !== undefined) throw isThere(out);
  try {
    // exclusive: what appears in between is kept too
    await writeFile(path, content, { flag: 'wx' });
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'EEXIST') throw isThere(out);
    await unlink(path).catch(() => undefined);
    const nextStep = 'Check the folder and the free space.';
    throw new CliError(`"${out}" cannot be written: ${reasonOf(cause)}.`, nextStep, 1, { cause });
  }
}

const isThere = (out: string): CliError =>
  new CliError(`"${out}" is there already.`, 'Name another file with --out, or replace it with --force.');

/** Text out of an image, fit for a terminal. */
export const printable = (text: string): string =>
  Array.from(text, (char) => (/[\p{C}\p{Zl}\p{Zp}]/u.test(char) ? `\\u{${codeOf(char)}}` : char)).join('');

const codeOf = (char: string): string => (char.codePointAt(0) ?? 0).toString(16);
