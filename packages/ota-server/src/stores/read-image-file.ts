import { type FileHandle, open } from 'node:fs/promises';
import { isOtaError, OtaError } from '../errors.js';
import type { BlockCache } from './block-cache.js';
import { OPEN_READ } from './durable-file.js';
import { CHUNK_BYTES } from './firmware-store.js';
import { lookUp } from './look-up.js';

/** What a reader takes at once for itself alone, when there is no room for a shared block. */
const PRIVATE_BYTES = 64 * 1024;

export interface ReadImageFile {
  /** `undefined`: there is no such image, which fails with the first chunk. */
  readonly path: string | undefined;
  readonly start: number;
  /** Inclusive. Default: the last byte. */
  readonly end: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly cache: BlockCache;
}

/**
 * Bytes of an image's file, by shared blocks that outlive this reader. A block belongs to the file as it was when this reader
 * began: once the file is replaced, cut or removed, later readers do not see it.
 */
export async function* readImageFile(options: ReadImageFile): AsyncGenerator<Uint8Array> {
  const { path, start, signal, cache } = options;
  signal?.throwIfAborted();
  if (path === undefined) throw damaged();
  const { version, size } = versionOf(path);
  const last = options.end ?? size - 1;
  if (last >= size) throw damaged();
  let handle: FileHandle | undefined;
  const readBytes = async (at: number, length: number): Promise<Uint8Array> => {
    handle ??= await openFile(path);
    return readFully(handle, at, length);
  };
  try {
    for (let at = start; at <= last;) {
      signal?.throwIfAborted();
      const blockStart = at - (at % CHUNK_BYTES);
      const blockBytes = Math.min(CHUNK_BYTES, size - blockStart);
      const block = cache.hold(`${version}:${blockStart}`, blockBytes, () => readBytes(blockStart, blockBytes));
      try {
        const chunk =
          block === undefined
            ? await readBytes(at, Math.min(PRIVATE_BYTES, last - at + 1))
            : (await block.bytes).subarray(at - blockStart, Math.min(blockBytes, last + 1 - blockStart));
        at += chunk.length;
        yield chunk;
      } finally {
        block?.release();
      }
    }
  } finally {
    await handle?.close();
  }
}

/** What tells a file from one that takes its place, or from itself before it was written to. */
function versionOf(path: string): { readonly version: string; readonly size: number } {
  try {
    const found = lookUp(path);
    if (found?.isFile() !== true) throw damaged();
    const { ino, size, mtimeMs, ctimeMs } = found;
    return { version: `${path}:${ino}:${size}:${mtimeMs}:${ctimeMs}`, size };
  } catch (cause) {
    throw isOtaError(cause) ? cause : damaged(cause);
  }
}

const openFile = (path: string): Promise<FileHandle> =>
  open(path, OPEN_READ).catch((cause: unknown) => {
    throw damaged(cause);
  });

async function readFully(handle: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, at + filled);
    if (bytesRead === 0) throw damaged();
    filled += bytesRead;
  }
  return bytes;
}

const damaged = (cause?: unknown): OtaError =>
  new OtaError('store_damaged', 'the image is not stored, or shorter than asked for', { cause });
