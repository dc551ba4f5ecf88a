import type { ChipName } from '@secure-esp/firmware-image';
import { hostsToSan } from '../asn1/subject-alt-name.js';
import { checkCommonName } from '../certificate/profiles.js';
import { PkiError } from '../errors.js';
import { type FirmwareKeyScheme, schemeForChip } from '../keys/firmware-key.js';
import type { WantedHosts } from './tree-credentials.js';
import type { PkiProgress } from './tree-writer.js';

/** What {@link initPki} makes where it is missing. What exists stays as it is. */
export interface InitPkiOptions {
  /** root of the tree; made (0700) when missing, otherwise its own mode stays */
  dir: string;
  /**
   * DNS names and IP addresses of broker and OTA server. Default `localhost`, `127.0.0.1`, `::1` for a first run;
   * later runs without it leave the server certificates alone, later runs with it add what is not covered.
   */
  hosts?: readonly string[];
  /** ids to have certificates; the first also goes to `main/mqtt_certs`; default `['esp-001']`, may be empty */
  devices?: readonly string[];
  /** whose firmware signing keys to make; default `['esp32']`, may be empty */
  chips?: readonly ChipName[];
  /** CN of the operator; default: the existing one, else `operator` */
  operator?: string;
  /** default: the system clock */
  now?: () => Date;
  /** stops the run between two files; the next run completes it */
  signal?: AbortSignal;
  /** called before each file is written; what it throws stops the run */
  onProgress?: (event: PkiProgress) => void;
  /** how long to wait for another run on the same tree, default 30,000 */
  lockTimeoutMs?: number;
}

export interface ResolvedInitOptions {
  readonly dir: string;
  readonly hosts: WantedHosts;
  readonly devices: readonly string[];
  readonly schemes: readonly FirmwareKeyScheme[];
  readonly operator: string | undefined;
  readonly now: () => Date;
}

const DEFAULT_HOSTS = ['localhost', '127.0.0.1', '::1'] as const;

/** Checks every option before anything is written. @throws PkiError `ERR_PKI_OPTION`, `ERR_PKI_NAME`, `ERR_PKI_SAN` */
export function resolveInitOptions(options: InitPkiOptions): ResolvedInitOptions {
  if (options.dir === '') throw new PkiError('ERR_PKI_OPTION', 'dir is empty', { field: 'dir' });
  const devices = [...new Set(options.devices ?? ['esp-001'])];
  for (const id of devices) checkCommonName('device', id);
  if (options.operator !== undefined) checkCommonName('operator', options.operator);
  const clash = devices.find((id) => id.toLowerCase() === options.operator?.toLowerCase());
  if (clash !== undefined) {
    throw new PkiError('ERR_PKI_NAME', `"${clash}" is both a device and the operator`, { field: 'operator' });
  }
  return Object.freeze({
    dir: options.dir,
    hosts: { names: hostsToSan(options.hosts ?? DEFAULT_HOSTS), given: options.hosts !== undefined },
    devices,
    schemes: [...new Set((options.chips ?? ['esp32']).map(schemeForChip))],
    operator: options.operator,
    now: options.now ?? (() => new Date()),
  });
}
