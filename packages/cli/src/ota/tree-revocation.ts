import type { IsRevoked } from '@secure-esp/ota-server';
import { parseCertificate, type PkiTree } from '@secure-esp/pki';
import { CliError } from '../errors.js';
import type { OtaTree } from '../open-part.js';

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

/** Without records every client would be refused: the server's own certificate shows whether they are here. */
export async function refuseWithoutRecords(tree: OtaTree): Promise<void> {
  const { serial } = parseCertificate(tree.ota.cert);
  if (await isRecorded(tree, serial)) return;
  throw new CliError(
    `${tree.paths.issuedDir} has no record of the update server’s own certificate: without records it refuses everybody.`,
    'Copy the folder `issued` from where certificates are issued, or put it back from a backup.',
    1,
    { code: 'records_missing' },
  );
}

async function isRecorded(tree: OtaTree, serial: string): Promise<boolean> {
  for await (const entry of tree.inventory({ serial })) return entry.serial === serial;
  return false;
}
