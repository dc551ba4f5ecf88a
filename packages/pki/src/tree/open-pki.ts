import { loadTree } from './file-pki-tree.js';
import { treeContext } from './tree-context.js';
import { checkParts, type PkiTreeOf, type TreePart } from './tree-parts.js';
import { treePaths } from './tree-paths.js';

/** Parts, clock and patience of an opened tree. */
export interface OpenPkiOptions<P extends TreePart = TreePart> {
  /**
   * Whose private keys and certificates this program needs; nothing is read of the others, which need not be there. Default:
   * all of `TREE_PARTS`, so that a tree that is not whole is noticed. `[]`: of nobody.
   */
  parts?: readonly P[];
  /** default: the system clock */
  now?: () => Date;
  /** how long `issueDevice` and `ensureFirmwareKey` wait for another run on the same tree, default 30,000 */
  lockTimeoutMs?: number;
}

/**
 * Opens a tree that `initPki` made, reading and checking it without writing anything. The CAs' private keys are not
 * needed (keep them elsewhere if you can) until `issueDevice` is called.
 *
 * With `parts` the folder may hold as little as that program needs: both CA certificates, the files of these parts, and
 * what the calls read that it makes (`issued` for `inventory`, the revocation lists for `crls`).
 *
 * @example
 * const { ota, ca, deviceCa } = await openPki('.secure-esp', { parts: ['ota'] });
 *
 * @throws PkiError `ERR_PKI_NOT_FOUND` when a file is missing (run `secure-esp pki init`); `ERR_PKI_EXPIRED` (a CA);
 *   `ERR_PKI_PEM`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_KEY`, `ERR_PKI_NOT_CA`, `ERR_PKI_IO` with the file in `path`;
 *   `ERR_PKI_OPTION` for a part that there is not
 */
export async function openPki<P extends TreePart = TreePart>(
  dir: string,
  options: OpenPkiOptions<P> = {},
): Promise<PkiTreeOf<P>> {
  const context = treeContext(treePaths(dir), options.now ?? (() => new Date()));
  const parts = options.parts && checkParts(options.parts);
  return loadTree<P>(context, { lock: { timeoutMs: options.lockTimeoutMs }, created: [], parts });
}
