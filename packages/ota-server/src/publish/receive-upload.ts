import { tmpdir } from 'node:os';
import type { ImageStreamChecker } from '@secure-esp/firmware-image';
import { OtaError } from '../errors.js';
import { createStagedFile, type StagedFile } from './staged-file.js';
import { openSource, type UploadSource } from './upload-source.js';

/** One-shot timers. Handles are opaque. */
export interface UploadTimers {
  /** Calls `callback` once, `delayMs` milliseconds from now, and returns a handle. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  /** Drops the timer of a handle; one that has fired already is no error. */
  clearTimeout(handle: unknown): void;
}

/** How a streamed image is received. */
export interface ReceiveOptions {
  /** Where uploads are kept until they are judged, as files of mode 0600. Default: the system's temporary directory. */
  readonly stagingDir?: string;
  /** Longest time for all bytes of a stream. Default 10 minutes: 16 MiB at 28 KB/s. */
  readonly uploadTimeoutMs?: number;
  /** Longest time without a byte. Default 60 s. */
  readonly uploadIdleTimeoutMs?: number;
  /** Default: the system's. */
  readonly timers?: UploadTimers;
  /** Gives the upload up; what was received of it is deleted. */
  readonly signal?: AbortSignal;
}

const DEFAULT_UPLOAD_TIMEOUT_MS = 10 * 60_000;
const DEFAULT_IDLE_TIMEOUT_MS = 60_000;
const MAX_TIMEOUT_MS = 0x7fff_ffff;

const systemTimers: UploadTimers = {
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => {
    clearTimeout(handle as Parameters<typeof clearTimeout>[0]);
  },
};

/**
 * Writes a stream to a private file, past `checker`. Whatever goes wrong, the file is gone and the source is ended.
 * @throws OtaError `upload_stalled`, `upload_aborted` (the source failed; `cause`), `store_failed`, `bad_option`; what
 * `checker` throws; the reason of `signal`.
 */
export async function receiveUpload(
  image: AsyncIterable<Uint8Array>,
  checker: ImageStreamChecker,
  options: ReceiveOptions,
): Promise<StagedFile> {
  const source = openSource(image);
  let file: StagedFile | undefined;
  let limited: LimitedReader | undefined;
  try {
    limited = limitReader(source, options);
    file = await createStagedFile(options.stagingDir ?? tmpdir());
    for (;;) {
      const { done, value } = await limited.next();
      if (done === true) break;
      const chunk = toChunk(value);
      checker.push(chunk);
      await file.append(chunk);
    }
    checker.end();
    return file;
  } catch (error) {
    source.end();
    await file?.close();
    throw error;
  } finally {
    limited?.stop();
  }
}

function toChunk(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new OtaError('bad_option', 'image must give chunks of type Uint8Array: set no encoding on a stream');
}

interface LimitedReader {
  next(): Promise<IteratorResult<unknown, unknown>>;
  stop(): void;
}

/** `source`, under the two limits and the caller's signal: also a `next()` that never answers ends. */
function limitReader(source: UploadSource, options: ReceiveOptions): LimitedReader {
  const { signal, timers = systemTimers } = options;
  const timeoutMs = checkTimeout('uploadTimeoutMs', options.uploadTimeoutMs ?? DEFAULT_UPLOAD_TIMEOUT_MS);
  const idleMs = checkTimeout('uploadIdleTimeoutMs', options.uploadIdleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS);
  signal?.throwIfAborted();

  let interruption: Error | undefined;
  let reject: ((reason: Error) => void) | undefined;
  const interrupt = (reason: Error): void => {
    interruption ??= reason;
    reject?.(interruption);
  };
  const stalled = (message: string) => () => {
    interrupt(new OtaError('upload_stalled', message));
  };
  const abort = (): void => {
    interrupt(signal?.reason as Error);
  };
  signal?.addEventListener('abort', abort, { once: true });
  const deadline = timers.setTimeout(stalled(`the upload took longer than ${timeoutMs} ms`), timeoutMs);

  return {
    next: async () => {
      const idle = timers.setTimeout(stalled(`no byte of the upload arrived for ${idleMs} ms`), idleMs);
      try {
        return await new Promise((resolve, fail) => {
          reject = fail;
          if (interruption !== undefined) fail(interruption);
          source.next().then(resolve, (cause: unknown) => {
            fail(new OtaError('upload_aborted', 'the upload ended before its last byte', { cause }));
          });
        });
      } finally {
        timers.clearTimeout(idle);
      }
    },
    stop: () => {
      timers.clearTimeout(deadline);
      signal?.removeEventListener('abort', abort);
    },
  };
}

function checkTimeout(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 1 && value <= MAX_TIMEOUT_MS) return value;
  throw new OtaError('bad_option', `${name} must be from 1 to ${MAX_TIMEOUT_MS} milliseconds`);
}
