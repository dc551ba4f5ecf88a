import { SECRET_FILE_MODE, writeFileAtomic } from '../files/atomic-file.js';

/** What {@link writeSecretFile} does with a file that is there. */
export interface WriteSecretFileOptions {
  /** default `refuse`: `ERR_PKI_EXISTS` when the file is there; `replace` swaps it in one step */
  readonly existing?: 'refuse' | 'replace';
}

/**
 * Writes a file that holds a private key: mode 0600, whole or not at all, durable. The folder must be there.
 *
 * @throws PkiError `ERR_PKI_EXISTS`, `ERR_PKI_IO`
 */
export const writeSecretFile = (
  path: string,
  data: string | Uint8Array,
  { existing = 'refuse' }: WriteSecretFileOptions = {},
): Promise<void> => writeFileAtomic(path, data, { mode: SECRET_FILE_MODE, existing });
