import { checkCurrent, checkIsAuthority } from '../certificate/authority-checks.js';
import { CertificateAuthority, createCertificateAuthority } from '../certificate/certificate-authority.js';
import type { Role } from '../certificate/profiles.js';
import { PkiError } from '../errors.js';
import { exists } from '../files/atomic-file.js';
import { listDirectory, removeAccessOfOthers } from '../files/directory.js';
import { parseFile } from '../files/text-file.js';
import { generatePrivateKey } from '../keys/key-pair.js';
import { keySigner, type Signer } from '../keys/signer.js';
import type { TreeContext } from './tree-context.js';
import {
  type CertificateFile,
  checkKeyPair,
  type KeyFile,
  missingKey,
  readCertificateFile,
  readKeyFile,
} from './tree-files.js';
import type { TreePaths } from './tree-paths.js';

/** The two authorities of a tree, as data. Apart, so that no device certificate can ever pass as an operator's. */
export interface AuthoritySpec {
  readonly certPath: string;
  readonly keyPath: string;
  readonly crlPath: string;
  readonly commonName: string;
  readonly roles: readonly Role[];
  /** certificates that would be orphans under a new CA */
  readonly dependants: () => Promise<readonly string[]>;
}

export const serverAuthority = (paths: TreePaths): AuthoritySpec => ({
  certPath: paths.caCert,
  keyPath: paths.caKey,
  crlPath: paths.caCrl,
  commonName: 'secure-esp CA',
  roles: ['operator', 'broker', 'ota'],
  dependants: () => Promise.resolve([paths.brokerCert, paths.operatorCert, paths.otaCert]),
});

export const deviceAuthority = (paths: TreePaths): AuthoritySpec => ({
  certPath: paths.deviceCaCert,
  keyPath: paths.deviceCaKey,
  crlPath: paths.deviceCaCrl,
  commonName: 'secure-esp device CA',
  roles: ['device'],
  dependants: async () => (await listDirectory(paths.devicesDir)).map((id) => paths.device(id).cert),
});

/**
 * Reads and checks a CA certificate.
 *
 * @throws PkiError `ERR_PKI_NOT_CA`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_EXPIRED` and those of reading
 */
export async function readAuthority(spec: AuthoritySpec, now: Date): Promise<CertificateFile | undefined> {
  const file = await readCertificateFile(spec.certPath);
  if (file === undefined) return undefined;
  parseFile(file.path, file.pem, () => checkIsAuthority(file.info));
  if (!file.x509.verify(file.publicKey)) {
    throw new PkiError('ERR_PKI_CERTIFICATE', `${file.path} is not signed by its own key`, { path: file.path });
  }
  parseFile(file.path, file.pem, () => {
    checkCurrent(file.info, now, 'the CA certificate');
  });
  return file;
}

/** Signs with a key in a file that is read when a signature is wanted, so it may be kept elsewhere. */
export const fileSigner = (spec: AuthoritySpec, file: CertificateFile): Signer => ({
  algorithm: file.info.keyAlgorithm,
  spki: file.spki,
  sign: async (tbs) => {
    const key = await readKeyFile(spec.keyPath);
    if (key === undefined) {
      throw missingKey(spec.keyPath, spec.certPath, 'put it back to issue certificates and revocation lists');
    }
    checkKeyPair(file, key);
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
): Promise<{ file: CertificateFile; authority: CertificateAuthority }> {
  const found = await readAuthority(spec, context.now());
  const key = await readKeyFile(spec.keyPath);
  if (key) await removeAccessOfOthers(spec.keyPath);
  if (found && key) checkKeyPair(found, key);
  const file = found ?? (await createAuthorityFiles(spec, key, context));
  return { file, authority: openAuthority(spec, file, context) };
}

async function createAuthorityFiles(
  spec: AuthoritySpec,
  existingKey: KeyFile | undefined,
  context: TreeContext,
): Promise<CertificateFile> {
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
