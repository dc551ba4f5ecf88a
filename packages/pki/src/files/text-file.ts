import { open } from 'node:fs/promises';
import { isPkiError, PkiError } from '../errors.js';
import { ioError, systemCode } from './io-error.js';

const MAX_FILE_BYTES = 65_536;

/** The whole file, or undefined when there is none. @throws PkiError `ERR_PKI_IO`, `ERR_PKI_PEM` (too large) */
export async function readTextFile(path: string, maxBytes = MAX_FILE_BYTES): Promise<string | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      // one byte more than is known to be there, so that growth between the two calls is noticed
      const wanted = Math.min((await file.stat()).size, maxBytes) + 1;
      const { bytesRead, buffer } = await file.read(Buffer.alloc(wanted), 0, wanted, 0);
      if (bytesRead > maxBytes) throw new PkiError('ERR_PKI_PEM', `${path} is larger than ${maxBytes} bytes`, { path });
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
