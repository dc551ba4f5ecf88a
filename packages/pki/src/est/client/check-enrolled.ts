import { type ParsedCertificate, parseCertificateDer } from '../../certificate/certificate-info.js';
import { isPkiError } from '../../errors.js';
import { badReply } from './est-request.js';

export interface ExpectedCertificate {
  readonly deviceId: string;
  /** SubjectPublicKeyInfo of the key that was to be certified */
  readonly spki: Buffer;
  /** one of them must have signed it */
  readonly authorities: readonly ParsedCertificate[];
}

/**
 * The certificate among those that came back which is the one that was asked for. Dates are not compared with this
 * machine's clock: that of a device may be wrong.
 *
 * @throws PkiError `ERR_PKI_EST_REPLY`
 */
export function checkEnrolled(certificates: readonly Buffer[], expected: ExpectedCertificate): ParsedCertificate {
  const issued = certificates.map(readCertificate).find(({ spki }) => spki.equals(expected.spki));
  if (issued === undefined) throw badReply('has no certificate for the key that was sent');
  const { info, x509 } = issued;
  if (info.subject.CN !== expected.deviceId || info.role !== 'device' || !info.extKeyUsage.includes('clientAuth')) {
    throw badReply('is a certificate of somebody else or for something else');
  }
  const signed = expected.authorities.some(
    (ca) => ca.info.isCa && x509.checkIssued(ca.x509) && x509.verify(ca.publicKey),
  );
  if (!signed) throw badReply('is a certificate of another authority');
  return issued;
}

export function readCertificate(der: Buffer): ParsedCertificate {
  try {
    return parseCertificateDer(der);
  } catch (cause) {
    if (isPkiError(cause)) throw badReply('holds a certificate that is damaged', cause);
    throw cause;
  }
}
