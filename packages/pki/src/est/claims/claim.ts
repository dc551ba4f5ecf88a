import { createHash, timingSafeEqual } from 'node:crypto';
import type { SerialHex } from '../../certificate/certificate-info.js';

/**
 * The right of one device to get its first certificate: by a token that is kept as its hash only, or by a key that was
 * known before. A token claim becomes bound to the first key that uses it.
 */
export interface Claim {
  readonly deviceId: string;
  /** SHA-256 of the token, lower-case hex; undefined: a preauthorised key, no token */
  readonly tokenSha256: string | undefined;
  /** SHA-256 of the SubjectPublicKeyInfo that may be certified; undefined: not bound yet */
  readonly spkiSha256: string | undefined;
  readonly createdAt: Date;
  /** nothing is issued from then on, and no certificate is given out again */
  readonly expiresAt: Date;
  /** when the first request came in; set before the certificate is issued */
  readonly usedAt: Date | undefined;
  /** of the certificate that was issued; set last */
  readonly serial: SerialHex | undefined;
}

/** `open`: not used yet; `bound`: a key is known, its certificate not yet; `used`: there is a certificate. */
export const CLAIM_STATES = ['open', 'bound', 'used', 'expired'] as const;
/** One of {@link CLAIM_STATES}. */
export type ClaimState = (typeof CLAIM_STATES)[number];

/** A claim that was used stays `used` after its end. */
export function claimState({ expiresAt, usedAt, serial }: Claim, now: Date): ClaimState {
  if (serial !== undefined) return 'used';
  if (now >= expiresAt) return 'expired';
  return usedAt === undefined ? 'open' : 'bound';
}

export const sha256Hex = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** What a client shows: a token, or a key that was preauthorised. */
export type ClaimProof = { readonly token: string } | { readonly spkiSha256: string };

const NO_HASH = '0'.repeat(64);

/**
 * Whether a claim admits this proof. Compares hashes in constant time, and takes as long where there is no claim: what a
 * stranger learns is "wrong", whatever the reason.
 */
export function judgeClaim(claim: Claim | undefined, proof: ClaimProof, now: Date): 'accepted' | 'expired' | 'wrong' {
  const byToken = 'token' in proof;
  // a token claim stays one: the key it is bound to, which is public, opens nothing by itself
  const wanted = byToken ? claim?.tokenSha256 : claim?.tokenSha256 === undefined ? claim?.spkiSha256 : undefined;
  const shown = byToken ? sha256Hex(proof.token) : proof.spkiSha256;
  const same = timingSafeEqual(Buffer.from(shown, 'hex'), Buffer.from(wanted ?? NO_HASH, 'hex'));
  if (claim === undefined || wanted === undefined || !same) return 'wrong';
  return now < claim.expiresAt ? 'accepted' : 'expired';
}
