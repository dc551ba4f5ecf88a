import type { Role } from '../certificate/profiles.js';
import { PkiError } from '../errors.js';
import type { IssuedFilter } from './pki-store.js';

export interface NameClaim {
  readonly commonName: string;
  readonly role: Role;
}

export const nameKey = (commonName: string): string => commonName.toLowerCase();

/** @throws PkiError `ERR_PKI_NAME` */
export function checkClaim(owner: NameClaim, wanted: NameClaim): void {
  if (owner.role === wanted.role && owner.commonName === wanted.commonName) return;
  throw new PkiError(
    'ERR_PKI_NAME',
    `the name "${wanted.commonName}" is taken: it was issued as "${owner.commonName}" to the role ${owner.role}`,
    { field: 'CN' },
  );
}

export const serialExists = (serial: string): PkiError =>
  new PkiError('ERR_PKI_EXISTS', `serial number ${serial} was already issued`, { field: 'serial' });

export const unknownSerial = (serial: string): PkiError =>
  new PkiError('ERR_PKI_UNKNOWN_SERIAL', `no certificate with the serial number ${serial} was issued here`, {
    field: 'serial',
  });

/** The identifier is part of a file name. @throws PkiError `ERR_PKI_OPTION` */
export function checkIssuerKeyId(issuerKeyId: string): string {
  if (/^[0-9a-f]{2,128}$/.test(issuerKeyId)) return issuerKeyId;
  throw new PkiError('ERR_PKI_OPTION', 'issuerKeyId must be 2..128 lower-case hex digits', { field: 'issuerKeyId' });
}

export const unknownCrlNumber = (number: bigint): PkiError =>
  new PkiError('ERR_PKI_STORE', `the revocation list number ${number} was not given by this store`, {
    field: 'number',
  });

export const matchesFilter = (record: IssuedFilter, filter: IssuedFilter): boolean =>
  (filter.role === undefined || record.role === filter.role) &&
  (filter.commonName === undefined || record.commonName === filter.commonName);
