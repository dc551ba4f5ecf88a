import { PkiError } from '../errors.js';
import { parseCertificatePem, type ParsedCertificate } from '../certificate/certificate-info.js';
import { parsePrivateKey, type PrivateKey } from '../keys/key-pair.js';
import { type Pem, splitPem } from '../pem.js';

/** What is handed to a holder: its key, its certificate, and whom it trusts. An item may hold several certificates. */
export interface IdentityOptions {
  /** PKCS#8 */
  readonly privateKey: Pem;
  /** the certificate of the key, then the one that issued it and so on, 1..10; the root may be left out */
  readonly chain: readonly Pem[];
  /** CA certificates by which the holder recognises its peers, at most 10; default: none */
  readonly trusted?: readonly Pem[];
}

export interface Identity {
  readonly key: PrivateKey;
  readonly leaf: ParsedCertificate;
  /** after the leaf, without those that are trusted too */
  readonly issuers: readonly ParsedCertificate[];
  readonly trusted: readonly ParsedCertificate[];
}

const MAX_CERTIFICATES = 10;

/**
 * Reads and checks the parts. Dates are not checked: it may be an export for the record.
 *
 * @throws PkiError `ERR_PKI_OPTION`, `ERR_PKI_PEM`, `ERR_PKI_KEY`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_NOT_CA`
 */
export function parseIdentity({ privateKey, chain, trusted = [] }: IdentityOptions): Identity {
  const key = parsePrivateKey(privateKey);
  const certificates = parseList('chain', chain);
  const [leaf, ...issuers] = certificates;
  if (leaf === undefined) throw new PkiError('ERR_PKI_OPTION', 'the chain has no certificate', { field: 'chain' });
  if (!leaf.x509.checkPrivateKey(key.keyObject)) {
    throw new PkiError('ERR_PKI_KEY', 'the private key is not that of the first certificate', { field: 'privateKey' });
  }
  issuers.forEach((issuer, index) => {
    const issued = certificates[index]?.x509;
    if (issued?.checkIssued(issuer.x509) === true && issued.verify(issuer.publicKey)) return;
    const message = `certificate ${index + 1} of the chain was not issued by the one after it`;
    throw new PkiError('ERR_PKI_CERTIFICATE', message, { field: 'chain' });
  });
  const anchors = distinct(parseList('trusted', trusted));
  if (!anchors.every(({ info }) => info.isCa)) {
    throw new PkiError('ERR_PKI_NOT_CA', 'a trusted certificate is not one of a CA', { field: 'trusted' });
  }
  return { key, leaf, issuers: distinct([...anchors, ...issuers]).slice(anchors.length), trusted: anchors };
}

function parseList(field: 'chain' | 'trusted', pems: readonly Pem[]): readonly ParsedCertificate[] {
  const blocks = pems.flatMap(splitPem);
  if (blocks.length <= MAX_CERTIFICATES) return blocks.map(parseCertificatePem);
  throw new PkiError('ERR_PKI_OPTION', `${field} has more than ${MAX_CERTIFICATES} certificates`, { field });
}

/** Each certificate once, where it was first. */
const distinct = (certificates: readonly ParsedCertificate[]): readonly ParsedCertificate[] => [
  ...new Map(certificates.map((one) => [one.info.fingerprint256, one] as const)).values(),
];
