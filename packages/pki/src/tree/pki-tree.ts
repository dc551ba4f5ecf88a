import type { FirmwareKeyScheme } from '../keys/firmware-key.js';
import type { Pem } from '../pem.js';
import type { Credentials } from './tree-credentials.js';
import type { TreePaths } from './tree-paths.js';

/** An opened certificate tree. Everything that is a value was read and checked when the tree was opened. */
export interface PkiTree {
  /** absolute path of the root */
  readonly dir: string;
  /** absolute paths of all files, whether they exist or not */
  readonly paths: TreePaths;
  /** files written by the `initPki` that returned this tree: relative to `dir`, with `/`; empty after `openPki` */
  readonly created: readonly string[];
  /** signs broker, OTA server and operators; everybody trusts it as server CA */
  readonly ca: Pem;
  /** signs devices; servers trust it as client CA for devices */
  readonly deviceCa: Pem;
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
   * @throws PkiError `ERR_PKI_NAME` (not an id, or another role's name), `ERR_PKI_LOCKED`, `ERR_PKI_IO`, …
   */
  issueDevice(id: string): Promise<Credentials>;
  /** ids with a certificate, sorted */
  devices(): Promise<readonly string[]>;
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
