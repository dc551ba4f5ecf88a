import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PkiError } from '../errors.js';
import { ioError, systemCode } from './io-error.js';

export const SECRET_FILE_MODE = 0o600;
export const PUBLIC_FILE_MODE = 0o644;

const TEMP_NAME = /^\.[^/]+\.[0-9a-f]{16}\.pki-tmp$/;

/** True for the name of a temporary file that a killed run may have left. */
export const isTempName = (name: string): boolean => TEMP_NAME.test(name);

export interface AtomicWriteOptions {
  mode: number;
  /** `refuse`: `ERR_PKI_EXISTS` when the file is there; `replace`: swap it in one step */
  existing: 'refuse' | 'replace';
}

/**
 * After this resolves the file holds all of `data` with exactly `mode`, also after a power cut; before that, or when
 * it rejects, the old state is untouched. `writeFile(path, data, { mode })` gives neither: it truncates first and
 * leaves the mode of an existing file.
 *
 * @throws PkiError `ERR_PKI_IO`, `ERR_PKI_EXISTS`
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: AtomicWriteOptions,
): Promise<void> {
  const temp = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.pki-tmp`);
  try {
    await writeTemp(temp, data, options.mode);
    if (options.existing === 'replace') await rename(temp, path);
    else await linkExclusive(temp, path);
    await syncDirectory(dirname(path));
  } catch (cause) {
    if (cause instanceof PkiError) throw cause;
    if (systemCode(cause) === 'EEXIST') {
      throw new PkiError('ERR_PKI_EXISTS', `${path} is already there`, { cause, path });
    }
    throw ioError('write', path, cause);
  } finally {
    await rm(temp, { force: true }).catch(() => undefined);
  }
}

async function writeTemp(temp: string, data: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(temp, 'wx', SECRET_FILE_MODE);
  try {
    await file.writeFile(data);
    // the umask cut the mode of open(); fchmod does not know it
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** `link` fails when the target exists, `rename` would replace it. */
async function linkExclusive(temp: string, path: string): Promise<void> {
  try {
    await link(temp, path);
  } catch (error) {
    // FAT and some network file systems; the tree's lock keeps other writers away there
    if (!NO_HARD_LINKS.has(systemCode(error) ?? '') || (await exists(path))) throw error;
    await rename(temp, path);
  }
}

/** @throws PkiError `ERR_PKI_IO` */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return false;
    throw ioError('read', path, cause);
  }
}

/** Deletes a file, for good; one that is not there is fine. @throws PkiError `ERR_PKI_IO` */
export async function deleteFile(path: string): Promise<void> {
  try {
    await rm(path);
    await syncDirectory(dirname(path));
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw ioError('delete', path, cause);
  }
}

/** Moves a file over another one in one step, for good. @throws PkiError `ERR_PKI_IO` */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
    await syncDirectory(dirname(to));
  } catch (cause) {
    throw ioError('write', to, cause);
  }
}

/** Makes a rename or link durable. Windows has no such call for directories. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory: FileHandle = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
