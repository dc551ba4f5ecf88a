import type { IsRevoked } from '@secure-esp/ota-server';
import type { PkiTree } from '@secure-esp/pki';

/**
 * The records decide, not the list made of them: so a revocation counts from the next request on. Both CAs of the tree
 * record a certificate before anybody gets it: one that is not recorded was made with a stolen key, or its record is gone.
 */
export const revokedInTree =
  (tree: Pick<PkiTree, 'inventory'>): IsRevoked =>
  async ({ serial }) => {
    if (serial === undefined) return true;
    for await (const { state } of tree.inventory({ serial: serial.toUpperCase() })) return state === 'revoked';
    return true;
  };
