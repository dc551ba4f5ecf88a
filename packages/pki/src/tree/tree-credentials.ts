import { type CanonicalSan, sanCovers, sanUnion } from '../asn1/subject-alt-name.js';
import type { CertificateAuthority } from '../certificate/certificate-authority.js';
import { checkCommonName, profileOf, type Role } from '../certificate/profiles.js';
import { PkiError } from '../errors.js';
import { removeAccessOfOthers } from '../files/directory.js';
import { generatePrivateKey } from '../keys/key-pair.js';
import type { Pem } from '../pem.js';
import type { TreeContext } from './tree-context.js';
import { readPendingKey, settlePendingKey } from './pending-key.js';
import {
  type AuthorityFile,
  type CertificateFile,
  checkKeyPair,
  type KeyFile,
  missingKey,
  readCertificateFile,
  readKeyFile,
} from './tree-files.js';

/** A party's certificate and key, and the CA by which it recognises servers. */
export interface Credentials {
  readonly cert: Pem;
  /** PKCS#8 */
  readonly key: Pem;
  /** absolute, like all paths here */
  readonly certPath: string;
  readonly keyPath: string;
  /** the CA of broker and OTA server, for every role */
  readonly ca: Pem;
  readonly caPath: string;
  /** common name of `cert` */
  readonly cn: string;
}

/** Where a party's files are and who signs them. */
export interface CredentialsSpec {
  readonly role: Role;
  readonly certPath: string;
  readonly keyPath: string;
  readonly caPath: string;
  /** expected or wanted CN; undefined: whatever the existing certificate says */
  readonly commonName: string | undefined;
}

/**
 * Reads a certificate with its key and checks that they belong together, to the role and to the CA. Expiry is not
 * checked here: a program may still want to read, and TLS refuses anyway.
 *
 * @throws PkiError `ERR_PKI_CERTIFICATE`, `ERR_PKI_KEY`, `ERR_PKI_PEM`, `ERR_PKI_IO`
 */
export async function readCredentials(
  spec: CredentialsSpec,
  issuer: AuthorityFile,
): Promise<{ certificate: CertificateFile; key: KeyFile } | undefined> {
  const certificate = await readCertificateFile(spec.certPath);
  if (certificate === undefined) return undefined;
  checkIssued(certificate, spec, issuer);
  const pending = await readPendingKey(spec, certificate);
  if (pending) return { certificate, key: pending };
  const key = await readKeyFile(spec.keyPath);
  if (key === undefined) {
    throw missingKey(spec.keyPath, spec.certPath, 'put it back, or delete the certificate too to get a new pair');
  }
  checkKeyPair(certificate, key);
  return { certificate, key };
}

function checkIssued({ path, x509, info }: CertificateFile, spec: CredentialsSpec, issuer: AuthorityFile): void {
  const refuse = (what: string): PkiError => new PkiError('ERR_PKI_CERTIFICATE', `${path} ${what}`, { path });
  const ours = [...issuer.roots, ...issuer.former].some(
    (root) => x509.checkIssued(root.x509) && x509.verify(root.publicKey),
  );
  if (!ours) throw refuse(`was not issued by ${issuer.path}`);
  const profile = profileOf(spec.role);
  const sameUsage = info.extKeyUsage.join() === profile.extendedKeyUsage.join();
  if (info.role !== spec.role || !sameUsage) throw refuse(`is not a certificate of the role ${spec.role}`);
  if (spec.commonName !== undefined && info.subject.CN !== spec.commonName) {
    throw refuse(`is not the one of "${spec.commonName}"`);
  }
}

/** The hosts of a server certificate: `given` ones must be covered, default ones only serve for a first certificate. */
export interface WantedHosts {
  readonly names: CanonicalSan;
  readonly given: boolean;
}

/**
 * Makes what is missing: a key, then the certificate for it. A certificate that expired or does not name every given
 * host is issued again for the same key, naming the old hosts and the new ones.
 */
export async function ensureCredentials(
  spec: CredentialsSpec & { commonName: string; hosts?: WantedHosts | undefined },
  { file, authority }: { file: AuthorityFile; authority: CertificateAuthority },
  context: TreeContext,
): Promise<void> {
  const { store, writer, now } = context;
  await settlePendingKey(spec);
  const found = await readCredentials(spec, file);
  const kept = found?.key ?? (await readKeyFile(spec.keyPath));
  if (kept) await removeAccessOfOthers(spec.keyPath);
  const san = spec.hosts && wantedSan(found?.certificate.info.san, spec.hosts);
  const goodNames = found === undefined || san === undefined || sanCovers(found.certificate.info.san, san);
  if (found && goodNames && now() <= found.certificate.info.notAfter) return;
  // what was revoked comes back only by `renew` with a new key
  if (found && (await store.revocation(found.certificate.info.serial))) return;

  checkCommonName(spec.role, spec.commonName);
  await store.claimName(spec.commonName, spec.role);
  const key = kept ?? (await createKey(spec.keyPath, context));
  const issued = await authority.issue({
    role: spec.role,
    subject: { O: 'secure-esp', CN: spec.commonName },
    key: key.keyObject,
    ...(san ? { san } : {}),
  });
  await writer.writePublic(spec.certPath, issued.certificate, spec.role === 'device' ? 'secret' : 'public');
}

function wantedSan(have: CanonicalSan | undefined, hosts: WantedHosts): CanonicalSan {
  if (have === undefined) return hosts.names;
  return hosts.given && !sanCovers(have, hosts.names) ? sanUnion(have, hosts.names) : have;
}

export async function createKey(path: string, { writer }: TreeContext): Promise<KeyFile> {
  const key = await generatePrivateKey('ec-p256');
  await writer.createSecret(path, key.pem);
  return { ...key, path };
}
