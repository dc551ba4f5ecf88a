import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { addAbortSignal, pipeline, Transform, type Readable } from 'node:stream';
import type { CliContext } from './context.js';
import { CliError } from './errors.js';

/** Images fit a flash chip; what is larger was not meant. */
const INPUT_MAX_BYTES = 32 * 1024 * 1024;

export const pathOf = (context: CliContext, path: string): string => resolve(context.cwd, path);

/** Reads a file named on the command line; `what` names it in the error. */
export async function readInput(context: CliContext, path: string, what: string): Promise<Uint8Array> {
  let bytes: Buffer;
  try {
    bytes = await readFile(pathOf(context, path));
  } catch (error) {
    throw new CliError(`${what} "${path}" cannot be read: ${reasonOf(error)}.`, 'Check the path.', 1, { cause: error });
  }
  if (bytes.length > INPUT_MAX_BYTES)
    throw new CliError(`${what} "${path}" is ${bytes.length} bytes, the limit is ${INPUT_MAX_BYTES}.`);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

export interface OpenInput {
  /** Destroying it closes the file, or standard input. */
  readonly stream: Readable;
  /** Bytes; `undefined` for standard input. */
  readonly size: number | undefined;
  /** Calls back with the bytes that have passed so far. */
  readonly count: (onBytes: (bytes: number) => void) => void;
}

/** A file named on the command line as a stream; `-` is standard input. `what` names it in the error. */
export async function openInput(context: CliContext, path: string, what: string): Promise<OpenInput> {
  let source: Readable = context.stdin ?? process.stdin;
  let size: number | undefined;
  if (path !== '-') {
    try {
      const handle = await open(pathOf(context, path));
      source = handle.createReadStream();
      ({ size } = await handle.stat());
    } catch (error) {
      throw new CliError(`${what} "${path}" cannot be read: ${reasonOf(error)}.`, 'Check the path.', 1, {
        cause: error,
      });
    }
  }
  let passed = 0;
  let onBytes: (bytes: number) => void = () => undefined;
  const counter = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      passed += chunk.length;
      onBytes(passed);
      done(null, chunk);
    },
  });
  // Its errors are those of the counter, whose reader gets them.
  const stream = pipeline(source, counter, () => undefined);
  return {
    stream,
    size,
    count: (listener) => {
      onBytes = listener;
    },
  };
}

/** Writes a result whole or not at all. */
export async function writeOutput(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, content, { flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    throw new CliError(`"${path}" cannot be written: ${reasonOf(error)}.`, 'Check the folder and the free space.', 1, {
      cause: error,
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  EEXIST: 'a file of this name is there',
  ENOSPC: 'no space left on the disk',
  ENOTDIR: 'a part of the path is not a folder',
  EROFS: 'the file system is read-only',
};

/** Why a file operation failed, in words; for other errors, what they say. */
export function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  const known = typeof code === 'string' ? REASONS[code] : undefined;
  return known ?? (error instanceof Error ? error.message : String(error));
}

/** All of standard input, or a little more than `maxBytes` of a longer one; Ctrl-C ends the wait. */
export async function readStandardInput(context: CliContext, maxBytes: number): Promise<Uint8Array> {
  const stdin = addAbortSignal<Readable>(context.signal, context.stdin ?? process.stdin);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as string | Uint8Array);
    chunks.push(bytes);
    length += bytes.length;
    if (length > maxBytes) break;
  }
  return Buffer.concat(chunks);
}
