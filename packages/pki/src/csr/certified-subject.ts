import type { Subject } from '../asn1/distinguished-name.js';
import { PkiError } from '../errors.js';
import { csrError } from './csr-error.js';
import type { CsrInfo } from './csr-info.js';

export interface SubjectDecision {
  subject?: Subject;
  takeCommonName?: boolean;
}

/**
 * The subject to certify: the caller's, with the request's CN only when the caller said so. Both at once is an error: it
 * would be unclear which one was meant to win.
 *
 * @throws PkiError `ERR_PKI_OPTION`, `ERR_PKI_CSR`
 */
export function certifiedSubject(
  { subject = {}, takeCommonName = false }: SubjectDecision,
  request: CsrInfo,
): Subject & { CN: string } {
  const { CN } = subject;
  if (takeCommonName && CN !== undefined) {
    throw new PkiError('ERR_PKI_OPTION', 'give subject.CN or takeCommonName, not both', { field: 'takeCommonName' });
  }
  if (CN !== undefined) return { ...subject, CN };
  if (!takeCommonName) {
    const message = 'subject.CN is required: a request does not choose its own name (or set takeCommonName)';
    throw new PkiError('ERR_PKI_OPTION', message, { field: 'subject' });
  }
  if (request.subject.CN === undefined) throw csrError('subject', 'the certificate request has no common name');
  return { ...subject, CN: request.subject.CN };
}
