import { loadTree } from './file-pki-tree.js';
import type { PkiTree } from './pki-tree.js';
import { treeContext } from './tree-context.js';
import { treePaths } from './tree-paths.js';

export interface OpenPkiOptions {
  /** default: the system clock */
  now?: () => Date;
  /** how long `issueDevice` and `ensureFirmwareKey` wait for another run on the same tree, default 30,000 */
  lockTimeoutMs?: number;
}

/**
 * Opens a tree that `initPki` made, reading and checking it without writing anything. The CAs' private keys are not
 * needed (keep them elsewhere if you can) until `issueDevice` is called.
 *
 * @throws PkiError `ERR_PKI_NOT_FOUND` when a file is missing (run `secure-esp pki init`); `ERR_PKI_EXPIRED` (a CA);
 *   `ERR_PKI_PEM`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_KEY`, `ERR_PKI_NOT_CA`, `ERR_PKI_IO` with the file in `path`
 */
export async function openPki(dir: string, options: OpenPkiOptions = {}): Promise<PkiTree> {
  const context = treeContext(treePaths(dir), options.now ?? (() => new Date()));
  return loadTree(context, { lock: { timeoutMs: options.lockTimeoutMs }, created: [] });
}
