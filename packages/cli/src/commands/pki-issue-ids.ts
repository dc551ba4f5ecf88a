import { LEAF_PROFILES, ROLES } from '@secure-esp/pki';
import { addAbortSignal } from 'node:stream';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { readInput } from '../files.js';

const DIGITS = 5;
const MAX_INPUT_BYTES = 32 * 1024 * 1024;

/** `esp-00001`, `esp-00002`, … */
export const numberedIds = (count: number, prefix = 'esp-'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index + 1).padStart(DIGITS, '0')}`);

/** The ids in a file, one a line; `-` is standard input. Empty lines and lines with `#` in front are for people. */
export async function readIds(context: CliContext, path: string): Promise<readonly string[]> {
  const bytes = path === '-' ? await readStandardInput(context) : await readInput(context, path, 'list of ids');
  const { pattern, limit } = LEAF_PROFILES.device.commonName;
  const ids: string[] = [];
  const lines = new Map<string, number>();
  for (const [index, text] of new TextDecoder().decode(bytes).split('\n').entries()) {
    const id = text.trim();
    const line = index + 1;
    if (id === '' || id.startsWith('#')) continue;
    const refuse = (what: string): CliError =>
      new CliError(`line ${line} of "${path}" ${what}.`, 'Correct it; nothing was made.');
    // what is no id may be anything: it is shown cut, and without what moves a terminal's cursor
    if (!pattern.test(id)) throw refuse(`is not a device id: ${JSON.stringify(id.slice(0, 80))} (${limit})`);
    if (ROLES.some((role) => role !== 'device' && role === id.toLowerCase())) {
      throw refuse(`is "${id}", which is the name of another role`);
    }
    const first = lines.get(id.toLowerCase());
    if (first !== undefined) throw refuse(`names "${id}" again, after line ${first}`);
    lines.set(id.toLowerCase(), line);
    ids.push(id);
  }
  if (ids.length === 0) throw new CliError(`"${path}" names no device.`, 'Write one id a line.');
  return ids;
}

async function readStandardInput(context: CliContext): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of addAbortSignal(context.signal, context.stdin ?? process.stdin)) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    length += bytes.length;
    if (length > MAX_INPUT_BYTES) throw new CliError(`standard input is larger than ${MAX_INPUT_BYTES} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
