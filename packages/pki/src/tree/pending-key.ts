import { exists, moveFile } from '../files/atomic-file.js';
import { type CertificateFile, type KeyFile, readCertificateFile, readKeyFile } from './tree-files.js';

interface Pair {
  readonly certPath: string;
  readonly keyPath: string;
}

/**
 * Where the new key of a renewal waits until its certificate is written. Two files cannot be replaced in one step: as
 * soon as the certificate is the one of the waiting key, that key counts, and a killed run leaves a good pair.
 */
export const pendingKeyPath = (keyPath: string): string => `${keyPath}.next`;

/** The waiting key when the certificate is already its own. @throws PkiError those of reading */
export async function readPendingKey(pair: Pair, certificate: CertificateFile): Promise<KeyFile | undefined> {
  const path = pendingKeyPath(pair.keyPath);
  if (!(await exists(path))) return undefined;
  const key = await readKeyFile(path);
  return key && certificate.x509.checkPrivateKey(key.keyObject) ? key : undefined;
}

/** Completes what a killed renewal left: moves the waiting key into its place if the certificate is its own. */
export async function settlePendingKey(pair: Pair): Promise<void> {
  if (!(await exists(pendingKeyPath(pair.keyPath)))) return;
  const certificate = await readCertificateFile(pair.certPath);
  const pending = certificate && (await readPendingKey(pair, certificate));
  if (pending) await moveFile(pending.path, pair.keyPath);
}
