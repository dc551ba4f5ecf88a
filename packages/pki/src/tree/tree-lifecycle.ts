import { LEAF_PROFILES } from '../certificate/profiles.js';
import { PkiError } from '../errors.js';
import { type RevokeOptions, type RevokeTarget, revokeInStore } from '../lifecycle/revoke.js';
import type { Revocation } from '../stores/revocation.js';
import { ensureFirmwareCopies } from './firmware-copies.js';
import { deviceAuthority, openAuthority, serverAuthority } from './tree-authorities.js';
import type { TreeContext } from './tree-context.js';
import { ensureCrls, type TreeCrls } from './tree-crls.js';
import type { CredentialsSpec } from './tree-credentials.js';
import { type Authorities, readCertificateFile } from './tree-files.js';
import { brokerParty, deviceParty, operatorParty, otaParty } from './tree-parties.js';
import { type RenewOptions, renewCredentials } from './tree-renewal.js';

/** What was revoked, and the lists that say so. */
export interface RevokeReport {
  /** of the certificates that were asked for; dates and reasons are those of their first revocation */
  readonly revoked: readonly Revocation[];
  /** the lists in the tree now */
  readonly crls: TreeCrls;
}

/** Revokes in the store, then issues the lists. A run killed in between is completed by the next, or by `initPki`. */
export async function revokeInTree(
  target: RevokeTarget,
  options: RevokeOptions,
  authorities: Authorities,
  context: TreeContext,
): Promise<RevokeReport> {
  const revoked = await revokeInStore(context.store, target, options, context.now());
  return Object.freeze({ revoked, crls: await ensureCrls(authorities, context) });
}

/** Renews whoever has this name, and the copies that the firmware project embeds. */
export async function renewInTree(
  commonName: string,
  options: RenewOptions,
  authorities: Authorities,
  context: TreeContext,
): Promise<CredentialsSpec> {
  const { paths, store } = context;
  const spec = await partyOf(commonName, context);
  const [authority, file] =
    spec.role === 'device'
      ? [deviceAuthority(paths), authorities.devices]
      : [serverAuthority(paths), authorities.servers];
  const issuer = { file, authority: openAuthority(authority, file, context) };
  const old = await renewCredentials(spec, issuer, context, options);
  if (options.revokeOld === true) {
    await store.revoke(old.info.serial, { reason: 'superseded', at: context.now() });
  }
  // the broker's certificate is part of the files that an adopted CA makes necessary
  if (options.revokeOld === true || spec.role === 'broker') await ensureCrls(authorities, context);
  const updateCert = (await readCertificateFile(paths.otaCert))?.pem ?? '';
  const serverCa = authorities.servers.bundle;
  await ensureFirmwareCopies({ firstDevice: undefined, deviceCa: authorities.devices, serverCa, updateCert }, context);
  return spec;
}

async function partyOf(commonName: string, { paths }: TreeContext): Promise<CredentialsSpec> {
  for (const party of [brokerParty(paths), otaParty(paths), operatorParty(paths)]) {
    if ((await readCertificateFile(party.certPath))?.info.subject.CN === commonName) return party;
  }
  const party = deviceParty(paths, commonName);
  // it becomes part of a path
  const isId = LEAF_PROFILES.device.commonName.pattern.test(commonName);
  if (isId && (await readCertificateFile(party.certPath)) !== undefined) return party;
  throw new PkiError('ERR_PKI_UNKNOWN_DEVICE', `nobody in ${paths.root} is called "${commonName}"`, {
    field: 'commonName',
  });
}
