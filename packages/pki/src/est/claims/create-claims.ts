import { randomBytes } from 'node:crypto';
import { checkCommonName } from '../../certificate/profiles.js';
import type { RandomSource } from '../../certificate/serial-number.js';
import { PkiError } from '../../errors.js';
import { parsePublicKeyInfo } from '../../keys/public-key-info.js';
import { decodePem, type Pem } from '../../pem.js';
import type { EstAuthority } from '../handler/est-authority.js';
import { type Claim, sha256Hex } from './claim.js';
import type { ClaimStore } from './claim-store.js';

/** Who may enrol, until when, and by what. */
export interface CreateClaimsOptions {
  /** who may enrol; each gets a claim of its own */
  readonly deviceIds: readonly string[];
  /** where the claims are put; an older one of the same device is replaced */
  readonly claims: ClaimStore;
  /** tells who has a certificate already; a tree is one */
  readonly authority: Pick<EstAuthority, 'inventory'>;
  /** until when each may be used, 1/24..365, default 7 */
  readonly days?: number;
  /** Admit this public key (PEM) instead of making a token; for one device id only. */
  readonly publicKey?: Pem;
  /** Also for devices that have a good certificate, which stays good: revoke it where the device is lost. Default false. */
  readonly reprovision?: boolean;
  /** default: the system clock */
  readonly now?: () => Date;
  /** default: `crypto.randomBytes` */
  readonly random?: RandomSource;
}

/** A claim that was put into the store, and the token that it has only the hash of. */
export interface CreatedClaim {
  readonly claim: Claim;
  /** 256 random bits, base64url; here and nowhere else, the store has only its hash. Undefined with `publicKey`. */
  readonly token: string | undefined;
}

const DAY_MS = 86_400_000;
const TOKEN_BYTES = 32;

/**
 * Makes one-time claims. A claim takes the place of an older one of the same device, whose token is worth nothing then.
 *
 * @throws PkiError `ERR_PKI_NAME`, `ERR_PKI_OPTION`, `ERR_PKI_KEY` before anything is written; `ERR_PKI_CLAIM` when a
 *   device has a good certificate; those of the stores
 */
export async function createClaims(options: CreateClaimsOptions): Promise<readonly CreatedClaim[]> {
  const { claims, days = 7, random = randomBytes } = options;
  const ids = [...new Set(options.deviceIds)];
  for (const id of ids) checkCommonName('device', id);
  if (!(days >= 1 / 24 && days <= 365)) {
    throw new PkiError('ERR_PKI_OPTION', 'days must be 1/24..365', { field: 'days' });
  }
  const spkiSha256 = preauthorised(options, ids);
  const now = (options.now ?? (() => new Date()))();
  if (options.reprovision !== true) await refuseCertified(ids, options.authority);
  const created: CreatedClaim[] = [];
  for (const deviceId of ids) {
    const token = spkiSha256 === undefined ? Buffer.from(random(TOKEN_BYTES)).toString('base64url') : undefined;
    const claim: Claim = Object.freeze({
      deviceId,
      tokenSha256: token === undefined ? undefined : sha256Hex(token),
      spkiSha256,
      createdAt: now,
      expiresAt: new Date(now.getTime() + days * DAY_MS),
      usedAt: undefined,
      serial: undefined,
    });
    await claims.exclusive(deviceId, () => claims.put(claim));
    created.push(Object.freeze({ claim, token }));
  }
  return Object.freeze(created);
}

function preauthorised({ publicKey }: CreateClaimsOptions, ids: readonly string[]): string | undefined {
  if (publicKey === undefined) return undefined;
  if (ids.length !== 1) {
    throw new PkiError('ERR_PKI_OPTION', 'a public key is the key of one device', { field: 'publicKey' });
  }
  return sha256Hex(parsePublicKeyInfo(decodePem(publicKey, ['PUBLIC KEY']).der).spki);
}

async function refuseCertified(ids: readonly string[], authority: Pick<EstAuthority, 'inventory'>): Promise<void> {
  const wanted = new Set(ids);
  const filter = { role: 'device', state: 'good', ...(ids.length === 1 && { commonName: ids[0] ?? '' }) } as const;
  for await (const { commonName, serial } of authority.inventory(filter)) {
    if (!wanted.has(commonName)) continue;
    const message = `"${commonName}" has a good certificate (${serial}): revoke it, or ask for reprovisioning`;
    throw new PkiError('ERR_PKI_CLAIM', message, { field: 'deviceIds' });
  }
}
