import { ensureOperatorTrust } from '../adopt/operator-trust.js';
import { issueCrl } from '../crl/issue-crl.js';
import { MAX_CRL_BYTES } from '../crl/crl-limits.js';
import { type CrlInfo, parseCrl } from '../crl/parse-crl.js';
import { verifyCrlOf } from '../crl/verify-crl.js';
import { isPkiError, PkiError } from '../errors.js';
import { exists } from '../files/atomic-file.js';
import { parseFile, readTextFile } from '../files/text-file.js';
import { type Pem, splitPem } from '../pem.js';
import {
  type AuthoritySpec,
  deviceAuthority,
  fileSigner,
  findAuthorityKey,
  serverAuthority,
} from './tree-authorities.js';
import type { TreeContext } from './tree-context.js';
import type { Authorities, AuthorityFile, CertificateFile } from './tree-files.js';

/** The list of one root. */
export interface RootCrl {
  readonly crl: Pem;
  readonly info: CrlInfo;
}

/** A revocation list of a tree: read, and verified with its CA. While a CA is rolled over it is one list of each root. */
export interface TreeCrl {
  /** absolute */
  readonly path: string;
  /** the whole file, which Mosquitto takes as it is */
  readonly crl: Pem;
  /** of the root that signs */
  readonly info: CrlInfo;
  /**
   * Of every root, the one that signs first. For Node's `crl` option give an array of these: of several lists in one
   * text it reads the first only.
   */
  readonly lists: readonly RootCrl[];
}

/** Undefined where there is none yet (a tree of an older version). */
export interface TreeCrls {
  /** of `ca`: operators, broker, OTA server */
  readonly servers: TreeCrl | undefined;
  /** of `device-ca` */
  readonly devices: TreeCrl | undefined;
}

/** When revocation lists are written again, and how long the new ones last. */
export interface RefreshCrlsOptions {
  /** default 30 */
  readonly days?: number;
  /** `needed` (default): at half of its time, or when it is missing, damaged or lacks something; `always` */
  readonly when?: 'needed' | 'always';
}

/** @throws PkiError `ERR_PKI_CRL`, `ERR_PKI_PEM`, `ERR_PKI_IO`, naming the file */
export async function readCrls(authorities: Authorities, context: TreeContext): Promise<TreeCrls> {
  const { paths } = context;
  return Object.freeze({
    servers: await readNewest(serverAuthority(paths), authorities.servers, context),
    devices: await readNewest(deviceAuthority(paths), authorities.devices, context),
  });
}

/** Issues the lists that have to be. @throws PkiError `ERR_PKI_KEY` (the CA's key is not here), those of `issueCrl` */
export async function ensureCrls(
  authorities: Authorities,
  context: TreeContext,
  options: RefreshCrlsOptions = {},
): Promise<TreeCrls> {
  const { paths } = context;
  const crls = Object.freeze({
    servers: await ensureCrl(serverAuthority(paths), authorities.servers, context, options),
    devices: await ensureCrl(deviceAuthority(paths), authorities.devices, context, options),
  });
  await ensureOperatorTrust(authorities.servers, crls.servers, context);
  return crls;
}

async function readCrl(spec: AuthoritySpec, issuer: AuthorityFile): Promise<TreeCrl | undefined> {
  const path = spec.crlPath;
  const crl = await readTextFile(path, 2 * MAX_CRL_BYTES);
  return crl === undefined ? undefined : parseFile(path, crl, (text) => toTreeCrl(path, text, issuer.roots));
}

/**
 * A list that was deleted, or an older one that was put back, would let in whom the last one refuses.
 *
 * @throws PkiError `ERR_PKI_CRL`
 */
async function readNewest(
  spec: AuthoritySpec,
  issuer: AuthorityFile,
  { store }: TreeContext,
): Promise<TreeCrl | undefined> {
  const path = spec.crlPath;
  const found = await readCrl(spec, issuer);
  for (const root of issuer.roots) {
    const latest = await store.latestCrl(root.info.subjectKeyId ?? '');
    if (latest === undefined) continue;
    const list = found?.lists.find(({ info }) => info.issuerKeyId === root.info.subjectKeyId);
    if (list !== undefined && list.info.number >= latest.number) continue;
    // an older one that says as much is harmless: a run may have been killed before it wrote the newest
    const lost = [...parseCrl(latest.crl).revoked.keys()].find((serial) => list?.info.revoked.has(serial) !== true);
    if (lost === undefined) continue;
    const message = `${path}: the revocation list is ${list === undefined ? 'missing' : 'an old one'}, without ${lost}; run \`secure-esp pki crl\``;
    throw new PkiError('ERR_PKI_CRL', message, { path });
  }
  return found;
}

function toTreeCrl(path: string, crl: Pem, roots: readonly CertificateFile[]): TreeCrl {
  const byRoot = new Map<CertificateFile, RootCrl>();
  for (const text of splitPem(crl)) {
    const { issuerKeyId } = parseCrl(text);
    const root = roots.find(({ info }) => info.subjectKeyId === issuerKeyId);
    // of a root that a rollover has dropped a moment ago, or will add in a moment
    if (!root) continue;
    if (byRoot.has(root)) throw new PkiError('ERR_PKI_CRL', 'there are two revocation lists of one root');
    byRoot.set(root, Object.freeze({ crl: text, info: verifyCrlOf(text, root) }));
  }
  const lists = roots.map((root) => byRoot.get(root)).filter((list) => list !== undefined);
  const first = roots[0] && byRoot.get(roots[0]);
  if (!first) throw new PkiError('ERR_PKI_CRL', 'the revocation list is of another issuer');
  return Object.freeze({ path, crl, info: first.info, lists: Object.freeze(lists) });
}

async function ensureCrl(
  spec: AuthoritySpec,
  issuer: AuthorityFile,
  context: TreeContext,
  options: RefreshCrlsOptions,
): Promise<TreeCrl | undefined> {
  const current = await readUsable(spec, issuer);
  const lists: RootCrl[] = [];
  for (const root of issuer.roots) {
    const signing = root === issuer.roots[0];
    const list = await ensureRootCrl(spec, root, { signing, current, context, options });
    if (list) lists.push(list);
  }
  const text = lists.map(({ crl }) => crl).join('');
  if (text === '' || text === current?.crl) return current;
  await context.writer.writePublic(spec.crlPath, text);
  // Mosquitto accepts everybody when it cannot read its list: nobody is told before the file itself was read
  const written = await readCrl(spec, issuer);
  if (written?.crl === text) return written;
  throw new PkiError('ERR_PKI_CRL', `${spec.crlPath} reads back differently than it was written`, {
    path: spec.crlPath,
  });
}

/** The list of a root in the file, or the one that was issued last when the file has an older one or none. */
async function newestList(
  current: TreeCrl | undefined,
  root: CertificateFile,
  { store }: TreeContext,
): Promise<RootCrl | undefined> {
  const list = current?.lists.find(({ info }) => info.issuerKeyId === root.info.subjectKeyId);
  const latest = await store.latestCrl(root.info.subjectKeyId ?? '');
  if (latest === undefined || (list !== undefined && list.info.number >= latest.number)) return list;
  return Object.freeze({ crl: latest.crl, info: verifyCrlOf(latest.crl, root) });
}

interface RootCrlState {
  readonly signing: boolean;
  readonly current: TreeCrl | undefined;
  readonly context: TreeContext;
  readonly options: RefreshCrlsOptions;
}

/** The current list of a root, or a new one where it is time. */
async function ensureRootCrl(
  spec: AuthoritySpec,
  root: CertificateFile,
  { signing, current, context, options }: RootCrlState,
): Promise<RootCrl | undefined> {
  const { store, now } = context;
  const { days, when = 'needed' } = options;
  const list = await newestList(current, root, context);
  // a root that is leaving and over signs nothing more, and nobody accepts what it signed
  if (now() > root.info.notAfter) return list;
  if ((when === 'needed' || !signing) && (await listsEverything(list?.info, root, context))) {
    if (when === 'needed' && list && !isHalfOver(list.info, now())) return list;
    // early, or a first list that says nothing: not worth failing for when the CA's key is kept elsewhere
    const elsewhere = signing ? !(await exists(spec.keyPath)) : true;
    if (elsewhere && (await findAuthorityKey(spec, root)) === undefined) return list;
  }
  return issueCrl({
    certificate: root.pem,
    signer: fileSigner(spec, root),
    store,
    now,
    ...(days === undefined ? {} : { days }),
  });
}

/** A damaged list counts as none: all that it says is in the store. */
async function readUsable(spec: AuthoritySpec, issuer: AuthorityFile): Promise<TreeCrl | undefined> {
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
