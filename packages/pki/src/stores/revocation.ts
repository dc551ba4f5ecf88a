import type { SerialHex } from '../certificate/certificate-info.js';
import { checkDate } from '../certificate/validity.js';
import { PkiError } from '../errors.js';
import type { Pem } from '../pem.js';

/**
 * CRLReason of RFC 5280 5.3.1, without those that have no place here: `cACompromise` and `aACompromise` (no leaf
 * certificate), `certificateHold` and `removeFromCRL` (a revocation is final).
 */
export const REVOCATION_REASONS = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const;
/** One of {@link REVOCATION_REASONS}. */
export type RevocationReason = (typeof REVOCATION_REASONS)[number];

/** Why and when a certificate ceased to be good. Final. */
export interface Revocation {
  readonly serial: SerialHex;
  readonly reason: RevocationReason;
  /** whole seconds */
  readonly at: Date;
}

/** A revocation list that was issued. */
export interface CrlRecord {
  /** subject key identifier of the issuer, lower-case hex */
  readonly issuerKeyId: string;
  /** counts the lists of this issuer, from 1 */
  readonly number: bigint;
  readonly crl: Pem;
}

/** `revoked` counts before `expired`; a certificate that is not valid yet is `good`. */
export const CERTIFICATE_STATES = ['good', 'revoked', 'expired'] as const;
/** `revoked` stays `revoked` after the certificate's end. */
export type CertificateState = (typeof CERTIFICATE_STATES)[number];

export function stateOf(notAfter: Date, revocation: Revocation | undefined, now: Date): CertificateState {
  if (revocation !== undefined) return 'revoked';
  return now > notAfter ? 'expired' : 'good';
}

/** @throws PkiError `ERR_PKI_OPTION`, `ERR_PKI_VALIDITY` */
export function checkRevocation(serial: SerialHex, { reason, at }: Omit<Revocation, 'serial'>): Revocation {
  if (!REVOCATION_REASONS.includes(reason)) {
    const message = `revocation reason "${reason}" is not one of ${REVOCATION_REASONS.join(', ')}`;
    throw new PkiError('ERR_PKI_OPTION', message, { field: 'reason' });
  }
  return Object.freeze({ serial, reason, at: checkDate(at, 'at') });
}
