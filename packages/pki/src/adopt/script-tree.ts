import { createPrivateKey, type KeyObject } from 'node:crypto';
import { join, resolve } from 'node:path';
import { checkCurrent } from '../certificate/authority-checks.js';
import { PkiError } from '../errors.js';
import { parseFile, readTextFile } from '../files/text-file.js';
import { parseFirmwareKey } from '../keys/firmware-key.js';
import type { Pem } from '../pem.js';
import { type CertificateFile, readCertificateFile } from '../tree/tree-files.js';

/** What the older shell script makes, as far as it is of use here. */
export interface ScriptTree {
  readonly root: string;
  readonly ca: CertificateFile;
  readonly caKey: KeyObject;
  /** `client.crt`, `server.crt`, `update_cert.pem`: whoever has one of their keys becomes an operator */
  readonly certificates: readonly CertificateFile[];
  /** `secure_boot_signing_key.pem`, which people made by hand */
  readonly signingKey: { readonly path: string; readonly pem: Pem } | undefined;
}

/**
 * Reads and checks such a tree. Its leaf certificates are of version 1, so all there is to check is who signed them.
 *
 * @throws PkiError `ERR_PKI_NOT_FOUND`, `ERR_PKI_NOT_CA`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_EXPIRED`, `ERR_PKI_KEY`,
 *   `ERR_PKI_PEM`, `ERR_PKI_IO`, with the file in `path`
 */
export async function readScriptTree(dir: string, now: Date): Promise<ScriptTree> {
  const root = resolve(dir);
  const cert = async (name: string): Promise<CertificateFile | undefined> =>
    readCertificateFile(join(root, 'ca', 'certs', name));
  const caPath = join(root, 'ca', 'certs', 'ca.crt');
  const ca = needed(await cert('ca.crt'), root, caPath);
  checkCa(ca, now);
  const clientPath = join(root, 'ca', 'certs', 'client.crt');
  const client = needed(await cert('client.crt'), root, clientPath);
  const others = [await cert('server.crt'), await cert('update_cert.pem')].filter((file) => file !== undefined);
  const certificates = [client, ...others];
  for (const { path, x509 } of certificates) {
    if (x509.checkIssued(ca.x509) && x509.verify(ca.publicKey)) continue;
    throw new PkiError('ERR_PKI_CERTIFICATE', `${path} was not issued by ${ca.path}`, { path });
  }
  return Object.freeze({
    root,
    ca,
    caKey: await readCaKey(join(root, 'ca', 'keys', 'ca.key'), ca, root),
    certificates: Object.freeze(certificates),
    signingKey: await readSigningKey(join(root, 'secure_boot_signing_key.pem')),
  });
}

function needed<T>(value: T | undefined, root: string, path: string): T {
  if (value !== undefined) return value;
  const message = `${root} is not a tree of certificate_creation.sh: ${path} is missing`;
  throw new PkiError('ERR_PKI_NOT_FOUND', message, { path });
}

function checkCa({ path, pem, info, x509, publicKey }: CertificateFile, now: Date): void {
  const signs = info.keyUsage.length === 0 || info.keyUsage.includes('keyCertSign');
  if (!info.isCa || !signs) {
    throw new PkiError('ERR_PKI_NOT_CA', `${path} is not the certificate of an authority`, { path });
  }
  if (!x509.checkIssued(x509) || !x509.verify(publicKey)) {
    throw new PkiError('ERR_PKI_CERTIFICATE', `${path} is not signed by its own key`, { path });
  }
  parseFile(path, pem, () => {
    checkCurrent(info, now, 'the CA certificate');
  });
}

async function readCaKey(path: string, ca: CertificateFile, root: string): Promise<KeyObject> {
  const pem = needed(await readTextFile(path), root, path);
  let key: KeyObject;
  try {
    // the form depends on the version of OpenSSL
    key = createPrivateKey(pem);
  } catch (cause) {
    const message = `${path} is damaged or encrypted: it is needed once, to sign a revocation list`;
    throw new PkiError('ERR_PKI_KEY', message, { cause, path });
  }
  if (ca.x509.checkPrivateKey(key)) return key;
  throw new PkiError('ERR_PKI_KEY', `${path} is not the private key of ${ca.path}`, { path });
}

async function readSigningKey(path: string): Promise<ScriptTree['signingKey']> {
  const text = await readTextFile(path);
  if (text === undefined) return undefined;
  // without -noout, `openssl ecparam -genkey` puts the parameters in front
  const pem = text.replace(/^-----BEGIN EC PARAMETERS-----[^-]+-----END EC PARAMETERS-----\s*/, '');
  return { path, pem: parseFile(path, pem, (key) => parseFirmwareKey(key, 'v1-ecdsa-p256')) };
}
