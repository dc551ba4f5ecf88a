import { type AdoptedCa, readAdopted } from '../adopt/adopted-ca.js';
import { adoptInTree, type AdoptOptions, type AdoptReport, endAdoptionInTree } from '../adopt/adopt-ca.js';
import { type DeviceBatchReport, type IssueDevicesOptions, resolveBatchOptions } from '../batch/batch-options.js';
import { issueDevicesInTree } from '../batch/issue-devices.js';
import { settleStagedDevices } from '../batch/staged-devices.js';
import type { Issued } from '../certificate/authority-options.js';
import { checkCommonName } from '../certificate/profiles.js';
import { PkiError } from '../errors.js';
import { type LockOptions, withLock } from '../files/lock-file.js';
import type { FirmwareKeyScheme } from '../keys/firmware-key.js';
import { type InventoryEntry, type InventoryFilter, listInventory } from '../lifecycle/inventory.js';
import type { RevokeOptions, RevokeTarget } from '../lifecycle/revoke.js';
import type { Pem } from '../pem.js';
import { rollOverInTree, type RolloverOptions, type RolloverReport } from '../rollover/roll-over.js';
import { readRolloverStatus, type RolloverStatus } from '../rollover/rollover-status.js';
import { deviceAuthority, openAuthority, readAuthority, serverAuthority } from './tree-authorities.js';
import { type TreeContext, treeContext } from './tree-context.js';
import { ensureCrls, readCrls, type RefreshCrlsOptions, type TreeCrls } from './tree-crls.js';
import { type Credentials, type CredentialsSpec, readCredentials } from './tree-credentials.js';
import { signCsrInTree, type SignCsrOptions } from './tree-csr.js';
import { ensureDevice, listDevices } from './tree-devices.js';
import { type Authorities, type AuthorityFile, readCertificateFile } from './tree-files.js';
import { type RevokeReport, renewInTree, revokeInTree } from './tree-lifecycle.js';
import { deviceParty } from './tree-parties.js';
import { type PkiTreeOf, readParts, refuseOtherParts, TREE_PARTS, type TreePart } from './tree-parts.js';
import type { TreePaths } from './tree-paths.js';
import { type RenewOptions, revokedError } from './tree-renewal.js';
import { ensureFirmwareKey, readFirmwareKey } from './tree-signing-keys.js';

interface TreeContents {
  readonly authorities: Authorities;
  readonly adopted: AdoptedCa | undefined;
}

export interface LoadTreeOptions {
  /** for the calls on the tree that write */
  readonly lock: LockOptions;
  readonly created: readonly string[];
  /** default: all, which is what the type says then */
  readonly parts?: ReadonlySet<TreePart> | undefined;
}

const WHOLE: ReadonlySet<TreePart> = new Set(TREE_PARTS);

/**
 * Reads and checks a whole tree, or some parts of it, without its CA keys.
 *
 * @throws PkiError `ERR_PKI_NOT_FOUND` when a file is missing, and those of reading
 */
export async function loadTree<P extends TreePart = TreePart>(
  context: TreeContext,
  options: LoadTreeOptions,
): Promise<PkiTreeOf<P>> {
  const { paths, now } = context;
  const { parts = WHOLE } = options;
  const needed = <T>(value: T | undefined, path: string, part?: TreePart): T => {
    if (value !== undefined) return value;
    const message =
      part === undefined || options.parts === undefined
        ? `no complete certificate tree in ${paths.root} (${path} is missing): run \`secure-esp pki init\``
        : `${path} is missing, of the part "${part}" of a certificate tree: copy it from where certificates are issued`;
    throw new PkiError('ERR_PKI_NOT_FOUND', message, { path });
  };
  const authorities: Authorities = {
    servers: needed(await readAuthority(serverAuthority(paths), now()), paths.caCert),
    devices: needed(await readAuthority(deviceAuthority(paths), now()), paths.deviceCaCert),
  };
  const { servers } = authorities;
  const party = (spec: CredentialsSpec): Promise<Credentials | undefined> =>
    loadCredentials(spec, servers, servers.bundle);
  const values = await readParts(parts, { paths, party, needed });
  const adopted = await readAdopted(context, parts.has('broker') || !parts.has('ota') ? undefined : [paths.otaCert]);
  const tree = new FilePkiTree(context, { authorities, adopted }, options);
  refuseOtherParts(tree, parts);
  return Object.freeze(Object.assign(tree, values)) as unknown as PkiTreeOf<P>;
}

async function loadCredentials(
  spec: CredentialsSpec,
  issuer: AuthorityFile,
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

/** What every opened tree has; the values of its parts are put beside. */
class FilePkiTree implements PkiTreeOf<never> {
  readonly dir: string;
  readonly paths: TreePaths;
  readonly created: readonly string[];
  readonly ca: Pem;
  readonly deviceCa: Pem;
  readonly adopted: AdoptedCa | undefined;
  readonly #context: TreeContext;
  #known: Authorities;
  readonly #lock: LockOptions;

  constructor(context: TreeContext, contents: TreeContents, { lock, created }: LoadTreeOptions) {
    this.#context = context;
    this.#known = contents.authorities;
    this.#lock = lock;
    this.paths = context.paths;
    this.dir = context.paths.root;
    this.created = Object.freeze([...created]);
    this.ca = contents.authorities.servers.bundle;
    this.deviceCa = contents.authorities.devices.bundle;
    this.adopted = contents.adopted;
  }

  async device(id: string): Promise<Credentials> {
    checkCommonName('device', id);
    const { servers, devices } = await this.#authorities();
    const found = await loadCredentials(deviceParty(this.paths, id), devices, servers.bundle);
    if (found !== undefined) return found;
    throw new PkiError('ERR_PKI_UNKNOWN_DEVICE', `there is no device "${id}" in ${this.paths.devicesDir}`, {
      path: this.paths.device(id).cert,
      field: 'id',
    });
  }

  async issueDevice(id: string): Promise<Credentials> {
    checkCommonName('device', id);
    await this.#locked(async () => {
      await settleStagedDevices(this.paths);
      const { servers, devices: file } = await this.#authorities();
      const authority = openAuthority(deviceAuthority(this.paths), file, this.#context);
      await ensureDevice(id, { file, authority, serverCa: servers.bundle }, this.#context);
    });
    const { certPath } = deviceParty(this.paths, id);
    const serial = (await readCertificateFile(certPath))?.info.serial ?? '';
    if (await this.#context.store.revocation(serial)) throw revokedError(id, certPath);
    return this.device(id);
  }

  async issueDevices(ids: Iterable<string>, options: IssueDevicesOptions = {}): Promise<DeviceBatchReport> {
    const batch = resolveBatchOptions(ids, options);
    const lock: LockOptions = { ...this.#lock, signal: batch.signal };
    const locked = <T>(work: () => Promise<T>): Promise<T> => withLock(this.paths.lock, lock, work);
    return issueDevicesInTree({ context: this.#context, locked, authorities: () => this.#authorities() }, batch);
  }

  inventory(filter: InventoryFilter = {}): AsyncIterable<InventoryEntry> {
    return listInventory(this.#context.store, filter, this.#context.now());
  }

  revoke(target: RevokeTarget, options: RevokeOptions = {}): Promise<RevokeReport> {
    return this.#locked(async () => revokeInTree(target, options, await this.#authorities(), this.#context));
  }

  async renew(commonName: string, options: RenewOptions = {}): Promise<Credentials> {
    const spec = await this.#locked(async () =>
      renewInTree(commonName, options, await this.#authorities(), this.#context),
    );
    const { servers, devices } = await this.#authorities();
    const renewed = await loadCredentials(spec, spec.role === 'device' ? devices : servers, servers.bundle);
    if (renewed !== undefined) return renewed;
    throw new PkiError('ERR_PKI_IO', `${spec.certPath} vanished`, { path: spec.certPath });
  }

  signCsr(options: SignCsrOptions): Promise<Issued> {
    return this.#locked(async () => signCsrInTree(options, await this.#authorities(), this.#context));
  }

  async crls(): Promise<TreeCrls> {
    for (;;) {
      const authorities = await this.#authorities();
      try {
        return await readCrls(authorities, this.#context);
      } catch (error) {
        // a rollover may have gone on between the two reads
        if ((await this.#authorities()) === authorities) throw error;
      }
    }
  }

  refreshCrls(options: RefreshCrlsOptions = {}): Promise<TreeCrls> {
    return this.#locked(async () => ensureCrls(await this.#authorities(), this.#context, options));
  }

  rollOver(options: RolloverOptions): Promise<RolloverReport> {
    return this.#locked(() => rollOverInTree(options, treeContext(this.paths, this.#context.now, options)));
  }

  async rolloverStatus(): Promise<readonly RolloverStatus[]> {
    return readRolloverStatus(await this.#authorities(), this.#context);
  }

  adopt(options: AdoptOptions): Promise<AdoptReport> {
    return this.#locked(async () => adoptInTree(options, await this.#authorities(), this.#context));
  }

  endAdoption(): Promise<boolean> {
    return this.#locked(async () => endAdoptionInTree(await this.#authorities(), this.#context));
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

  /** As the files say now: another process may have rolled a CA over since this tree was opened. */
  async #authorities(): Promise<Authorities> {
    const { paths, now } = this.#context;
    const known = this.#known;
    const servers = (await readAuthority(serverAuthority(paths), now(), known.servers)) ?? known.servers;
    const devices = (await readAuthority(deviceAuthority(paths), now(), known.devices)) ?? known.devices;
    if (servers !== known.servers || devices !== known.devices) this.#known = Object.freeze({ servers, devices });
    return this.#known;
  }

  #locked<T>(work: () => Promise<T>): Promise<T> {
    return withLock(this.paths.lock, this.#lock, work);
  }
}
