import { type ParsedCertificate, parseCertificatePem } from '../certificate/certificate-info.js';
import { PkiError } from '../errors.js';
import { parseFile, readTextFile } from '../files/text-file.js';
import { type PrivateKey, parsePrivateKey } from '../keys/key-pair.js';
import type { Pem } from '../pem.js';

export interface CertificateFile extends ParsedCertificate {
  readonly path: string;
  readonly pem: Pem;
}

/** The certificates of a CA. As a `CertificateFile` it is the root that signs. */
export interface AuthorityFile extends CertificateFile {
  /** every root that is trusted, the one that signs first: two while the CA is rolled over */
  readonly roots: readonly CertificateFile[];
  /** roots that were dropped: nobody trusts what they signed, but one may still read it, or renew it */
  readonly former: readonly CertificateFile[];
  /** all of `roots` in one text */
  readonly bundle: Pem;
}

/** Both CAs of a tree. */
export interface Authorities {
  readonly servers: AuthorityFile;
  readonly devices: AuthorityFile;
}

export interface KeyFile extends PrivateKey {
  readonly path: string;
}

/** @throws PkiError `ERR_PKI_IO`, and what `parseCertificate` throws, naming the file */
export async function readCertificateFile(path: string): Promise<CertificateFile | undefined> {
  const pem = await readTextFile(path);
  return pem === undefined ? undefined : { ...parseFile(path, pem, parseCertificatePem), path, pem };
}

/** A PKCS#8 key. @throws PkiError `ERR_PKI_IO`, `ERR_PKI_PEM`, `ERR_PKI_KEY`, naming the file */
export async function readKeyFile(path: string): Promise<KeyFile | undefined> {
  const pem = await readTextFile(path);
  return pem === undefined ? undefined : { ...parseFile(path, pem, (text) => parsePrivateKey(text)), path };
}

/** @throws PkiError `ERR_PKI_KEY` */
export function checkKeyPair(certificate: CertificateFile, key: KeyFile): void {
  if (certificate.x509.checkPrivateKey(key.keyObject)) return;
  throw new PkiError('ERR_PKI_KEY', `${key.path} is not the private key of ${certificate.path}`, { path: key.path });
}

export const missingKey = (keyPath: string, certPath: string, advice: string): PkiError =>
  new PkiError('ERR_PKI_KEY', `${keyPath} is missing but ${certPath} is there: ${advice}`, { path: keyPath });
