/** PEM text of a revocation list: about 100,000 entries. */
export const MAX_CRL_BYTES = 8 * 1024 * 1024;
