import type { SerialHex } from '../certificate/certificate-info.js';
import { checkDate } from '../certificate/validity.js';
import { PkiError } from '../errors.js';
import type { IssuedRecord, PkiStore } from '../stores/pki-store.js';
import type { Revocation, RevocationReason } from '../stores/revocation.js';

/** One certificate, or every one that a name ever got. */
export type RevokeTarget = { readonly serial: SerialHex } | { readonly commonName: string };

/** Why and since when certificates are revoked. */
export interface RevokeOptions {
  /** default `unspecified` */
  readonly reason?: RevocationReason;
  /** since when the certificate is not to be trusted; default now, not later */
  readonly at?: Date;
}

/**
 * Records that certificates are revoked; no list is issued yet. What was revoked before keeps its first date and reason.
 *
 * @throws PkiError `ERR_PKI_UNKNOWN_SERIAL`, `ERR_PKI_ROLE` (a CA), `ERR_PKI_OPTION`, `ERR_PKI_VALIDITY`
 */
export async function revokeInStore(
  store: PkiStore,
  target: RevokeTarget,
  options: RevokeOptions,
  now: Date,
): Promise<readonly Revocation[]> {
  const { reason = 'unspecified' } = options;
  const at = checkDate(options.at ?? now, 'at');
  if (at > now) throw new PkiError('ERR_PKI_VALIDITY', 'at must not be in the future', { field: 'at' });
  const records = await find(store, target);
  if (records.some(({ role }) => role === 'ca')) {
    throw new PkiError('ERR_PKI_ROLE', 'a root CA cannot revoke itself: take it out of what trusts it', {
      field: 'role',
    });
  }
  const revocations: Revocation[] = [];
  for (const { serial } of records) revocations.push(await store.revoke(serial, { reason, at }));
  return revocations;
}

async function find(store: PkiStore, target: RevokeTarget): Promise<readonly IssuedRecord[]> {
  const records: IssuedRecord[] = [];
  if ('serial' in target) {
    const record = await store.get(target.serial);
    if (record) records.push(record);
  } else {
    for await (const record of store.list({ commonName: target.commonName })) records.push(record);
  }
  if (records.length > 0) return records;
  const what = 'serial' in target ? `serial number ${target.serial}` : `name "${target.commonName}"`;
  throw new PkiError('ERR_PKI_UNKNOWN_SERIAL', `no certificate with the ${what} was issued here`, {
    field: 'serial' in target ? 'serial' : 'commonName',
  });
}
