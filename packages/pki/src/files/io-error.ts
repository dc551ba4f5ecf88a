import { PkiError } from '../errors.js';

/** The `code` of a Node system error ('ENOENT', 'ENOSPC', …), or undefined. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file size limit is reached',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
  ENOENT: 'it does not exist',
  EMFILE: 'too many open files',
};

export function ioError(action: string, path: string, cause: unknown): PkiError {
  const code = systemCode(cause) ?? 'unknown';
  const reason = REASONS[code] ?? 'input/output error';
  return new PkiError('ERR_PKI_IO', `cannot ${action} ${path}: ${reason} (${code})`, { cause, path });
}
