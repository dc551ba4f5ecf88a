import { type ParsedCertificate, parseCertificateDer, type SerialHex } from '../../certificate/certificate-info.js';
import type { CsrInfo } from '../../csr/csr-info.js';
import { isPkiError } from '../../errors.js';
import type { Pem } from '../../pem.js';
import type { EstPeer, EstRequest } from '../http/est-exchange.js';
import { EstRefusal } from '../http/problem.js';
import type { AttemptLimiter } from './attempt-limiter.js';
import type { ResolvedCommon } from './est-options.js';
import { judgeCertificate } from './judge-certificate.js';
import { checkHeaders, readCsr } from './read-request.js';

export interface ReenrolContext extends ResolvedCommon {
  /** 0 outside the grace path */
  readonly maxDaysExpired: number;
  readonly reenrolments: AttemptLimiter;
}

export interface Reenrolled {
  readonly deviceId: string;
  readonly certificate: Pem;
  readonly serial: SerialHex;
  readonly replaces: SerialHex;
  readonly daysExpired: number;
}

const EXPIRED = 'CERT_HAS_EXPIRED';

/** POST /simplereenroll (RFC 7030 4.2.2): another certificate for the device that holds this one. */
export async function simpleReenroll(request: EstRequest, context: ReenrolContext): Promise<Reenrolled> {
  const { authority, days, revokeReplaced } = context;
  const current = readPeer(request.peer, context);
  const { deviceId, daysExpired } = await requireGood(current, context);
  checkHeaders(request);
  const waitSeconds = context.reenrolments.count(deviceId);
  if (waitSeconds !== undefined) {
    throw new EstRefusal('too_many', { headers: { 'retry-after': String(waitSeconds) } });
  }
  const csr = await readCsr(request, context.body);
  checkSameNames(csr.info, current);
  // reading may have taken a while
  await requireGood(current, context);
  const issued = await authority.signCsr({
    csr: csr.der,
    commonName: deviceId,
    role: 'device',
    ...(days === undefined ? {} : { days }),
  });
  // a key that goes on being used must not be revoked by its old certificate
  if (revokeReplaced && !csr.info.spki.equals(current.spki)) {
    await authority.revoke({ serial: current.info.serial }, { reason: 'superseded' });
  }
  const { certificate, info } = issued;
  return { deviceId, certificate, serial: info.serial, replaces: current.info.serial, daysExpired };
}

function readPeer(peer: EstPeer | undefined, { maxDaysExpired }: ReenrolContext): ParsedCertificate {
  if (peer === undefined) throw new EstRefusal('certificate_required');
  const { tlsError } = peer;
  if (tlsError === EXPIRED && maxDaysExpired === 0) throw new EstRefusal('certificate_expired');
  if (tlsError !== undefined && tlsError !== EXPIRED) throw new EstRefusal('certificate_refused');
  try {
    return parseCertificateDer(Buffer.from(peer.certificate));
  } catch (error) {
    throw isPkiError(error) ? new EstRefusal('certificate_refused') : error;
  }
}

async function requireGood(
  current: ParsedCertificate,
  { authority, now, maxDaysExpired }: ReenrolContext,
): Promise<{ readonly deviceId: string; readonly daysExpired: number }> {
  const verdict = await judgeCertificate(current, authority, { now: now(), maxDaysExpired });
  if (verdict.kind === 'good') return verdict;
  if (verdict.kind === 'revoked') throw new EstRefusal('revoked');
  throw new EstRefusal(verdict.kind === 'expired' ? 'certificate_expired' : 'certificate_refused');
}

/** RFC 7030 4.2.2: the names must be those of the certificate; parts of the subject other than the CN may be left out. */
function checkSameNames({ subject, requestedSan }: CsrInfo, { info }: ParsedCertificate): void {
  const current: Readonly<Record<string, string | undefined>> = { ...info.subject };
  const sameSubject = Object.entries(subject).every(([field, value]) => current[field] === value);
  const noHosts = requestedSan.dns.length + requestedSan.ip.length + requestedSan.others === 0;
  // a device's certificate names no hosts
  if (subject.CN === undefined || !sameSubject || !noHosts) throw new EstRefusal('subject_mismatch');
}
