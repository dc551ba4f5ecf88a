import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isTempName } from './atomic-file.js';
import { ioError, systemCode } from './io-error.js';

export const SECRET_DIRECTORY_MODE = 0o700;
export const PUBLIC_DIRECTORY_MODE = 0o755;

/**
 * Makes the directory and its parents. A directory for keys is closed to others even if it was there before.
 *
 * @throws PkiError `ERR_PKI_IO`
 */
export async function ensureDirectory(path: string, kind: 'secret' | 'public'): Promise<void> {
  const mode = kind === 'secret' ? SECRET_DIRECTORY_MODE : PUBLIC_DIRECTORY_MODE;
  try {
    await mkdir(dirname(path), { recursive: true, mode: PUBLIC_DIRECTORY_MODE });
    await mkdir(path, { recursive: true, mode });
  } catch (cause) {
    throw ioError('make the directory', path, cause);
  }
  if (kind === 'secret') await removeAccessOfOthers(path);
}

/** Takes all rights of group and others away; content and owner's rights stay. @throws PkiError `ERR_PKI_IO` */
export async function removeAccessOfOthers(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) await chmod(path, mode & 0o700);
  } catch (cause) {
    throw ioError('change the mode of', path, cause);
  }
}

/** The names in a directory, sorted; none when it does not exist. @throws PkiError `ERR_PKI_IO` */
export async function listDirectory(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    throw ioError('list', path, cause);
  }
}

/** Deletes what a killed run left half written. Call only while no other writer can be at work. @throws PkiError `ERR_PKI_IO` */
export async function removeTempFiles(directory: string): Promise<void> {
  for (const name of await listDirectory(directory)) {
    if (!isTempName(name)) continue;
    const path = join(directory, name);
    try {
      await rm(path, { force: true });
    } catch (cause) {
      throw ioError('delete', path, cause);
    }
  }
}
