import { checkCurrent, checkIsAuthority } from '../certificate/authority-checks.js';
import { parseCertificatePem } from '../certificate/certificate-info.js';
import { resolveValidity } from '../certificate/validity.js';
import { isPkiError, PkiError } from '../errors.js';
import type { Signer } from '../keys/signer.js';
import { encodePem, type Pem } from '../pem.js';
import type { PkiStore } from '../stores/pki-store.js';
import type { Revocation } from '../stores/revocation.js';
import { signCrl } from './crl-builder.js';
import { type CrlInfo, parseCrl } from './parse-crl.js';
import { verifyCrlOf } from './verify-crl.js';

/** Days until a revocation list must be replaced. */
export const CRL_DAYS = 30;
const CRL_BACKDATE_SECONDS = 300;

/** Whose revocation list to write, and until when it lasts. */
export interface IssueCrlOptions {
  /** the CA whose certificates are revoked */
  readonly certificate: Pem;
  /** of the CA's key */
  readonly signer: Signer;
  /** says what is revoked, numbers the list and keeps it */
  readonly store: PkiStore;
  /** default: now plus `days`; not together with `days` */
  readonly nextUpdate?: Date;
  /** default 30 */
  readonly days?: number;
  /** how far `thisUpdate` lies back, for servers whose clock is behind; default 300 */
  readonly backdateSeconds?: number;
  /** default: the system clock */
  readonly now?: () => Date;
}

/** A new revocation list, read back and verified. */
export interface IssuedCrl {
  readonly crl: Pem;
  readonly info: CrlInfo;
}

/**
 * Issues the revocation list of a CA (RFC 5280 section 5): every certificate of this CA that the store has as revoked.
 * One that expired is left out after it was on a list dated later than its end. The list is read back and verified
 * with OpenSSL, then kept in the store, then returned. Of two lists the one with the higher number knows more.
 *
 * @throws PkiError `ERR_PKI_NOT_CA`, `ERR_PKI_KEY`, `ERR_PKI_EXPIRED` (the CA), `ERR_PKI_VALIDITY`, `ERR_PKI_SIGNER`,
 *   `ERR_PKI_CRL`, `ERR_PKI_STORE`, `ERR_PKI_IO`
 */
export async function issueCrl(options: IssueCrlOptions): Promise<IssuedCrl> {
  const { signer, store, nextUpdate: notAfter, days } = options;
  const ca = parseCertificatePem(options.certificate);
  const keyId = checkIsAuthority(ca.info);
  if (!ca.info.keyUsage.includes('cRLSign')) throw new PkiError('ERR_PKI_NOT_CA', 'this CA does not sign lists');
  if (!signer.spki.equals(ca.spki)) {
    throw new PkiError('ERR_PKI_KEY', 'the private key does not belong to the CA certificate');
  }
  const now = (options.now ?? (() => new Date()))();
  checkCurrent(ca.info, now, 'the CA certificate');
  const period = resolveValidity(
    {
      backdateSeconds: options.backdateSeconds ?? CRL_BACKDATE_SECONDS,
      ...(notAfter === undefined ? {} : { notAfter }),
      ...(days === undefined ? {} : { days }),
    },
    { now, days: CRL_DAYS },
  );
  if (period.notAfter <= now) {
    throw new PkiError('ERR_PKI_VALIDITY', 'nextUpdate must be in the future', { field: 'nextUpdate' });
  }
  const issuerKeyId = keyId.toString('hex');
  // first the number, then what is revoked: so a higher number never knows less
  const number = await store.nextCrlNumber(issuerKeyId);
  const revoked = await revokedBy(issuerKeyId, store);
  const content = {
    issuer: ca.subjectDer,
    issuerKeyId: keyId,
    number,
    thisUpdate: period.notBefore,
    nextUpdate: period.notAfter,
    revoked,
  };
  const crl = encodePem('X509 CRL', await signCrl(content, signer));
  const info = readBack(() => verifyCrlOf(crl, ca));
  const same =
    info.number === number &&
    info.thisUpdate.getTime() === content.thisUpdate.getTime() &&
    info.nextUpdate.getTime() === content.nextUpdate.getTime() &&
    info.revoked.size === revoked.length &&
    revoked.every(({ serial, reason, at }) => {
      const entry = info.revoked.get(serial);
      return entry?.reason === reason && entry.at.getTime() === at.getTime();
    });
  if (!same) throw new PkiError('ERR_PKI_CRL', 'the revocation list reads back differently than it was written');
  await store.putCrl({ issuerKeyId, number, crl });
  return Object.freeze({ crl, info });
}

/** A fresh list that does not verify is the signer's fault. */
function readBack(verify: () => CrlInfo): CrlInfo {
  try {
    return verify();
  } catch (cause) {
    if (!isPkiError(cause)) throw cause;
    throw new PkiError('ERR_PKI_SIGNER', 'the signer returned a signature that does not verify', { cause });
  }
}

async function revokedBy(issuerKeyId: string, store: PkiStore): Promise<Revocation[]> {
  const latest = await store.latestCrl(issuerKeyId);
  const previous = latest && parseCrl(latest.crl);
  const revoked: Revocation[] = [];
  for await (const revocation of store.revocations()) {
    const record = await store.get(revocation.serial);
    if (record === undefined) {
      // whose certificate it was is not known any more: leaving it out would be to accept it again
      throw new PkiError('ERR_PKI_STORE', `the record of the revoked certificate ${revocation.serial} is missing`);
    }
    if (record.issuerKeyId !== issuerKeyId) continue;
    // RFC 5280 3.3: an entry stays until one list after the end of the certificate has shown it
    const shownLast =
      previous !== undefined && previous.thisUpdate > record.notAfter && previous.thisUpdate >= revocation.at;
    if (!shownLast) revoked.push(revocation);
  }
  return revoked;
}
