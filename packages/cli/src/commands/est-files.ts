import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { readInput, reasonOf } from '../files.js';

const PRIVATE_MODE = 0o600;
const TOKEN = /^[A-Za-z0-9_-]{22,128}$/;

/** One claim of `pki claim --json` and `--out`. */
export interface ClaimInFile {
  readonly name: string;
  /** none: the device's key is known */
  readonly token?: string;
  readonly expiresAt: string;
}

/** Writes a file that only its owner reads, in the place of an older one, whole or not at all. */
export const replacePrivateFile = (path: string, text: string): Promise<void> => writePrivate(path, text, rename);

/** The same, and never over a file that is there. */
export const createPrivateFile = (path: string, text: string): Promise<void> => writePrivate(path, text, link);

async function writePrivate(
  path: string,
  text: string,
  place: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', PRIVATE_MODE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(temporary, path);
  } catch (error) {
    const there = (error as { code?: unknown } | null)?.code === 'EEXIST';
    const why = there ? 'is there already' : `cannot be written: ${reasonOf(error)}`;
    throw new CliError(`"${path}" ${why}.`, 'Name another file, or move it away.', 1, { cause: error });
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A folder that only its owner enters. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** The text of a file, or undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === 'ENOENT') return undefined;
    throw new CliError(`"${path}" cannot be read: ${reasonOf(error)}.`, 'Check the path.', 1, { cause: error });
  }
}

/**
 * A device's token from a file of `pki claim --out` or `--json`, or from one that holds nothing but a token. `-` is standard
 * input. A token is never an argument: everybody on the machine can read those.
 */
export async function readToken(context: CliContext, path: string, id: string): Promise<string | undefined> {
  const bytes = path === '-' ? await readStandardInput(context) : await readInput(context, path, 'claim file');
  const text = new TextDecoder().decode(bytes).trim();
  if (TOKEN.test(text)) return text;
  const claim = parseClaims(text, path).find(({ name }) => name === id);
  if (claim !== undefined) return claim.token;
  throw new CliError(`"${path}" has no claim of ${id}.`, `Make one with \`secure-esp pki claim ${id}\`.`);
}

async function readStandardInput({ stdin = process.stdin }: CliContext): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin as AsyncIterable<Uint8Array | string>) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

function parseClaims(text: string, path: string): readonly { name: string; token?: string }[] {
  const bad = (cause?: unknown): CliError =>
    new CliError(`"${path}" is no claim file.`, 'Make one with `secure-esp pki claim IDS --out FILE`.', 1, { cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // its message may quote a token
    throw bad();
  }
  if (!Array.isArray(value)) throw bad();
  return value.map((entry: unknown) => {
    const { name, token } = (entry ?? {}) as { name?: unknown; token?: unknown };
    if (typeof name !== 'string' || (token !== undefined && typeof token !== 'string')) throw bad();
    return { name, ...(token === undefined ? {} : { token }) };
  });
}
