import { close, closeSync, fchmodSync, fsync, linkSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { PkiError } from '../errors.js';
import { SECRET_FILE_MODE } from './atomic-file.js';
import { ioError, systemCode } from './io-error.js';

const fsyncAsync = promisify(fsync);
const closeAsync = promisify(close);

/** As many writes as wait for the disk at once; they share its flushes. */
const WRITES_AT_ONCE = 32;

export interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** Runs `work` over the items, so many at a time; the first failure stops the rest. */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (!failed && next < items.length) {
      const index = next;
      next += 1;
      try {
        await work(items[index] as T, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const running = Array.from({ length: Math.min(lanes, items.length) }, lane);
  // nobody is left at work when this rejects
  await Promise.allSettled(running);
  await Promise.all(running);
}

/**
 * Writes new files and waits until their content is on the disk; their names are not yet, that is what
 * {@link syncDirectories} is for. Only for directories that nobody reads yet: a killed run leaves half a file.
 *
 * The calls that only touch memory are synchronous, because handing each to a thread takes longer than the call; those
 * that wait for the disk are not.
 *
 * @throws PkiError `ERR_PKI_IO`, `ERR_PKI_EXISTS`
 */
export const writeNewFiles = (files: readonly NewFile[]): Promise<void> =>
  inLanes(files, WRITES_AT_ONCE, async ({ path, text, mode }) => {
    try {
      await writeNewFile(path, text, mode);
    } catch (cause) {
      throw failure(path, cause);
    }
  });

async function writeNewFile(path: string, text: string, mode: number): Promise<void> {
  const file = openSync(path, 'wx', SECRET_FILE_MODE);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    // the umask cut the mode of open(); fchmod does not know it
    fchmodSync(file, mode);
    await fsyncAsync(file);
  } finally {
    await closeAsync(file);
  }
}

const failure = (path: string, cause: unknown): PkiError =>
  systemCode(cause) === 'EEXIST'
    ? new PkiError('ERR_PKI_EXISTS', `${path} is already there`, { cause, path })
    : ioError('write', path, cause);

const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Files of one directory, each made whole or not at all and never over another; on the disk when this resolves. It
 * differs from a `writeFileAtomic` per file in that the directory is flushed once.
 *
 * @param exists called for each file that was there already
 * @throws PkiError `ERR_PKI_IO`, and what `exists` throws
 */
export async function createFilesAtomic(files: readonly NewFile[], exists: (file: NewFile) => void): Promise<void> {
  const [first] = files;
  if (first === undefined) return;
  const temps = files.map((file) => ({ ...file, path: tempPath(file.path) }));
  try {
    await writeNewFiles(temps);
    files.forEach((file, index) => {
      const temp = temps[index]?.path ?? '';
      try {
        giveName(temp, file.path);
      } catch (cause) {
        if (systemCode(cause) !== 'EEXIST') throw failure(file.path, cause);
        exists(file);
      }
    });
    await syncDirectories([dirname(first.path)]);
  } finally {
    for (const { path } of temps) removeQuietly(path);
  }
}

const tempPath = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.pki-tmp`);

function giveName(temp: string, path: string): void {
  try {
    linkSync(temp, path);
  } catch (error) {
    // FAT and some network file systems; the tree's lock keeps other writers away there
    if (!NO_HARD_LINKS.has(systemCode(error) ?? '') || isThere(path)) throw error;
    renameSync(temp, path);
  }
}

function isThere(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch {
    return false;
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // never made, or renamed
  }
}

/** Makes the names in the directories last. Windows has no such call. @throws PkiError `ERR_PKI_IO` */
export async function syncDirectories(paths: readonly string[]): Promise<void> {
  if (process.platform === 'win32') return;
  await inLanes(paths, WRITES_AT_ONCE, async (path) => {
    try {
      const directory = openSync(path, 'r');
      try {
        await fsyncAsync(directory);
      } finally {
        await closeAsync(directory);
      }
    } catch (cause) {
      throw ioError('write', path, cause);
    }
  });
}
