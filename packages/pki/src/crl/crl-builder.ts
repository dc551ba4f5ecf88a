import { bitString, encodeDer, integer, octetString, oid, sequence, time, unsignedInteger } from '../asn1/der.js';
import { authorityKeyIdentifier, encodeExtensionList } from '../asn1/extensions.js';
import { isPkiError, PkiError } from '../errors.js';
import { signatureAlgorithm } from '../keys/signature-algorithm.js';
import type { Signer } from '../keys/signer.js';
import type { Revocation, RevocationReason } from '../stores/revocation.js';
import { CRL_NUMBER_OID, REASON_CODE_OID, REASON_CODES, TAG } from './crl-fields.js';
import { writeTlv } from './tlv.js';

/** The decided content of a revocation list. */
export interface CrlContent {
  /** Name DER, byte for byte the CA's subject */
  readonly issuer: Buffer;
  /** the CA's subject key identifier */
  readonly issuerKeyId: Buffer;
  readonly number: bigint;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly revoked: readonly Revocation[];
}

/** CertificateList DER of RFC 5280 5.1, version 2. @throws PkiError `ERR_PKI_SIGNER` when the signer rejects */
export async function signCrl(content: CrlContent, signer: Signer): Promise<Buffer> {
  const algorithm = encodeDer(signatureAlgorithm(signer.algorithm));
  const extensions = encodeExtensionList([
    authorityKeyIdentifier(content.issuerKeyId),
    { oid: CRL_NUMBER_OID, critical: false, value: encodeDer(integer(content.number)) },
  ]);
  // 5.1.2.6: without entries the whole member is absent
  const revoked =
    content.revoked.length === 0 ? [] : [writeTlv(TAG.sequence, ...content.revoked.map((entry) => encodeEntry(entry)))];
  const tbs = writeTlv(
    TAG.sequence,
    encodeDer(integer(1)),
    algorithm,
    content.issuer,
    encodeDer(time(content.thisUpdate)),
    encodeDer(time(content.nextUpdate)),
    ...revoked,
    writeTlv(TAG.explicit0, encodeDer(extensions)),
  );
  let signature: Buffer;
  try {
    signature = await signer.sign(tbs);
  } catch (cause) {
    if (isPkiError(cause)) throw cause;
    throw new PkiError('ERR_PKI_SIGNER', 'the signer failed', { cause });
  }
  return writeTlv(TAG.sequence, tbs, algorithm, encodeDer(bitString(signature)));
}

function encodeEntry({ serial, at, reason }: Revocation): Buffer {
  const extensions = reason === 'unspecified' ? [] : [sequence(reasonCode(reason))];
  return encodeDer(sequence(unsignedInteger(Buffer.from(serial, 'hex')), time(at), ...extensions));
}

/** 5.3.1: `unspecified` should be said by leaving the reason out. */
const reasonCode = (reason: RevocationReason): ReturnType<typeof sequence> =>
  sequence(oid(REASON_CODE_OID), octetString(writeTlv(TAG.enumerated, Buffer.of(REASON_CODES[reason]))));
