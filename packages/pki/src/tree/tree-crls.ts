import { issueCrl } from '../crl/issue-crl.js';
import { MAX_CRL_BYTES } from '../crl/crl-limits.js';
import type { CrlInfo } from '../crl/parse-crl.js';
import { verifyCrlOf } from '../crl/verify-crl.js';
import { isPkiError, PkiError } from '../errors.js';
import { exists } from '../files/atomic-file.js';
import { parseFile, readTextFile } from '../files/text-file.js';
import type { Pem } from '../pem.js';
import { type AuthoritySpec, deviceAuthority, fileSigner, serverAuthority } from './tree-authorities.js';
import type { TreeContext } from './tree-context.js';
import type { CertificateFile } from './tree-files.js';

/** A revocation list of a tree: read, and verified with its CA. */
export interface TreeCrl {
  readonly path: string;
  readonly crl: Pem;
  readonly info: CrlInfo;
}

/** Undefined where there is none yet (a tree of an older version). */
export interface TreeCrls {
  /** of `ca`: operators, broker, OTA server */
  readonly servers: TreeCrl | undefined;
  /** of `device-ca` */
  readonly devices: TreeCrl | undefined;
}

export interface RefreshCrlsOptions {
  /** default 30 */
  readonly days?: number;
  /** `needed` (default): at half of its time, or when it is missing, damaged or lacks something; `always` */
  readonly when?: 'needed' | 'always';
}

interface Authorities {
  readonly servers: CertificateFile;
  readonly devices: CertificateFile;
}

/** @throws PkiError `ERR_PKI_CRL`, `ERR_PKI_PEM`, `ERR_PKI_IO`, naming the file */
export async function readCrls(authorities: Authorities, { paths }: TreeContext): Promise<TreeCrls> {
  return Object.freeze({
    servers: await readCrl(serverAuthority(paths), authorities.servers),
    devices: await readCrl(deviceAuthority(paths), authorities.devices),
  });
}

/** Issues the lists that have to be. @throws PkiError `ERR_PKI_KEY` (the CA's key is not here), those of `issueCrl` */
export async function ensureCrls(
  authorities: Authorities,
  context: TreeContext,
  options: RefreshCrlsOptions = {},
): Promise<TreeCrls> {
  const { paths } = context;
  return Object.freeze({
    servers: await ensureCrl(serverAuthority(paths), authorities.servers, context, options),
    devices: await ensureCrl(deviceAuthority(paths), authorities.devices, context, options),
  });
}

async function readCrl(spec: AuthoritySpec, issuer: CertificateFile): Promise<TreeCrl | undefined> {
  const path = spec.crlPath;
  const crl = await readTextFile(path, MAX_CRL_BYTES);
  if (crl === undefined) return undefined;
  return Object.freeze({ path, crl, info: parseFile(path, crl, (text) => verifyCrlOf(text, issuer)) });
}

async function ensureCrl(
  spec: AuthoritySpec,
  issuer: CertificateFile,
  context: TreeContext,
  { days, when = 'needed' }: RefreshCrlsOptions,
): Promise<TreeCrl | undefined> {
  const current = await readUsable(spec, issuer);
  const complete = await listsEverything(current?.info, issuer, context);
  if (when === 'needed' && complete) {
    if (current && !isHalfOver(current.info, context.now())) return current;
    // early, or a first list that says nothing: not worth failing for when the CA's key is kept elsewhere
    if (!(await exists(spec.keyPath))) return current;
  }
  const { store, now, writer } = context;
  const issued = await issueCrl({
    certificate: issuer.pem,
    signer: fileSigner(spec, issuer),
    store,
    now,
    ...(days === undefined ? {} : { days }),
  });
  await writer.writePublic(spec.crlPath, issued.crl);
  // Mosquitto accepts everybody when it cannot read its list: nobody is told before the file itself was read
  const written = await readCrl(spec, issuer);
  if (written?.crl === issued.crl) return written;
  throw new PkiError('ERR_PKI_CRL', `${spec.crlPath} reads back differently than it was written`, {
    path: spec.crlPath,
  });
}

/** A damaged list counts as none: all that it says is in the store. */
async function readUsable(spec: AuthoritySpec, issuer: CertificateFile): Promise<TreeCrl | undefined> {
  try {
    return await readCrl(spec, issuer);
  } catch (error) {
    if (isPkiError(error) && (error.code === 'ERR_PKI_CRL' || error.code === 'ERR_PKI_PEM')) return undefined;
    throw error;
  }
}

async function listsEverything(
  info: CrlInfo | undefined,
  issuer: CertificateFile,
  { store, now }: TreeContext,
): Promise<boolean> {
  for await (const { serial } of store.revocations()) {
    if (info?.revoked.has(serial)) continue;
    const record = await store.get(serial);
    const lacks = record === undefined || (record.issuerKeyId === issuer.info.subjectKeyId && record.notAfter >= now());
    if (lacks) return false;
  }
  return true;
}

/** Half of the time is left to notice that a list was not renewed: one that is over refuses everybody. */
export const isHalfOver = ({ thisUpdate, nextUpdate }: CrlInfo, now: Date): boolean =>
  now.getTime() >= (thisUpdate.getTime() + nextUpdate.getTime()) / 2;
