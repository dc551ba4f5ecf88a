import type { CliContext } from './context.js';
import { CliError } from './errors.js';
import { readInput, readStandardInput } from './files.js';

const VARIABLE = 'SECURE_ESP_PASSPHRASE';
const MAX_BYTES = 4096;

/** Never on the command line: every process of the machine can read that. */
export const PASSPHRASE_HELP = `Give it in a file (--passphrase-file FILE, "-" for standard input) or in ${VARIABLE}.`;

/**
 * The passphrase from a file, from standard input (`-`) or, without either, from the environment; undefined when there is
 * none. It is one line of UTF-8; its line end does not belong to it.
 */
export async function readPassphrase(context: CliContext, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return (context.env ?? process.env)[VARIABLE];
  const bytes =
    file === '-' ? await readStandardInput(context, MAX_BYTES) : await readInput(context, file, 'passphrase file');
  const where = file === '-' ? 'standard input' : `"${file}"`;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new CliError(`the passphrase in ${where} is not UTF-8.`, PASSPHRASE_HELP, 1, { cause });
  }
  if (bytes.length > MAX_BYTES || /[\r\n\0]/.test(text)) {
    throw new CliError(`${where} is not one line with a passphrase.`, PASSPHRASE_HELP);
  }
  return text;
}
