import { availableParallelism } from 'node:os';
import { checkCommonName } from '../certificate/profiles.js';
import { PkiError } from '../errors.js';
import { KEY_ALGORITHMS, type KeyAlgorithm } from '../keys/key-algorithm.js';
import { nameKey } from '../stores/store-rules.js';

/** Called when devices are done for good: on the disk, recorded, in their places. */
export interface DeviceBatchProgress {
  /** devices that need nothing more, of `total` */
  readonly done: number;
  readonly total: number;
  /** how many of them got their certificate in this run */
  readonly issued: number;
}

/** Keys, speed and progress of a batch of devices. */
export interface IssueDevicesOptions {
  /** keys to make; default `ec-p256`. Devices that have a pair keep it, whatever its kind */
  keyAlgorithm?: KeyAlgorithm;
  /** RSA and P-384 keys to make at once, 1..64; default: the cores of this machine. P-256 keys take no time */
  concurrency?: number;
  /** called a few times a second; what it throws stops the run */
  onProgress?: (progress: DeviceBatchProgress) => void;
  /** stops the run between two devices or groups of devices; the next run goes on from there */
  signal?: AbortSignal;
}

export const DEVICE_STATES = ['issued', 'existing', 'revoked'] as const;
/** `issued`: in this run; `existing`: it was there; `revoked`: it was there and is left alone. */
export type DeviceBatchState = (typeof DEVICE_STATES)[number];

/** A device of a batch, and its certificate now. */
export interface BatchDevice {
  readonly id: string;
  readonly state: DeviceBatchState;
  /** upper-case hex */
  readonly serial: string;
  readonly notAfter: Date;
}

/** One entry per id, in the order given. */
export type DeviceBatchReport = readonly BatchDevice[];

export interface ResolvedBatchOptions {
  readonly ids: readonly string[];
  readonly keyAlgorithm: KeyAlgorithm;
  readonly concurrency: number;
  readonly onProgress: (progress: DeviceBatchProgress) => void;
  readonly signal: AbortSignal | undefined;
}

const MAX_CONCURRENCY = 64;

/** Checks everything before anything is written. @throws PkiError `ERR_PKI_NAME`, `ERR_PKI_OPTION` */
export function resolveBatchOptions(given: Iterable<string>, options: IssueDevicesOptions): ResolvedBatchOptions {
  const ids = [...new Set(given)];
  const spellings = new Map<string, string>();
  for (const id of ids) {
    checkCommonName('device', id);
    const other = spellings.get(nameKey(id));
    if (other !== undefined) {
      throw new PkiError('ERR_PKI_NAME', `"${other}" and "${id}" differ only in case`, { field: 'id' });
    }
    spellings.set(nameKey(id), id);
  }
  const { keyAlgorithm = 'ec-p256', concurrency = availableParallelism() } = options;
  if (!KEY_ALGORITHMS.includes(keyAlgorithm)) {
    const message = `keyAlgorithm "${keyAlgorithm}" is not one of ${KEY_ALGORITHMS.join(', ')}`;
    throw new PkiError('ERR_PKI_OPTION', message, { field: 'keyAlgorithm' });
  }
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MAX_CONCURRENCY) {
    throw new PkiError('ERR_PKI_OPTION', `concurrency must be 1..${MAX_CONCURRENCY}`, { field: 'concurrency' });
  }
  const onProgress = options.onProgress ?? (() => undefined);
  return Object.freeze({ ids, keyAlgorithm, concurrency, onProgress, signal: options.signal });
}
