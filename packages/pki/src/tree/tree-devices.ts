import type { CertificateAuthority } from '../certificate/certificate-authority.js';
import { LEAF_PROFILES } from '../certificate/profiles.js';
import { exists } from '../files/atomic-file.js';
import { listDirectory } from '../files/directory.js';
import { readTextFile } from '../files/text-file.js';
import type { Pem } from '../pem.js';
import type { TreeContext } from './tree-context.js';
import { ensureCredentials } from './tree-credentials.js';
import type { AuthorityFile } from './tree-files.js';
import { deviceParty } from './tree-parties.js';
import type { TreePaths } from './tree-paths.js';

/** The ids that have a certificate, sorted. */
export async function listDevices(paths: TreePaths): Promise<readonly string[]> {
  const { pattern } = LEAF_PROFILES.device.commonName;
  const ids: string[] = [];
  for (const name of await listDirectory(paths.devicesDir)) {
    if (pattern.test(name) && (await exists(paths.device(name).cert))) ids.push(name);
  }
  return ids;
}

export interface DeviceIssuer {
  readonly file: AuthorityFile;
  readonly authority: CertificateAuthority;
  /** the CA by which devices recognise servers */
  readonly serverCa: Pem;
}

/** A device's folder: key, certificate, and a copy of the server CA. */
export async function ensureDevice(id: string, issuer: DeviceIssuer, context: TreeContext): Promise<void> {
  await ensureCredentials(deviceParty(context.paths, id), issuer, context);
  await ensureDeviceCa(id, issuer.serverCa, context);
}

/** The device's copy of the server CA. */
export async function ensureDeviceCa(id: string, serverCa: Pem, { paths, writer }: TreeContext): Promise<void> {
  const path = paths.device(id).ca;
  if ((await readTextFile(path)) !== serverCa) await writer.writePublic(path, serverCa, 'secret');
}
