import type { PkiTree } from '../../tree/pki-tree.js';

/**
 * What enrolment needs of the certificate authority. A tree of `initPki` or `openPki` is one; write your own when the
 * device CA lives elsewhere. `inventory` decides per request, so a revocation counts at once.
 *
 * `ca` and `deviceCa` are what GET /cacerts gives out; either may be a bundle of several certificates.
 */
export type EstAuthority = Pick<PkiTree, 'ca' | 'deviceCa' | 'signCsr' | 'inventory' | 'revoke'>;
