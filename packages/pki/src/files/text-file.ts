import { open } from 'node:fs/promises';
import { isPkiError, PkiError } from '../errors.js';
import { ioError, systemCode } from './io-error.js';

const MAX_FILE_BYTES = 65_536;

/** The whole file, or undefined when there is none. @throws PkiError `ERR_PKI_IO`, `ERR_PKI_PEM` (too large) */
export async function readTextFile(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_FILE_BYTES + 1), 0, MAX_FILE_BYTES + 1, 0);
      if (bytesRead > MAX_FILE_BYTES) {
        throw new PkiError('ERR_PKI_PEM', `${path} is larger than ${MAX_FILE_BYTES} bytes`, { path });
      }
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (isPkiError(cause)) throw cause;
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw ioError('read', path, cause);
  }
}

/** Runs a parser over a file's text and puts the file's name in front of what it throws. */
export function parseFile<T>(path: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw isPkiError(error) ? inFile(path, error) : error;
  }
}

export const inFile = (path: string, error: PkiError): PkiError =>
  new PkiError(error.code, `${path}: ${error.message}`, { cause: error.cause ?? error, path, field: error.field });
