import type { CertificateInfo, SerialHex } from '../certificate/certificate-info.js';
import type { Role } from '../certificate/profiles.js';
import type { Pem } from '../pem.js';
import type { CrlRecord, Revocation } from './revocation.js';

/** What is remembered of every certificate. */
export interface IssuedRecord {
  readonly serial: SerialHex;
  readonly role: Role | 'ca';
  readonly commonName: string;
  /** subject key identifier of the issuer, lower-case hex */
  readonly issuerKeyId: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the certificate DER, lower-case hex */
  readonly fingerprint256: string;
  readonly certificate: Pem;
}

/** All that is given must hold. */
export interface IssuedFilter {
  role?: Role | 'ca';
  commonName?: string;
}

/**
 * Remembers serials, who owns a name, what was revoked and the revocation lists. One store may serve several CAs. Every method is atomic: after a crash it
 * has happened wholly or not at all. All failures of the medium are `ERR_PKI_STORE` or `ERR_PKI_IO` with a cause.
 */
export interface PkiStore {
  /**
   * Reserves a common name for a role; the same name and role again succeed (a renewal). Names differing only in case
   * count as one name, because they share a file on macOS and Windows.
   *
   * Rejects with `ERR_PKI_NAME` when another role, or another spelling, owns it.
   */
  claimName(commonName: string, role: Role): Promise<void>;
  /** Rejects with `ERR_PKI_EXISTS` when the serial is known. */
  put(record: IssuedRecord): Promise<void>;
  /** Undefined when no certificate has this serial. */
  get(serial: SerialHex): Promise<IssuedRecord | undefined>;
  /** In order of serial. */
  list(filter?: IssuedFilter): AsyncIterable<IssuedRecord>;
  /**
   * Revokes a certificate for ever and gives the revocation that counts: the first one, whatever later calls say.
   *
   * Rejects with `ERR_PKI_UNKNOWN_SERIAL`, `ERR_PKI_OPTION` (reason), `ERR_PKI_VALIDITY` (date).
   */
  revoke(serial: SerialHex, revocation: Omit<Revocation, 'serial'>): Promise<Revocation>;
  /** Undefined when the certificate is not revoked, or not known. */
  revocation(serial: SerialHex): Promise<Revocation | undefined>;
  /** In order of serial. */
  revocations(): AsyncIterable<Revocation>;
  /** A number for a revocation list of this issuer: greater than every one before, never given twice, first 1. */
  nextCrlNumber(issuerKeyId: string): Promise<bigint>;
  /**
   * Keeps an issued list, unless there is one with that number or a higher one. Older ones are forgotten.
   *
   * Rejects with `ERR_PKI_STORE` when `nextCrlNumber` did not give the number.
   */
  putCrl(record: CrlRecord): Promise<void>;
  /** The list with the highest number of this issuer. */
  latestCrl(issuerKeyId: string): Promise<CrlRecord | undefined>;
}

/** The record of a certificate, or undefined when it has no role of ours. */
export function toRecord(info: CertificateInfo, certificate: Pem): IssuedRecord | undefined {
  const { serial, role, notBefore, notAfter, fingerprint256 } = info;
  const issuerKeyId = info.authorityKeyId ?? info.subjectKeyId;
  const commonName = info.subject.CN;
  if (role === undefined || issuerKeyId === undefined || commonName === undefined) return undefined;
  return Object.freeze({ serial, role, commonName, issuerKeyId, notBefore, notAfter, fingerprint256, certificate });
}
