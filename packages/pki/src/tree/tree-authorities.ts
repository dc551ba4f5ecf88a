import { dirname, join } from 'node:path';
import { checkCurrent, checkIsAuthority } from '../certificate/authority-checks.js';
import { CertificateAuthority, createCertificateAuthority } from '../certificate/certificate-authority.js';
import { parseCertificatePem } from '../certificate/certificate-info.js';
import type { Role } from '../certificate/profiles.js';
import { PkiError } from '../errors.js';
import { exists } from '../files/atomic-file.js';
import { listDirectory, removeAccessOfOthers } from '../files/directory.js';
import { parseFile, readTextFile } from '../files/text-file.js';
import { generatePrivateKey } from '../keys/key-pair.js';
import { keySigner, type Signer } from '../keys/signer.js';
import { type Pem, splitPem } from '../pem.js';
import { generationOf } from '../rollover/generation.js';
import { pendingKeyPath } from './pending-key.js';
import type { TreeContext } from './tree-context.js';
import {
  type AuthorityFile,
  type CertificateFile,
  checkKeyPair,
  type KeyFile,
  missingKey,
  readCertificateFile,
  readKeyFile,
} from './tree-files.js';
import type { TreePaths } from './tree-paths.js';

/** The two CAs of a tree, see {@link AuthorityName}. */
export const AUTHORITY_NAMES = ['ca', 'device-ca'] as const;
/** `ca` signs servers and operators, `device-ca` devices. */
export type AuthorityName = (typeof AUTHORITY_NAMES)[number];

/** The two authorities of a tree, as data. Apart, so that no device certificate can ever pass as an operator's. */
export interface AuthoritySpec {
  readonly name: AuthorityName;
  readonly certPath: string;
  readonly keyPath: string;
  readonly crlPath: string;
  readonly commonName: string;
  readonly roles: readonly Role[];
  /** certificates that would be orphans under a new CA */
  readonly dependants: () => Promise<readonly string[]>;
}

export const serverAuthority = (paths: TreePaths): AuthoritySpec => ({
  name: 'ca',
  certPath: paths.caCert,
  keyPath: paths.caKey,
  crlPath: paths.caCrl,
  commonName: 'secure-esp CA',
  roles: ['operator', 'broker', 'ota'],
  dependants: () => Promise.resolve([paths.brokerCert, paths.operatorCert, paths.otaCert]),
});

export const deviceAuthority = (paths: TreePaths): AuthoritySpec => ({
  name: 'device-ca',
  certPath: paths.deviceCaCert,
  keyPath: paths.deviceCaKey,
  crlPath: paths.deviceCaCrl,
  commonName: 'secure-esp device CA',
  roles: ['device'],
  dependants: async () => (await listDirectory(paths.devicesDir)).map((id) => paths.device(id).cert),
});

/**
 * Reads and checks the certificates of a CA: the root that signs and, while the CA is rolled over, the other one.
 * `known` is what was read before: the same text is not parsed again.
 *
 * @throws PkiError `ERR_PKI_NOT_CA`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_EXPIRED` (the root that signs) and those of reading
 */
export async function readAuthority(
  spec: AuthoritySpec,
  now: Date,
  known?: AuthorityFile,
): Promise<AuthorityFile | undefined> {
  const bundle = await readTextFile(spec.certPath);
  if (bundle === undefined) return undefined;
  const file = known?.bundle === bundle ? known : parseAuthority(spec.certPath, bundle, await readFormer(spec));
  parseFile(file.path, file.pem, () => {
    checkCurrent(file.info, now, 'the CA certificate');
  });
  return file;
}

/** Where the certificates of dropped roots are. */
export const archiveOf = ({ certPath }: AuthoritySpec): string => join(dirname(dirname(certPath)), 'retired');

async function readFormer(spec: AuthoritySpec): Promise<readonly CertificateFile[]> {
  const directory = archiveOf(spec);
  const names = (await listDirectory(directory)).filter((name) => name.endsWith('.crt'));
  const files = await Promise.all(names.map((name) => readCertificateFile(join(directory, name))));
  return Object.freeze(files.filter((file) => file !== undefined));
}

function parseAuthority(path: string, bundle: Pem, former: readonly CertificateFile[]): AuthorityFile {
  const refuse = (what: string): PkiError => new PkiError('ERR_PKI_CERTIFICATE', `${path} ${what}`, { path });
  const roots = splitPem(bundle).map((pem): CertificateFile => {
    const root = parseFile(path, pem, parseCertificatePem);
    parseFile(path, pem, () => checkIsAuthority(root.info));
    if (!root.x509.verify(root.publicKey)) throw refuse('is not signed by its own key');
    return { ...root, path, pem };
  });
  const [signing, other] = roots;
  if (signing === undefined || roots.length > 2) throw refuse(`holds ${roots.length} certificates`);
  if (other !== undefined) {
    const [one, two] = [signing, other].map(({ info }) => generationOf(info.subject.CN ?? ''));
    const rolledOver = one?.base === two?.base && one?.number !== two?.number && !signing.spki.equals(other.spki);
    if (!rolledOver) throw refuse('holds a second certificate that no rollover has put there');
  }
  return Object.freeze({ ...signing, roots: Object.freeze(roots), former, bundle });
}

/** Where the key of a new root waits for the switch, and where that of the old one goes then. */
export const waitingKeyPath = (spec: AuthoritySpec): string => pendingKeyPath(spec.keyPath);
export const retiredKeyPath = (spec: AuthoritySpec): string => `${spec.keyPath}.retired`;

/** The key of a root, wherever a rollover, finished or killed, has put it. @throws PkiError those of reading */
export async function findAuthorityKey(spec: AuthoritySpec, root: CertificateFile): Promise<KeyFile | undefined> {
  for (const path of [spec.keyPath, waitingKeyPath(spec), retiredKeyPath(spec)]) {
    const key = await readKeyFile(path);
    if (key && root.x509.checkPrivateKey(key.keyObject)) return key;
  }
  return undefined;
}

/** Signs with a key in a file that is read when a signature is wanted, so it may be kept elsewhere. */
export const fileSigner = (spec: AuthoritySpec, root: CertificateFile): Signer => ({
  algorithm: root.info.keyAlgorithm,
  spki: root.spki,
  sign: async (tbs) => {
    const key = await findAuthorityKey(spec, root);
    if (key === undefined) {
      const other = await readKeyFile(spec.keyPath);
      if (other) checkKeyPair(root, other);
      throw missingKey(spec.keyPath, spec.certPath, 'put it back to issue certificates and revocation lists');
    }
    return keySigner(key.keyObject).sign(tbs);
  },
});

/** The CA, whose key is needed only to issue. */
export function openAuthority(spec: AuthoritySpec, file: CertificateFile, context: TreeContext): CertificateAuthority {
  const signer = fileSigner(spec, file);
  const { store, now } = context;
  return CertificateAuthority.open({ certificate: file.pem, signer, roles: spec.roles, store, now });
}

/** Makes what is missing of a CA; never replaces a key or a certificate. */
export async function ensureAuthority(
  spec: AuthoritySpec,
  context: TreeContext,
): Promise<{ file: AuthorityFile; authority: CertificateAuthority }> {
  const found = await readAuthority(spec, context.now());
  const key = await readKeyFile(spec.keyPath);
  if (key) await removeAccessOfOthers(spec.keyPath);
  // a killed switch leaves the key of the other root here
  if (found && key && !found.roots.some(({ x509 }) => x509.checkPrivateKey(key.keyObject))) checkKeyPair(found, key);
  const file = found ?? (await createAuthorityFiles(spec, key, context));
  return { file, authority: openAuthority(spec, file, context) };
}

async function createAuthorityFiles(
  spec: AuthoritySpec,
  existingKey: KeyFile | undefined,
  context: TreeContext,
): Promise<AuthorityFile> {
  const key = existingKey ?? (await createAuthorityKey(spec, context));
  const { store, now, writer } = context;
  const { ca } = await createCertificateAuthority({
    subject: { O: 'secure-esp', CN: spec.commonName },
    signer: keySigner(key.keyObject),
    roles: spec.roles,
    store,
    now,
  });
  await writer.writePublic(spec.certPath, ca.certificate);
  const file = await readAuthority(spec, now());
  if (file === undefined) throw new PkiError('ERR_PKI_IO', `${spec.certPath} vanished`, { path: spec.certPath });
  return file;
}

async function createAuthorityKey(spec: AuthoritySpec, { writer }: TreeContext): Promise<KeyFile> {
  for (const path of await spec.dependants()) {
    if (!(await exists(path))) continue;
    throw new PkiError(
      'ERR_PKI_NOT_FOUND',
      `${spec.certPath} and ${spec.keyPath} are missing but ${path}, issued by them, is there: put them back, or start in an empty folder`,
      { path: spec.certPath },
    );
  }
  const key = await generatePrivateKey('ec-p256');
  await writer.createSecret(spec.keyPath, key.pem);
  return { ...key, path: spec.keyPath };
}
