import type { CertificateAuthority } from '../certificate/certificate-authority.js';
import { PkiError } from '../errors.js';
import { moveFile } from '../files/atomic-file.js';
import { pendingKeyPath, settlePendingKey } from './pending-key.js';
import type { TreeContext } from './tree-context.js';
import { createKey, type CredentialsSpec, readCredentials } from './tree-credentials.js';
import { type AuthorityFile, type CertificateFile, type KeyFile, readKeyFile } from './tree-files.js';

/** What a renewed certificate is like, and what becomes of the old one. */
export interface RenewOptions {
  /** days of the new certificate; default: of the role's profile, cut to the CA's own end */
  readonly days?: number;
  /**
   * Make a new key too. The old one is gone from this folder then, and where only the old one is installed the new
   * certificate is of no use. Default false: the same key.
   */
  readonly dangerouslyReplaceKey?: boolean;
  /** Revoke the old certificate (`superseded`). Default false: it stays good until its end. */
  readonly revokeOld?: boolean;
}

/**
 * Issues a certificate again: same role, name and hosts, new serial number. Returns the old one. A run that is killed
 * leaves a good pair, the old or the new one.
 *
 * @throws PkiError `ERR_PKI_REVOKED` when the old one is revoked and its key would be certified again
 */
export async function renewCredentials(
  spec: CredentialsSpec,
  { file, authority }: { file: AuthorityFile; authority: CertificateAuthority },
  context: TreeContext,
  options: RenewOptions,
): Promise<CertificateFile> {
  const { store, writer } = context;
  await settlePendingKey(spec);
  const found = await readCredentials(spec, file);
  const commonName = found?.certificate.info.subject.CN;
  if (!found || commonName === undefined) {
    const message = `there is no certificate ${spec.certPath} to renew`;
    throw new PkiError('ERR_PKI_UNKNOWN_DEVICE', message, { path: spec.certPath });
  }
  const { info } = found.certificate;
  const replace = options.dangerouslyReplaceKey === true;
  if (!replace && (await store.revocation(info.serial))) throw revokedError(commonName, spec.certPath);
  const key = replace ? await pendingKey(spec, context) : found.key;
  const hasHosts = info.san.dns.length + info.san.ip.length > 0;
  const issued = await authority.issue({
    role: spec.role,
    subject: { O: 'secure-esp', CN: commonName },
    key: key.keyObject,
    ...(hasHosts ? { san: info.san } : {}),
    ...(options.days === undefined ? {} : { days: options.days }),
  });
  await writer.writePublic(spec.certPath, issued.certificate, spec.role === 'device' ? 'secret' : 'public');
  if (replace) {
    writer.announce(spec.keyPath);
    await moveFile(key.path, spec.keyPath);
  }
  return found.certificate;
}

/** A key that an earlier, killed run has left waiting was never used: it serves as well as a fresh one. */
async function pendingKey(spec: CredentialsSpec, context: TreeContext): Promise<KeyFile> {
  const path = pendingKeyPath(spec.keyPath);
  return (await readKeyFile(path)) ?? (await createKey(path, context));
}

export const revokedError = (commonName: string, path: string): PkiError =>
  new PkiError('ERR_PKI_REVOKED', `the certificate of "${commonName}" is revoked; only a new key makes it good again`, {
    path,
  });
