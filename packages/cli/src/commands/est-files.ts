import { isPkiError, writeSecretFile } from '@secure-esp/pki';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { readInput, readStandardInput, reasonOf } from '../files.js';

/** Far more than the claims of a fleet; what is cut off there is no claim file. */
const MAX_CLAIMS_BYTES = 64 * 1024 * 1024;
const TOKEN = /^[A-Za-z0-9_-]{22,128}$/;

/** One claim of `pki claim --json` and `--out`. */
export interface ClaimInFile {
  readonly name: string;
  /** none: the device's key is known */
  readonly token?: string;
  readonly expiresAt: string;
}

/** Writes a file that only its owner reads, in the place of an older one, whole or not at all. */
export const replacePrivateFile = (path: string, text: string): Promise<void> => writePrivate(path, text, 'replace');

/** The same, and never over a file that is there. */
export const createPrivateFile = (path: string, text: string): Promise<void> => writePrivate(path, text, 'refuse');

async function writePrivate(path: string, text: string, existing: 'replace' | 'refuse'): Promise<void> {
  try {
    await writeSecretFile(path, text, { existing });
  } catch (error) {
    if (!isPkiError(error)) throw error;
    const why = error.code === 'ERR_PKI_EXISTS' ? 'is there already' : `cannot be written: ${reasonOf(error.cause)}`;
    throw new CliError(`"${path}" ${why}.`, 'Name another file, or move it away.', 1, { cause: error });
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
  const text = await readClaimText(context, path);
  if (TOKEN.test(text)) return text;
  const claim = parseClaims(text, path).find(({ name }) => name === id);
  if (claim !== undefined) return claim.token;
  throw new CliError(`"${path}" has no claim of ${id}.`, `Make one with \`secure-esp pki claim ${id}\`.`);
}

/** The tokens of many devices from a file of `pki claim --out` or `--json`; `-` is standard input. */
export async function readTokens(context: CliContext, path: string): Promise<(id: string) => string | undefined> {
  const claims = parseClaims(await readClaimText(context, path), path);
  const tokens = new Map(claims.map(({ name, token }) => [name, token]));
  return (id) => tokens.get(id);
}

async function readClaimText(context: CliContext, path: string): Promise<string> {
  const bytes =
    path === '-' ? await readStandardInput(context, MAX_CLAIMS_BYTES) : await readInput(context, path, 'claim file');
  return new TextDecoder().decode(bytes).trim();
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
