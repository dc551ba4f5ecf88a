import { type KeyObject, X509Certificate } from 'node:crypto';
import {
  authorityKeyIdentifier,
  basicConstraints,
  extensionsDer,
  keyUsage,
  subjectKeyIdentifier,
} from '../asn1/extensions.js';
import { keyIdentifier, signCertificate } from '../certificate/certificate-builder.js';
import type { ParsedCertificate } from '../certificate/certificate-info.js';
import { CA_KEY_USAGE } from '../certificate/profiles.js';
import { randomSerial } from '../certificate/serial-number.js';
import type { ValidityPeriod } from '../certificate/validity.js';
import { verifyIssued } from '../certificate/verify-issued.js';
import { keySigner } from '../keys/signer.js';
import { encodePem, type Pem } from '../pem.js';

/**
 * The name and key of our root, certified by another CA: sent behind a server's certificate, it is the bridge for clients
 * that know the other CA only (RFC 5280 3.2, "cross-certificate"). Who trusts our root itself never looks at it.
 *
 * @throws PkiError `ERR_PKI_SIGNER`, `ERR_PKI_KEY`
 */
export async function crossCertify(
  root: ParsedCertificate,
  issuer: { readonly ca: ParsedCertificate; readonly caKey: KeyObject },
  validity: ValidityPeriod,
): Promise<Pem> {
  const { info, subjectDer, publicKey } = issuer.ca;
  const issuerKeyId = info.subjectKeyId;
  const content = {
    serial: randomSerial(),
    issuer: subjectDer,
    subject: root.subjectDer,
    validity,
    spki: root.spki,
    extensions: extensionsDer(
      basicConstraints(true, 0),
      keyUsage(CA_KEY_USAGE),
      subjectKeyIdentifier(keyIdentifier(root.spki)),
      ...(issuerKeyId === undefined ? [] : [authorityKeyIdentifier(Buffer.from(issuerKeyId, 'hex'))]),
    ),
  };
  const der = await signCertificate(content, keySigner(issuer.caKey));
  verifyIssued(der, content, { publicKey, algorithm: info.keyAlgorithm });
  return encodePem('CERTIFICATE', der);
}

/** Whether it is the bridge for this server certificate; after a rollover it is that of the old root. */
export function bridges(cross: Pem, serverCertificate: Pem): boolean {
  const root = new X509Certificate(cross);
  const server = new X509Certificate(serverCertificate);
  return server.checkIssued(root) && server.verify(root.publicKey);
}
