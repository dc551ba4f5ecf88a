import { PkiError } from '../errors.js';
import { exists } from '../files/atomic-file.js';
import { ensureDirectory } from '../files/directory.js';
import { withLock } from '../files/lock-file.js';
import { loadTree } from './file-pki-tree.js';
import { ensureFirmwareCopies } from './firmware-copies.js';
import { type InitPkiOptions, type ResolvedInitOptions, resolveInitOptions } from './init-options.js';
import { removeLeftovers } from './leftovers.js';
import type { PkiTree } from './pki-tree.js';
import { deviceAuthority, ensureAuthority, serverAuthority } from './tree-authorities.js';
import { type TreeContext, treeContext } from './tree-context.js';
import { ensureCrls } from './tree-crls.js';
import { ensureCredentials } from './tree-credentials.js';
import { ensureDevice } from './tree-devices.js';
import { readCertificateFile } from './tree-files.js';
import { brokerParty, operatorParty, otaParty } from './tree-parties.js';
import { treePaths } from './tree-paths.js';
import { ensureFirmwareKey, ensureReleaseKey } from './tree-signing-keys.js';

/**
 * Makes the whole certificate tree, or what is missing of it: two CAs, server and operator pairs, device pairs,
 * firmware and release signing keys, the copies the firmware project embeds, and a record of everything issued.
 *
 * Run it as often as you like. Files that are there and good are left byte for byte; a run that was killed is
 * completed by the next one; a CA or a signing key is never replaced. Server certificates are issued again (same key)
 * when `hosts` names something they lack, and any certificate whose time is over; nothing that was revoked is. Revocation
 * lists are issued anew at half of their time, or when they lack something. Two runs at the same time take turns.
 *
 * @example
 * const tree = await initPki({ dir: '.secure-esp', hosts: ['broker.local', '192.168.1.10'], devices: ['esp-001'] });
 *
 * @throws PkiError `ERR_PKI_OPTION`, `ERR_PKI_NAME`, `ERR_PKI_SAN` (options, before anything is written);
 *   `ERR_PKI_PEM`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_KEY`, `ERR_PKI_NOT_CA`, `ERR_PKI_STORE` (a file is damaged: `path`);
 *   `ERR_PKI_EXPIRED` (a CA); `ERR_PKI_EXISTS`, `ERR_PKI_NOT_FOUND`, `ERR_PKI_IO`, `ERR_PKI_LOCKED`.
 *   An aborted `signal` rejects with its reason.
 */
export async function initPki(options: InitPkiOptions): Promise<PkiTree> {
  const resolved = resolveInitOptions(options);
  const paths = treePaths(resolved.dir);
  const context = treeContext(paths, resolved.now, options);
  const lock = { timeoutMs: options.lockTimeoutMs };
  options.signal?.throwIfAborted();
  if (!(await exists(paths.root))) await ensureDirectory(paths.root, 'secret');
  return withLock(paths.lock, { ...lock, signal: options.signal }, async () => {
    await removeLeftovers(paths);
    await ensureTree(resolved, context);
    // a context of its own: the signal and the listener of this run are not those of later calls on the tree
    return loadTree(treeContext(paths, resolved.now), { lock, created: context.writer.written });
  });
}

async function ensureTree(options: ResolvedInitOptions, context: TreeContext): Promise<void> {
  const { paths } = context;
  const { hosts } = options;
  const servers = await ensureAuthority(serverAuthority(paths), context);
  const devices = await ensureAuthority(deviceAuthority(paths), context);
  await ensureCredentials({ ...brokerParty(paths), hosts }, servers, context);
  await ensureCredentials({ ...otaParty(paths), hosts }, servers, context);
  await ensureOperator(options.operator, servers, context);
  const serverCa = servers.file.bundle;
  for (const id of options.devices) await ensureDevice(id, { ...devices, serverCa }, context);
  for (const scheme of options.schemes) await ensureFirmwareKey(scheme, context);
  await ensureReleaseKey(context);
  await ensureCrls({ servers: servers.file, devices: devices.file }, context);
  const updateCert = (await readCertificateFile(paths.otaCert))?.pem ?? '';
  const firstDevice = options.devices[0];
  await ensureFirmwareCopies({ firstDevice, deviceCa: devices.file, serverCa, updateCert }, context);
}

async function ensureOperator(
  wanted: string | undefined,
  authority: Parameters<typeof ensureCredentials>[1],
  context: TreeContext,
): Promise<void> {
  const { paths } = context;
  const existing = (await readCertificateFile(paths.operatorCert))?.info.subject.CN;
  if (existing !== undefined && wanted !== undefined && wanted !== existing) {
    const message = `the operator of this tree is "${existing}", not "${wanted}"; delete ${paths.operatorCert} to issue a new one`;
    throw new PkiError('ERR_PKI_NAME', message, { path: paths.operatorCert, field: 'operator' });
  }
  const commonName = wanted ?? existing ?? 'operator';
  await ensureCredentials({ ...operatorParty(paths), commonName }, authority, context);
}
