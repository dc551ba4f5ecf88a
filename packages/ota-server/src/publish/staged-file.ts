import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { OtaError } from '../errors.js';
import { errnoOf, listNames } from '../stores/durable-file.js';

/** A private file for bytes that nobody vouches for yet. */
export interface StagedFile {
  readonly size: number;
  append(bytes: Uint8Array): Promise<void>;
  /** All bytes, in memory. */
  read(): Promise<Uint8Array>;
  /** Gives the space back. Idempotent. */
  close(): Promise<void>;
}

const STAGED_NAME = /^secure-esp-upload-[0-9a-f-]{36}\.tmp$/;
/** Older than any upload that still runs. */
export const STALE_MS = 60 * 60 * 1000;

/**
 * The file loses its name as soon as it is open: when the process dies, however it dies, the system frees the space. Only
 * a process killed in between leaves an (empty) file, which a later upload removes.
 * @throws OtaError `store_failed`
 */
export async function createStagedFile(dir: string): Promise<StagedFile> {
  const handle = await guarded(async () => {
    await mkdir(dir, { recursive: true });
    await removeStale(dir);
    const path = join(dir, `secure-esp-upload-${randomUUID()}.tmp`);
    const opened = await open(path, 'wx+', 0o600);
    try {
      await rm(path);
    } catch (error) {
      await opened.close();
      throw error;
    }
    return opened;
  });
  let size = 0;
  let closing: Promise<void> | undefined;
  return {
    get size() {
      return size;
    },
    append: async (bytes) => {
      await guarded(() => handle.writeFile(bytes));
      size += bytes.length;
    },
    read: () => guarded(() => readAll(handle, size)),
    close: () => (closing ??= guarded(() => handle.close())),
  };
}

async function readAll(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const { bytesRead } = await handle.read(bytes, at, size - at, at);
    if (bytesRead === 0) throw new Error('the staged upload is shorter than what was written');
    at += bytesRead;
  }
  return bytes;
}

/** The directory may be everybody's (`/tmp`): only files with our kind of name, and not those of other users. */
async function removeStale(dir: string): Promise<void> {
  const limit = Date.now() - STALE_MS;
  for (const name of await listNames(dir)) {
    if (!STAGED_NAME.test(name)) continue;
    const path = join(dir, name);
    try {
      const found = await lstat(path);
      if (found.isFile() && found.mtimeMs < limit) await rm(path, { force: true });
    } catch (error) {
      if (!['ENOENT', 'EPERM', 'EACCES'].includes(errnoOf(error) ?? '')) throw error;
    }
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new OtaError('store_failed', 'the upload cannot be kept in the staging directory', { cause });
  }
}
