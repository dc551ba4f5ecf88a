import type { KeyObject } from 'node:crypto';
import { decodeDer, type DerNode, encodeDer, sequenceItems } from '../asn1/der.js';
import type { Subject } from '../asn1/distinguished-name.js';
import type { KeyAlgorithm } from '../keys/key-algorithm.js';
import { parsePublicKeyInfo, type PublicKeyInfo } from '../keys/public-key-info.js';
import { decodePem, type Pem } from '../pem.js';
import { csrError, reading } from './csr-error.js';
import { checkProofOfPossession, type CsrSignatureAlgorithm, readSignatureAlgorithm } from './csr-signature.js';
import { checkVersion, readAttributes, type RequestedSan } from './requested-extensions.js';
import { readRequestedSubject } from './requested-subject.js';

/** The largest request that is read, in bytes of DER. An RSA-4096 request with a hundred names is half of it. */
export const MAX_CSR_BYTES = 16_384;

/** The labels of RFC 7468 7, and of old OpenSSL and Microsoft tools. */
const LABELS = ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'] as const;

/**
 * A certificate request whose sender holds the private key. Its names are wishes: check who is asking by other means.
 */
export interface CsrInfo {
  /** the name asked for; may be empty */
  readonly subject: Readonly<Subject>;
  /** the subject alternative names asked for; may be empty */
  readonly requestedSan: RequestedSan;
  readonly publicKey: KeyObject;
  readonly keyAlgorithm: KeyAlgorithm;
  /** SubjectPublicKeyInfo DER, byte for byte as OpenSSL writes it */
  readonly spki: Buffer;
  readonly signatureAlgorithm: CsrSignatureAlgorithm;
}

/**
 * Reads a PKCS#10 certificate request (RFC 2986) of at most 16 KiB, PEM text or DER bytes, and checks its signature.
 *
 * Strict: DER only, one PEM block with nothing around it, no trailing bytes, version 1, keys and signatures of the kinds
 * of {@link KeyAlgorithm} and {@link CsrSignatureAlgorithm} only, no attribute or extension twice, no unknown critical
 * extension, no request for CA powers. Synchronous; well under a millisecond for EC keys.
 *
 * @throws PkiError `ERR_PKI_CSR` for every kind of bad input; `field` names the part
 */
export function parseCsr(csr: Pem | Uint8Array): CsrInfo {
  const der = readDer(csr);
  const tree = reading('der', 'is not DER', () => decodeDer(der));
  const [request, algorithm, signature] = exactly(3, tree, 'der', 'is not a SEQUENCE of three');
  const [version, name, spki, attributes] = exactly(4, request, 'der', 'has other fields than four');
  reading('version', 'has a malformed version', () => {
    checkVersion(version);
  });
  const signatureAlgorithm = readSignatureAlgorithm(algorithm);
  const key = reading('publicKey', 'has an unsupported or damaged public key', () => readKey(spki));
  const subject = reading('subject', 'has a malformed subject', () => readRequestedSubject(name));
  const requestedSan = reading('attributes', 'has malformed attributes', () => readAttributes(attributes));
  reading('signature', 'has a malformed signature', () => {
    // the tree was encoded again and compared with the input: these are the bytes that came in
    checkProofOfPossession({ algorithm: signatureAlgorithm, signed: encodeDer(request), signature, key });
  });
  const { publicKey, algorithm: keyAlgorithm, spki: spkiDer } = key;
  return Object.freeze({ subject, requestedSan, publicKey, keyAlgorithm, spki: spkiDer, signatureAlgorithm });
}

function readDer(csr: unknown): Buffer {
  if (csr instanceof Uint8Array) {
    if (csr.length > MAX_CSR_BYTES) throw tooLarge();
    return Buffer.from(csr);
  }
  if (typeof csr !== 'string') throw csrError('csr', 'a certificate request is PEM text or DER bytes');
  // base64 takes 4 characters for 3 bytes; with line ends and labels, twice as many is ample
  if (csr.length > 2 * MAX_CSR_BYTES) throw tooLarge();
  const { der } = reading('pem', 'is not exactly one PEM block', () => decodePem(csr, LABELS));
  if (der.length > MAX_CSR_BYTES) throw tooLarge();
  return der;
}

const tooLarge = (): Error => csrError('csr', `the certificate request is larger than ${MAX_CSR_BYTES} bytes`);

const readKey = (node: DerNode): PublicKeyInfo => parsePublicKeyInfo(encodeDer(node));

type Items<N extends 3 | 4> = N extends 3 ? [DerNode, DerNode, DerNode] : [DerNode, DerNode, DerNode, DerNode];

function exactly<N extends 3 | 4>(count: N, node: DerNode, field: 'der', what: string): Items<N> {
  const items = reading(field, what, () => sequenceItems(node));
  if (items.length !== count) throw csrError(field, `the certificate request ${what}`);
  return items as Items<N>;
}
