import type { KeyObject } from 'node:crypto';
import type { Issued } from '../certificate/authority-options.js';
import { parseCertificatePem } from '../certificate/certificate-info.js';
import { parseCsr } from '../csr/csr-info.js';
import { PkiError } from '../errors.js';
import { spkiOf } from '../keys/key-pair.js';
import type { Pem } from '../pem.js';
import { deviceAuthority, openAuthority, serverAuthority } from './tree-authorities.js';
import type { TreeContext } from './tree-context.js';
import type { Authorities } from './tree-files.js';

/** The roles that hold their own keys: servers get theirs in the tree. */
export const CSR_ROLES = ['device', 'operator'] as const;
/** One of {@link CSR_ROLES}. */
export type CsrRole = (typeof CSR_ROLES)[number];

/** How a tree answers a certificate request. */
export interface SignCsrOptions {
  /** PKCS#10, PEM text or DER bytes */
  readonly csr: Pem | Uint8Array;
  /** the name to certify, whatever the request asks for */
  readonly commonName: string;
  /** default `device` */
  readonly role?: CsrRole;
  /** default: as the role's are */
  readonly days?: number;
}

/** Certifies the key of a request by the CA of the role; a key that was revoked under this name stays refused. */
export async function signCsrInTree(
  { csr, commonName, role = 'device', days }: SignCsrOptions,
  authorities: Authorities,
  context: TreeContext,
): Promise<Issued> {
  if (!CSR_ROLES.includes(role)) {
    throw new PkiError('ERR_PKI_ROLE', `requests are signed for ${CSR_ROLES.join(' or ')}`, { field: 'role' });
  }
  await refuseRevokedKey(parseCsr(csr).publicKey, commonName, context);
  const { paths } = context;
  const [spec, file] =
    role === 'device' ? [deviceAuthority(paths), authorities.devices] : [serverAuthority(paths), authorities.servers];
  return openAuthority(spec, file, context).issueFromCsr({
    csr,
    role,
    subject: { O: 'secure-esp', CN: commonName },
    ...(days === undefined ? {} : { days }),
  });
}

async function refuseRevokedKey(key: KeyObject, commonName: string, { store }: TreeContext): Promise<void> {
  const spki = spkiOf(key);
  for await (const { serial, certificate } of store.list({ commonName })) {
    if (!parseCertificatePem(certificate).spki.equals(spki)) continue;
    const revocation = await store.revocation(serial);
    // superseded: the certificate was replaced, which says nothing against its key
    if (revocation === undefined || revocation.reason === 'superseded') continue;
    const message = `this key of "${commonName}" is revoked (${serial}): make a new key and request`;
    throw new PkiError('ERR_PKI_REVOKED', message, { field: 'csr' });
  }
}
