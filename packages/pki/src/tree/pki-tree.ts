import type { AdoptedCa } from '../adopt/adopted-ca.js';
import type { AdoptOptions, AdoptReport } from '../adopt/adopt-ca.js';
import type { DeviceBatchReport, IssueDevicesOptions } from '../batch/batch-options.js';
import type { Issued } from '../certificate/authority-options.js';
import type { FirmwareKeyScheme } from '../keys/firmware-key.js';
import type { InventoryEntry, InventoryFilter } from '../lifecycle/inventory.js';
import type { RevokeOptions, RevokeTarget } from '../lifecycle/revoke.js';
import type { Pem } from '../pem.js';
import type { RolloverOptions, RolloverReport } from '../rollover/roll-over.js';
import type { RolloverStatus } from '../rollover/rollover-status.js';
import type { RefreshCrlsOptions, TreeCrls } from './tree-crls.js';
import type { SignCsrOptions } from './tree-csr.js';
import type { Credentials } from './tree-credentials.js';
import type { RevokeReport } from './tree-lifecycle.js';
import type { TreePaths } from './tree-paths.js';
import type { RenewOptions } from './tree-renewal.js';

/** An opened certificate tree. Everything that is a value was read and checked when the tree was opened. */
export interface PkiTree {
  /** absolute path of the root */
  readonly dir: string;
  /** absolute paths of all files, whether they exist or not */
  readonly paths: TreePaths;
  /** files written by the `initPki` that returned this tree: relative to `dir`, with `/`; empty after `openPki` */
  readonly created: readonly string[];
  /**
   * Signs broker, OTA server and operators; everybody trusts it as server CA. While the CA is rolled over two
   * certificates one after the other, the one that signs first.
   */
  readonly ca: Pem;
  /** signs devices; servers trust it as client CA for devices; two certificates while it is rolled over */
  readonly deviceCa: Pem;
  /** a CA of elsewhere that the operators' listener, and nothing else, trusts too; undefined when its time is over */
  readonly adopted: AdoptedCa | undefined;
  readonly broker: Credentials;
  readonly ota: Credentials;
  readonly operator: Credentials;
  /**
   * An existing device's pair.
   *
   * @throws PkiError `ERR_PKI_UNKNOWN_DEVICE`, `ERR_PKI_NAME` (not an id at all), `ERR_PKI_KEY`, `ERR_PKI_CERTIFICATE`
   */
  device(id: string): Promise<Credentials>;
  /**
   * A device's pair, made if there is none. Needs the device CA's key.
   *
   * @throws PkiError `ERR_PKI_NAME` (not an id, or another role's name), `ERR_PKI_REVOKED`, `ERR_PKI_LOCKED`, …
   */
  issueDevice(id: string): Promise<Credentials>;
  /**
   * The pairs of many devices: {@link issueDevice} for each, thousands a minute. Kill it when you like: each device has
   * its whole pair or nothing, and the next run makes what is missing. Other runs on the tree get their turn in between.
   *
   * A revoked device is left alone and said to be so. Names are checked before anything is written; what else fails stops
   * the run, and what was done stays.
   *
   * @throws PkiError `ERR_PKI_NAME` (not an id, another role's, or twice but for case), `ERR_PKI_OPTION`,
   *   `ERR_PKI_KEY`, `ERR_PKI_LOCKED`, `ERR_PKI_IO`, …; an aborted `signal` rejects with its reason
   */
  issueDevices(ids: Iterable<string>, options?: IssueDevicesOptions): Promise<DeviceBatchReport>;
  /** ids with a certificate, sorted */
  devices(): Promise<readonly string[]>;
  /** Every certificate that was issued, with its state, in order of serial number. */
  inventory(filter?: InventoryFilter): AsyncIterable<InventoryEntry>;
  /**
   * Revokes, for ever, one certificate or all that a name ever got, and writes the revocation list: read back and
   * verified when this resolves, so servers may be told. Again it changes nothing. Needs the issuing CA's key; without it
   * the revocation is recorded, and the next call with the key writes the list.
   *
   * @throws PkiError `ERR_PKI_UNKNOWN_SERIAL`, `ERR_PKI_ROLE` (a CA), `ERR_PKI_VALIDITY` (a date to come),
   *   `ERR_PKI_KEY`, `ERR_PKI_CRL`, `ERR_PKI_LOCKED`, …
   */
  revoke(target: RevokeTarget, options?: RevokeOptions): Promise<RevokeReport>;
  /**
   * Issues the certificate of a name (`broker`, `ota`, the operator, a device) again, with the same role, names and, by
   * default, key. The values of this object stay those of before: open the tree again for them.
   *
   * @throws PkiError `ERR_PKI_UNKNOWN_DEVICE`, `ERR_PKI_REVOKED`, `ERR_PKI_VALIDITY`, `ERR_PKI_KEY`, `ERR_PKI_LOCKED`, …
   */
  renew(commonName: string, options?: RenewOptions): Promise<Credentials>;
  /**
   * Certifies the key of a certificate request under a name of your choice, by the CA of the role; what the request asks
   * for counts for nothing. The certificate is recorded, but not stored with the tree's own devices: its key is elsewhere.
   *
   * @throws PkiError `ERR_PKI_CSR`, `ERR_PKI_NAME`, `ERR_PKI_ROLE`, `ERR_PKI_REVOKED` (this key, under this name),
   *   `ERR_PKI_KEY`, `ERR_PKI_LOCKED`, …
   */
  signCsr(options: SignCsrOptions): Promise<Issued>;
  /** The revocation lists as they are on disk now, verified. @throws PkiError `ERR_PKI_CRL`, `ERR_PKI_PEM`, `ERR_PKI_IO` */
  crls(): Promise<TreeCrls>;
  /** Issues the revocation lists that need it; needs the CAs' keys then. @throws PkiError `ERR_PKI_KEY`, `ERR_PKI_LOCKED`, … */
  refreshCrls(options?: RefreshCrlsOptions): Promise<TreeCrls>;
  /**
   * One phase of replacing a CA by a new root with a new key. `prepare`: there is a new root and everybody is told to trust
   * both, the old one signs. `switch`: the new one signs, and broker, OTA server and operator get certificates of it.
   * `finish`: nobody trusts the old one any more. Each may be repeated, and has to be after it was killed.
   *
   * @throws PkiError `ERR_PKI_ROLLOVER` (not the phase that comes next, or certificates of the old root are still good),
   *   `ERR_PKI_KEY`, `ERR_PKI_LOCKED`, …
   */
  rollOver(options: RolloverOptions): Promise<RolloverReport>;
  /** Where both CAs are, what comes next and how many certificates are still under the old root. */
  rolloverStatus(): Promise<readonly RolloverStatus[]>;
  /**
   * Makes the operators' listener trust, until a day, the CA of a tree that the older shell script made, and takes over its firmware
   * signing key. **Every** certificate of that CA counts as an operator's for that time, because they do not say what
   * they are for. Again with another `until` moves the end.
   *
   * @throws PkiError `ERR_PKI_NOT_FOUND`, `ERR_PKI_NOT_CA`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_KEY`, `ERR_PKI_PEM` (not such
   *   a tree: `path`), `ERR_PKI_EXISTS` (another key or adopted CA is there), `ERR_PKI_VALIDITY` (`until`), …
   */
  adopt(options: AdoptOptions): Promise<AdoptReport>;
  /** Ends the adoption now; false when there was none. */
  endAdoption(): Promise<boolean>;
  /** An existing firmware signing key (SEC1 or PKCS#1). @throws PkiError `ERR_PKI_NOT_FOUND` when there is none */
  firmwareKey(scheme: FirmwareKeyScheme): Promise<Pem>;
  /** The firmware signing key of a scheme, made if there is none. @throws PkiError `ERR_PKI_LOCKED`, `ERR_PKI_IO`, … */
  ensureFirmwareKey(scheme: FirmwareKeyScheme): Promise<Pem>;
  /** PKCS#8; signs release manifests */
  readonly releaseKey: Pem;
  /** `kid`: SHA-256 of the public key's SubjectPublicKeyInfo DER, hex */
  readonly releaseKeyId: string;
  readonly releasePublicKey: Pem;
}
