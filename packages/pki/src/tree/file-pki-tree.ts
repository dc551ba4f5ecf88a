import type { Issued } from '../certificate/authority-options.js';
import { checkCommonName } from '../certificate/profiles.js';
import { PkiError } from '../errors.js';
import { type LockOptions, withLock } from '../files/lock-file.js';
import type { FirmwareKeyScheme } from '../keys/firmware-key.js';
import type { ReleaseKey } from '../keys/release-key.js';
import { type InventoryEntry, type InventoryFilter, listInventory } from '../lifecycle/inventory.js';
import type { RevokeOptions, RevokeTarget } from '../lifecycle/revoke.js';
import type { Pem } from '../pem.js';
import type { PkiTree } from './pki-tree.js';
import { deviceAuthority, openAuthority, readAuthority, serverAuthority } from './tree-authorities.js';
import type { TreeContext } from './tree-context.js';
import { ensureCrls, readCrls, type RefreshCrlsOptions, type TreeCrls } from './tree-crls.js';
import { type Credentials, type CredentialsSpec, readCredentials } from './tree-credentials.js';
import { signCsrInTree, type SignCsrOptions } from './tree-csr.js';
import { ensureDevice, listDevices } from './tree-devices.js';
import { type CertificateFile, readCertificateFile } from './tree-files.js';
import { type RevokeReport, renewInTree, revokeInTree } from './tree-lifecycle.js';
import { brokerParty, deviceParty, operatorParty, otaParty } from './tree-parties.js';
import type { TreePaths } from './tree-paths.js';
import { type RenewOptions, revokedError } from './tree-renewal.js';
import { ensureFirmwareKey, readFirmwareKey, readReleaseKey } from './tree-signing-keys.js';

interface TreeContents {
  readonly ca: CertificateFile;
  readonly deviceCa: CertificateFile;
  readonly broker: Credentials;
  readonly ota: Credentials;
  readonly operator: Credentials;
  readonly release: ReleaseKey;
}

export interface LoadTreeOptions {
  /** for the calls on the tree that write */
  readonly lock: LockOptions;
  readonly created: readonly string[];
}

/**
 * Reads and checks a whole tree, without its CA keys.
 *
 * @throws PkiError `ERR_PKI_NOT_FOUND` when a file is missing, and those of reading
 */
export async function loadTree(context: TreeContext, { lock, created }: LoadTreeOptions): Promise<PkiTree> {
  const { paths, now } = context;
  const needed = <T>(value: T | undefined, path: string): T => {
    if (value !== undefined) return value;
    const message = `no complete certificate tree in ${paths.root} (${path} is missing): run \`secure-esp pki init\``;
    throw new PkiError('ERR_PKI_NOT_FOUND', message, { path });
  };
  const ca = needed(await readAuthority(serverAuthority(paths), now()), paths.caCert);
  const deviceCa = needed(await readAuthority(deviceAuthority(paths), now()), paths.deviceCaCert);
  const party = async (spec: CredentialsSpec): Promise<Credentials> =>
    needed(await loadCredentials(spec, ca, ca.pem), spec.certPath);
  const contents: TreeContents = {
    ca,
    deviceCa,
    broker: await party(brokerParty(paths)),
    ota: await party(otaParty(paths)),
    operator: await party(operatorParty(paths)),
    release: needed(await readReleaseKey(paths), paths.releaseKey),
  };
  return Object.freeze(new FilePkiTree(context, contents, { lock, created }));
}

async function loadCredentials(
  spec: CredentialsSpec,
  issuer: CertificateFile,
  ca: Pem,
): Promise<Credentials | undefined> {
  const found = await readCredentials(spec, issuer);
  if (found === undefined) return undefined;
  return Object.freeze({
    cert: found.certificate.pem,
    key: found.key.pem,
    certPath: spec.certPath,
    keyPath: found.key.path,
    ca,
    caPath: spec.caPath,
    cn: found.certificate.info.subject.CN ?? '',
  });
}

class FilePkiTree implements PkiTree {
  readonly dir: string;
  readonly paths: TreePaths;
  readonly created: readonly string[];
  readonly ca: Pem;
  readonly deviceCa: Pem;
  readonly broker: Credentials;
  readonly ota: Credentials;
  readonly operator: Credentials;
  readonly releaseKey: Pem;
  readonly releaseKeyId: string;
  readonly releasePublicKey: Pem;
  readonly #context: TreeContext;
  readonly #authorities: { readonly servers: CertificateFile; readonly devices: CertificateFile };
  readonly #lock: LockOptions;

  constructor(context: TreeContext, contents: TreeContents, { lock, created }: LoadTreeOptions) {
    this.#context = context;
    this.#authorities = { servers: contents.ca, devices: contents.deviceCa };
    this.#lock = lock;
    this.paths = context.paths;
    this.dir = context.paths.root;
    this.created = Object.freeze([...created]);
    this.ca = contents.ca.pem;
    this.deviceCa = contents.deviceCa.pem;
    this.broker = contents.broker;
    this.ota = contents.ota;
    this.operator = contents.operator;
    this.releaseKey = contents.release.privateKey;
    this.releaseKeyId = contents.release.id;
    this.releasePublicKey = contents.release.publicKey;
  }

  async device(id: string): Promise<Credentials> {
    checkCommonName('device', id);
    const found = await loadCredentials(deviceParty(this.paths, id), this.#authorities.devices, this.ca);
    if (found !== undefined) return found;
    throw new PkiError('ERR_PKI_UNKNOWN_DEVICE', `there is no device "${id}" in ${this.paths.devicesDir}`, {
      path: this.paths.device(id).cert,
      field: 'id',
    });
  }

  async issueDevice(id: string): Promise<Credentials> {
    checkCommonName('device', id);
    const file = this.#authorities.devices;
    const authority = openAuthority(deviceAuthority(this.paths), file, this.#context);
    const issuer = { file, authority, serverCa: this.ca };
    await this.#locked(() => ensureDevice(id, issuer, this.#context));
    const { certPath } = deviceParty(this.paths, id);
    const serial = (await readCertificateFile(certPath))?.info.serial ?? '';
    if (await this.#context.store.revocation(serial)) throw revokedError(id, certPath);
    return this.device(id);
  }

  inventory(filter: InventoryFilter = {}): AsyncIterable<InventoryEntry> {
    return listInventory(this.#context.store, filter, this.#context.now());
  }

  revoke(target: RevokeTarget, options: RevokeOptions = {}): Promise<RevokeReport> {
    return this.#locked(() => revokeInTree(target, options, this.#authorities, this.#context));
  }

  async renew(commonName: string, options: RenewOptions = {}): Promise<Credentials> {
    const spec = await this.#locked(() => renewInTree(commonName, options, this.#authorities, this.#context));
    const issuer = spec.role === 'device' ? this.#authorities.devices : this.#authorities.servers;
    const renewed = await loadCredentials(spec, issuer, this.ca);
    if (renewed !== undefined) return renewed;
    throw new PkiError('ERR_PKI_IO', `${spec.certPath} vanished`, { path: spec.certPath });
  }

  signCsr(options: SignCsrOptions): Promise<Issued> {
    return this.#locked(() => signCsrInTree(options, this.#authorities, this.#context));
  }

  crls(): Promise<TreeCrls> {
    return readCrls(this.#authorities, this.#context);
  }

  refreshCrls(options: RefreshCrlsOptions = {}): Promise<TreeCrls> {
    return this.#locked(() => ensureCrls(this.#authorities, this.#context, options));
  }

  devices(): Promise<readonly string[]> {
    return listDevices(this.paths);
  }

  async firmwareKey(scheme: FirmwareKeyScheme): Promise<Pem> {
    const key = await readFirmwareKey(this.paths, scheme);
    if (key !== undefined) return key;
    const path = this.paths.firmwareKeys[scheme];
    throw new PkiError('ERR_PKI_NOT_FOUND', `there is no ${scheme} firmware key (${path})`, { path });
  }

  ensureFirmwareKey(scheme: FirmwareKeyScheme): Promise<Pem> {
    return this.#locked(() => ensureFirmwareKey(scheme, this.#context));
  }

  #locked<T>(work: () => Promise<T>): Promise<T> {
    return withLock(this.paths.lock, this.#lock, work);
  }
}
