import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DerCursor, TAG } from '../asn1/der-bytes.js';
import { PkiError } from '../errors.js';
import { ioError, systemCode } from '../files/io-error.js';
import { p256PointOfPkcs8, p256PointOfSpki } from '../keys/p256-encoding.js';
import { decodePem } from '../pem.js';
import { pendingKeyPath } from '../tree/pending-key.js';
import type { DevicePaths, TreePaths } from '../tree/tree-paths.js';

/** Larger than any of the files, also with an RSA-4096 key. */
const MAX_FILE_BYTES = 65_536;

/** A device's folder as far as it can be told without OpenSSL. */
export interface WholeFolder {
  readonly serial: string;
  readonly notAfter: Date;
  readonly issuerKeyId: string;
  /** the server CA that the device trusts */
  readonly ca: string;
}

function readFile(path: string): string | undefined {
  try {
    const { size } = statSync(path);
    return size > MAX_FILE_BYTES ? undefined : readFileSync(path, 'utf8');
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw ioError('read', path, cause);
  }
}

/** True when there is nothing at all, so that the folder can be made in one step. @throws PkiError `ERR_PKI_IO` */
export function isAbsent(dir: string): boolean {
  try {
    statSync(dir);
    return false;
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return true;
    throw ioError('read', dir, cause);
  }
}

/**
 * Reads a device's folder whose certificate is, byte for byte, the one in the records under that name, whose key is a
 * P-256 key with the certificate's point, and which nobody else can read. Anything else, whether damaged or only unusual, gives
 * undefined: then the slow way decides, which has OpenSSL read everything.
 *
 * Synchronous: the few small reads take less time than handing them to a thread.
 *
 * @throws PkiError `ERR_PKI_IO`
 */
export function readWholeFolder(id: string, files: DevicePaths, paths: TreePaths): WholeFolder | undefined {
  const cert = readFile(files.cert);
  const key = readFile(files.key);
  const ca = readFile(files.ca);
  if (cert === undefined || key === undefined || ca === undefined) return undefined;
  if (!isPrivate(files.key) || !isAbsent(pendingKeyPath(files.key))) return undefined;
  const parts = partsOf(cert, key);
  if (parts === undefined) return undefined;
  const record = readRecord(join(paths.issuedDir, `${parts.serial}.json`));
  if (record === undefined) return undefined;
  const { certificate, role, commonName, issuerKeyId, notAfter } = record;
  if (certificate !== cert || role !== 'device' || commonName !== id) return undefined;
  if (typeof issuerKeyId !== 'string' || typeof notAfter !== 'string') return undefined;
  const end = new Date(notAfter);
  return Number.isNaN(end.getTime()) ? undefined : { serial: parts.serial, notAfter: end, issuerKeyId, ca };
}

/** Whether the certificate with that serial number was revoked. @throws PkiError `ERR_PKI_IO` */
export const isRevoked = (serial: string, paths: TreePaths): boolean =>
  !isAbsent(join(paths.issuedDir, 'revoked', `${serial}.json`));

const isPrivate = (path: string): boolean =>
  process.platform === 'win32' || ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0o777) & 0o077) === 0;

/** The serial number of a certificate whose key this is. */
function partsOf(cert: string, key: string): { serial: string } | undefined {
  try {
    const tbs = new DerCursor(decodePem(cert, ['CERTIFICATE']).der).members(TAG.sequence).members(TAG.sequence);
    tbs.whole(TAG.explicit0);
    const serial = tbs.content(TAG.integer).toString('hex').toUpperCase();
    for (let skipped = 0; skipped < 4; skipped += 1) tbs.whole(TAG.sequence);
    const certified = p256PointOfSpki(tbs.whole(TAG.sequence));
    const point = p256PointOfPkcs8(decodePem(key, ['PRIVATE KEY']).der);
    return certified !== undefined && point?.equals(certified) === true ? { serial } : undefined;
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}

function readRecord(path: string): Readonly<Record<string, unknown>> | undefined {
  const text = readFile(path);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
