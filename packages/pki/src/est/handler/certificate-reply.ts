import { parseCertificatePem } from '../../certificate/certificate-info.js';
import type { Pem } from '../../pem.js';
import { encodeCertsOnly } from '../cms/certs-only.js';
import { encodeBase64 } from '../http/base64.js';
import type { EstReply } from '../http/est-exchange.js';

const CERTS_ONLY = 'application/pkcs7-mime; smime-type=certs-only';

/** RFC 7030 4.2.3: the certificate that was issued, and no other. */
export const issuedReply = (certificate: Pem): EstReply =>
  certificateReply([parseCertificatePem(certificate).x509.raw]);

/** Certificates (DER) as EST gives them out. */
export function certificateReply(certificates: readonly Buffer[]): EstReply {
  const body = Buffer.from(encodeBase64(encodeCertsOnly(certificates)));
  return {
    status: 200,
    headers: {
      'content-type': CERTS_ONLY,
      'content-transfer-encoding': 'base64',
      'content-length': String(body.length),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body,
  };
}
