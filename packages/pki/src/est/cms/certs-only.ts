import { X509Certificate } from 'node:crypto';
import {
  children,
  content,
  context,
  decodeDer,
  DerClass,
  type DerNode,
  DerType,
  encodeDer,
  integer,
  oid,
  oidText,
  sequence,
  sequenceItems,
  set,
  setItems,
} from '../../asn1/der.js';
import { PkiError } from '../../errors.js';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const DATA = '1.2.840.113549.1.7.1';
const CERTIFICATES_TAG = 0;
const CRLS_TAG = 1;
const MAX_CERTIFICATES = 32;

/**
 * Certificates as the degenerate "certs-only" SignedData of RFC 5652 5.1 (RFC 7030 4.1.3): no content, no signer.
 * `openssl pkcs7 -inform DER -print_certs` reads it.
 */
export function encodeCertsOnly(certificates: readonly Buffer[]): Buffer {
  // the elements of a SET OF go by their encoding (X.690 11.6)
  const sorted = [...certificates].sort((a, b) => Buffer.compare(a, b));
  const signedData = sequence(
    integer(1),
    set(),
    sequence(oid(DATA)),
    context(CERTIFICATES_TAG, ...sorted.map((der) => decodeDer(der))),
    set(),
  );
  return encodeDer(sequence(oid(SIGNED_DATA), context(0, signedData)));
}

const bad = (what: string, cause?: unknown): PkiError =>
  new PkiError('ERR_PKI_CERTIFICATE', `not a certs-only CMS message: ${what}`, cause === undefined ? {} : { cause });

/**
 * The certificates (DER) of a certs-only message of at most 64 KiB. Strict: DER, no content, no signer, 1 to 32
 * certificates, each one that OpenSSL reads. Lists of revoked certificates are skipped.
 *
 * @throws PkiError `ERR_PKI_CERTIFICATE`
 */
export function decodeCertsOnly(der: Buffer): readonly Buffer[] {
  const [type, explicit, ...more] = sequenceItems(decodeDer(der));
  if (more.length > 0 || oidText(type) !== SIGNED_DATA) throw bad('it is not SignedData');
  const wrapped = children(explicit, 0, DerClass.CONTEXT_SPECIFIC);
  if (wrapped.length !== 1) throw bad('it has more than one content');
  const [version, digests, encapsulated, ...rest] = sequenceItems(wrapped[0]);
  const number = content(version, DerType.INTEGER);
  if (number.length !== 1 || ![1, 3].includes(number[0] ?? 0)) throw bad('its version is not 1 or 3');
  setItems(digests);
  const [dataType, ...data] = sequenceItems(encapsulated);
  if (oidText(dataType) !== DATA || data.length > 0) throw bad('it has a content');
  const signers = rest.pop();
  if (setItems(signers).length > 0) throw bad('it is signed');
  const certificates = rest.shift();
  const nodes = children(certificates, CERTIFICATES_TAG, DerClass.CONTEXT_SPECIFIC);
  for (const crls of rest) children(crls, CRLS_TAG, DerClass.CONTEXT_SPECIFIC);
  if (rest.length > 1 || nodes.length === 0 || nodes.length > MAX_CERTIFICATES) {
    throw bad(`it must hold 1..${MAX_CERTIFICATES} certificates`);
  }
  return nodes.map(readCertificate);
}

function readCertificate(node: DerNode): Buffer {
  const der = encodeDer(node);
  try {
    return new X509Certificate(der).raw;
  } catch (cause) {
    throw bad('it holds a certificate that does not parse', cause);
  }
}
