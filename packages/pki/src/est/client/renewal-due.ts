import type { CertificateInfo } from '../../certificate/certificate-info.js';
import { PkiError } from '../../errors.js';

/**
 * Whether it is time to re-enrol: when so much of a certificate's time is spent, in percent 0..100, default 66. That
 * leaves a third of it for a server that cannot be reached.
 *
 * @throws PkiError `ERR_PKI_OPTION`
 */
export function isRenewalDue(
  { notBefore, notAfter }: Pick<CertificateInfo, 'notBefore' | 'notAfter'>,
  now: Date,
  atPercent = 66,
): boolean {
  if (!(atPercent >= 0 && atPercent <= 100)) {
    throw new PkiError('ERR_PKI_OPTION', 'atPercent must be 0..100', { field: 'atPercent' });
  }
  const spentMs = now.getTime() - notBefore.getTime();
  return spentMs * 100 >= (notAfter.getTime() - notBefore.getTime()) * atPercent;
}
