import type { Pem } from '../../pem.js';
import { LEAF_PROFILES } from '../../certificate/profiles.js';
import { parseCertificatePem, type SerialHex } from '../../certificate/certificate-info.js';
import type { InventoryEntry } from '../../lifecycle/inventory.js';
import { type Claim, type ClaimProof, judgeClaim, sha256Hex } from '../claims/claim.js';
import type { ClaimStore } from '../claims/claim-store.js';
import { parseBasicAuth } from '../http/basic-auth.js';
import type { EstRequest } from '../http/est-exchange.js';
import { EstRefusal } from '../http/problem.js';
import type { AttemptLimiter } from './attempt-limiter.js';
import type { ResolvedCommon } from './est-options.js';
import { checkHeaders, readCsr, type ReceivedCsr } from './read-request.js';

export interface EnrolContext extends ResolvedCommon {
  readonly claims: ClaimStore;
  readonly wrongTokens: AttemptLimiter;
}

/** What a device is given. */
export interface Enrolled {
  readonly deviceId: string;
  readonly certificate: Pem;
  readonly serial: SerialHex;
  /** there was one for this claim and key */
  readonly again: boolean;
}

const CHALLENGE = { 'www-authenticate': 'Basic realm="est", charset="UTF-8"' } as const;

/** POST /simpleenroll (RFC 7030 4.2.1): the first certificate of a device that shows its claim. */
export async function simpleEnroll(request: EstRequest, context: EnrolContext): Promise<Enrolled> {
  const { claims, now, body } = context;
  const credentials = parseBasicAuth(request.headers['authorization']);
  if (credentials === undefined) throw new EstRefusal('unauthorized', { headers: CHALLENGE });
  const { user: deviceId, password } = credentials;
  // before anything is counted or looked up under it
  if (!LEAF_PROFILES.device.commonName.pattern.test(deviceId)) throw wrong();
  checkHeaders(request);
  // a stranger's request is not even read
  if (password !== '') requireAccepted(await claims.get(deviceId), { token: password }, deviceId, context);
  const csr = await readCsr(request, body);
  const spkiSha256 = sha256Hex(csr.info.spki);
  const proof: ClaimProof = password === '' ? { spkiSha256 } : { token: password };
  requireAccepted(await claims.get(deviceId), proof, deviceId, context);
  return claims.exclusive(
    deviceId,
    () => {
      const admit = async (): Promise<Claim> => {
        const claim = await claims.get(deviceId);
        if (claim === undefined || judgeClaim(claim, proof, now()) !== 'accepted') throw wrong();
        return claim;
      };
      return useClaim({ csr, spkiSha256, admit }, context);
    },
    request.signal,
  );
}

const wrong = (): EstRefusal => new EstRefusal('unauthorized', { headers: CHALLENGE });

/**
 * Wrong tokens are counted, right ones never held up: a token has 256 bits, so nobody finds one by trying, and nobody
 * shuts a device out by trying in its name.
 */
function requireAccepted(claim: Claim | undefined, proof: ClaimProof, deviceId: string, context: EnrolContext): void {
  const verdict = judgeClaim(claim, proof, context.now());
  if (verdict === 'expired') throw new EstRefusal('claim_expired');
  if (verdict === 'accepted') return;
  const waitSeconds = context.wrongTokens.count(deviceId);
  if (waitSeconds === undefined) throw wrong();
  throw new EstRefusal('too_many', { headers: { 'retry-after': String(waitSeconds) } });
}

interface Use {
  readonly csr: ReceivedCsr;
  readonly spkiSha256: string;
  /** the claim as it is now that nobody else can change it */
  readonly admit: () => Promise<Claim>;
}

/**
 * Bind, issue, mark: whoever is killed in between leaves a claim that the same key completes and no other key can use,
 * and at most one certificate.
 */
async function useClaim({ csr, spkiSha256, admit }: Use, context: EnrolContext): Promise<Enrolled> {
  const { claims, authority, days, now } = context;
  const claim = await admit();
  const { deviceId } = claim;
  if (claim.spkiSha256 !== undefined && claim.spkiSha256 !== spkiSha256) throw new EstRefusal('claim_bound');
  const before = await issuedFor(claim, spkiSha256, context);
  if (before?.state === 'revoked') throw new EstRefusal('revoked');
  const bound: Claim = { ...claim, spkiSha256, usedAt: claim.usedAt ?? now() };
  if (before !== undefined) {
    const { serial, certificate } = before;
    if (claim.serial === undefined) await claims.put({ ...bound, serial });
    return { deviceId, certificate, serial, again: true };
  }
  await claims.put(bound);
  const issued = await authority.signCsr({
    csr: csr.der,
    commonName: deviceId,
    role: 'device',
    ...(days === undefined ? {} : { days }),
  });
  await claims.put({ ...bound, serial: issued.info.serial });
  return { deviceId, certificate: issued.certificate, serial: issued.info.serial, again: false };
}

/** The certificate that this claim has led to, also where a crash kept its serial number from being noted. */
async function issuedFor(
  { deviceId, usedAt, serial }: Claim,
  spkiSha256: string,
  { authority }: EnrolContext,
): Promise<InventoryEntry | undefined> {
  if (usedAt === undefined) return undefined;
  if (serial !== undefined) {
    for await (const entry of authority.inventory({ serial })) return entry;
    return undefined;
  }
  for await (const entry of authority.inventory({ role: 'device', commonName: deviceId, state: 'good' })) {
    if (sha256Hex(parseCertificatePem(entry.certificate).spki) === spkiSha256) return entry;
  }
  return undefined;
}
