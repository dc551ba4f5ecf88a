import { type KeyObject, verify } from 'node:crypto';
import { readTime } from '../asn1/der.js';
import { DerCursor, TAG } from '../asn1/der-bytes.js';
import { isPkiError, PkiError } from '../errors.js';
import type { KeyAlgorithm } from '../keys/key-algorithm.js';
import { signatureAlgorithmDer, signatureDigest } from '../keys/signature-algorithm.js';
import { type CertificateContent, VERSION_3 } from './certificate-builder.js';
import { type CertificateInfo, parseCertificateDer } from './certificate-info.js';

/** By whom a certificate is to be signed; the key object is made once, reading it costs more than the signature. */
export interface IssuerKey {
  readonly publicKey: KeyObject;
  readonly algorithm: KeyAlgorithm;
}

/**
 * Reads a fresh certificate back before anybody gets it, so that a signer that answers nonsense, or a slip in our encoder,
 * ends here and not on a device: every field is found again where it belongs, and OpenSSL verifies the signature over
 * the bytes that will be handed out.
 *
 * @throws PkiError `ERR_PKI_SIGNER`, `ERR_PKI_CERTIFICATE`
 */
export function verifyIssued(der: Buffer, content: CertificateContent, issuer: IssuerKey): void {
  let signed: { tbs: Buffer; signature: Buffer } | undefined;
  try {
    signed = readFields(der, content, issuer.algorithm);
  } catch (cause) {
    if (!isPkiError(cause)) throw cause;
    throw readsDifferently(cause);
  }
  if (signed === undefined) throw readsDifferently();
  const { tbs, signature } = signed;
  if (!verify(signatureDigest(issuer.algorithm), tbs, issuer.publicKey, signature)) {
    throw new PkiError('ERR_PKI_SIGNER', 'the signer returned a signature that does not verify');
  }
}

/** What was signed and the signature, or undefined when a field is not the one that was decided. */
function readFields(
  der: Buffer,
  content: CertificateContent,
  algorithm: KeyAlgorithm,
): { tbs: Buffer; signature: Buffer } | undefined {
  const outside = new DerCursor(der);
  const certificate = outside.members(TAG.sequence);
  outside.end();
  const tbs = certificate.whole(TAG.sequence);
  const signatureAlgorithm = certificate.whole(TAG.sequence);
  const signature = certificate.content(TAG.bitString);
  certificate.end();

  const fields = new DerCursor(tbs).members(TAG.sequence);
  const same = [
    fields.whole(TAG.explicit0).equals(VERSION_3),
    fields.content(TAG.integer).equals(content.serial),
    fields.whole(TAG.sequence).equals(signatureAlgorithmDer(algorithm)),
    fields.whole(TAG.sequence).equals(content.issuer),
    sameValidity(fields.members(TAG.sequence), content),
    fields.whole(TAG.sequence).equals(content.subject),
    fields.whole(TAG.sequence).equals(content.spki),
    fields.members(TAG.explicit3).content(TAG.sequence).equals(content.extensions),
    signatureAlgorithm.equals(signatureAlgorithmDer(algorithm)),
    signature[0] === 0,
  ];
  fields.end();
  return same.every(Boolean) ? { tbs, signature: signature.subarray(1) } : undefined;
}

function sameValidity(times: DerCursor, { validity }: CertificateContent): boolean {
  const next = (): number => {
    const tag = times.tag === TAG.utcTime ? TAG.utcTime : TAG.generalizedTime;
    return secondOf(tag, times.content(tag).toString('latin1'));
  };
  const same = next() === validity.notBefore.getTime() && next() === validity.notAfter.getTime();
  times.end();
  return same;
}

const MAX_REMEMBERED = 100;
const remembered = new Map<string, number>();

/** The certificates of a batch share their dates. */
function secondOf(tag: number, text: string): number {
  const key = `${tag} ${text}`;
  let second = remembered.get(key);
  if (second === undefined) {
    second = readTime(text, tag === TAG.utcTime).getTime();
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(key, second);
  }
  return second;
}

/**
 * The same by OpenSSL's own parser and the one of this package, which take ten times as long.
 *
 * @throws PkiError `ERR_PKI_CERTIFICATE`
 */
export function readBack(der: Buffer, content: CertificateContent): CertificateInfo {
  const { info, x509, subjectDer, spki } = parseCertificateDer(der);
  const same =
    info.serial === content.serial.toString('hex').toUpperCase() &&
    Date.parse(x509.validFrom) === content.validity.notBefore.getTime() &&
    Date.parse(x509.validTo) === content.validity.notAfter.getTime() &&
    subjectDer.equals(content.subject) &&
    spki.equals(content.spki);
  if (!same) throw readsDifferently();
  return info;
}

export const readsDifferently = (cause?: unknown): PkiError =>
  new PkiError('ERR_PKI_CERTIFICATE', 'the certificate reads back differently than it was written', { cause });
