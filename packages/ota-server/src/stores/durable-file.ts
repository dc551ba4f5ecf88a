import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Never follows a link in the last path element: a link planted in the store must not lead out of it. Windows has no such
 * flag (`undefined`, which counts as 0 here) and wants privileges for making links.
 */
export const OPEN_READ = constants.O_RDONLY | constants.O_NOFOLLOW;

export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

export interface DurableWrite {
  /** Where the temporary file goes. On the same file system as `path`. */
  readonly temporaryDir: string;
  readonly path: string;
  readonly bytes: Uint8Array | string;
  /** `replace` an existing file, or let the call fail with errno `EEXIST`. */
  readonly existing: 'replace' | 'refuse';
  /** Called before each change on disk. What it throws stops the write. */
  readonly onStep: (step: 'write' | 'sync' | 'publish') => void;
}

/**
 * The file appears under its name with all its bytes or not at all, whenever the process dies or the power fails:
 * temporary file, fsync, rename (or link, which refuses an existing name), fsync of the directory.
 */
export async function writeDurably(write: DurableWrite): Promise<void> {
  const { temporaryDir, path, onStep } = write;
  await mkdir(temporaryDir, { recursive: true });
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(temporaryDir, `${randomUUID()}.tmp`);
  try {
    onStep('write');
    const handle = await open(temporary, 'wx', 0o644);
    try {
      await handle.writeFile(write.bytes);
      onStep('sync');
      await handle.sync();
    } finally {
      await handle.close();
    }
    onStep('publish');
    if (write.existing === 'replace') await rename(temporary, path);
    else await link(temporary, path);
    await syncDirectory(dirname(path));
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Makes a rename survive a power failure. Windows cannot open directories and needs no such call. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what killed processes left behind. A live write is never that old. */
export async function removeStaleFiles(dir: string, olderThanMs: number): Promise<void> {
  const limit = Date.now() - olderThanMs;
  for (const name of await listNames(dir)) {
    const path = join(dir, name);
    try {
      if ((await stat(path)).mtimeMs < limit) await rm(path, { force: true });
    } catch (error) {
      // another process finished or removed it in between
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
}

/** File names in a directory, sorted; none when it does not exist. */
export async function listNames(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
