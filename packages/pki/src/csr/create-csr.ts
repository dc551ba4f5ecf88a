import type { KeyObject } from 'node:crypto';
import { bitString, context, decodeDer, encodeDer, integer, oid, sequence, set } from '../asn1/der.js';
import { encodeName, type Subject } from '../asn1/distinguished-name.js';
import { encodeExtensionList, subjectAltName } from '../asn1/extensions.js';
import { canonicalSan, encodeSan, type San } from '../asn1/subject-alt-name.js';
import { isPkiError, PkiError } from '../errors.js';
import { signatureAlgorithm } from '../keys/signature-algorithm.js';
import { keySigner, type Signer } from '../keys/signer.js';
import { encodePem, type Pem } from '../pem.js';
import { parseCsr } from './csr-info.js';
import { EXTENSION_REQUEST_OID } from './requested-extensions.js';

/** Whose key a request is for, and which names it asks for. */
export interface CreateCsrOptions {
  /** the private key to be certified, or a {@link Signer} that holds it; it is not part of the request */
  key: KeyObject | Pem | Signer;
  /** the name to ask for; the authority decides */
  subject: Subject & { CN: string };
  /** host names and addresses to ask for; the authority decides */
  san?: San;
}

/**
 * Makes a PKCS#10 certificate request (RFC 2986): what a device or an operator sends to an authority instead of its
 * private key. It is read back by {@link parseCsr} before you get it.
 *
 * @throws PkiError `ERR_PKI_KEY`, `ERR_PKI_NAME`, `ERR_PKI_SAN`, `ERR_PKI_SIGNER`
 */
export async function createCsr({ key, subject, san }: CreateCsrOptions): Promise<Pem> {
  const signer = typeof key === 'object' && 'spki' in key ? key : keySigner(key);
  const request = sequence(
    integer(0),
    encodeName(subject),
    decodeDer(signer.spki),
    context(0, ...(san === undefined ? [] : [extensionRequest(san)])),
  );
  const signature = await signed(signer, encodeDer(request));
  const der = encodeDer(sequence(request, signatureAlgorithm(signer.algorithm), bitString(signature)));
  try {
    parseCsr(der);
  } catch (cause) {
    throw new PkiError('ERR_PKI_SIGNER', 'the certificate request does not verify with the signer’s own key', {
      cause,
    });
  }
  return encodePem('CERTIFICATE REQUEST', der);
}

const extensionRequest = (san: San): ReturnType<typeof sequence> =>
  sequence(oid(EXTENSION_REQUEST_OID), set(encodeExtensionList([subjectAltName(encodeSan(canonicalSan(san)))])));

async function signed(signer: Signer, request: Buffer): Promise<Buffer> {
  try {
    return await signer.sign(request);
  } catch (cause) {
    if (isPkiError(cause)) throw cause;
    throw new PkiError('ERR_PKI_SIGNER', 'the signer failed', { cause });
  }
}
