import { PkiError } from '../errors.js';
import { type ParsedCertificate, parseCertificateDer } from '../certificate/certificate-info.js';
import { decodePem, type Pem } from '../pem.js';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\s*/g;
const MAX_CHARS = 65_536;

/** The certificates of a bundle, at least one. @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_KEY` */
export function decodePemBundle(pem: Pem): readonly ParsedCertificate[] {
  const blocks = pem.length > MAX_CHARS ? [] : (pem.match(BLOCK) ?? []);
  if (blocks.length === 0) {
    throw new PkiError('ERR_PKI_PEM', `not 1 or more certificates in PEM of at most ${MAX_CHARS} characters`);
  }
  return blocks.map((block) => parseCertificateDer(decodePem(block, ['CERTIFICATE']).der));
}
