import type { PkiOptions } from '../commands/pki-format.js';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { readInput } from '../files.js';
import { findPartitions, type PartitionPlaces } from './partition-places.js';

export interface ProvisionOptions extends PkiOptions {
  readonly from?: string;
  readonly out: string;
  readonly size?: number;
  readonly partitions?: string;
  readonly encrypt?: true;
  readonly keys?: string;
  readonly csv?: true;
  readonly batch?: string;
  readonly brokerUrl?: string;
  readonly otaUrl?: string;
  readonly releaseKey?: string;
  readonly estUrl?: string;
  readonly estCa?: string;
  readonly claims?: string;
  readonly expires?: number;
  readonly reprovision?: true;
  readonly force?: true;
}

const DEFAULT_SIZE_BYTES = 0x4000;
const MAX_URL_BYTES = 255;

/** What contradicts itself is refused before a key is read. */
export function checkProvisionOptions(options: ProvisionOptions): void {
  const { encrypt, keys, brokerUrl, otaUrl } = options;
  if (encrypt === true && keys === undefined) {
    throw new CliError('--encrypt needs keys.', 'Add `--keys make`, or `--keys FILE` with an NVS key partition.', 2);
  }
  if (encrypt !== true && keys !== undefined) throw new CliError('--keys goes with --encrypt.', undefined, 2);
  checkUrl(brokerUrl, '--broker-url', 'mqtts:');
  checkUrl(otaUrl, '--ota-url', 'https:');
  checkEnrolmentOptions(options);
}

function checkEnrolmentOptions({ estUrl, estCa, claims, expires, reprovision }: ProvisionOptions): void {
  const makes = { '--expires': expires, '--reprovision': reprovision };
  const all = Object.entries({ '--est-ca': estCa, '--claims': claims, ...makes });
  const alone = all.find(([, value]) => value !== undefined)?.[0];
  if (estUrl === undefined && alone !== undefined) throw new CliError(`${alone} goes with --est-url.`, undefined, 2);
  const own = Object.entries(makes).find(([, value]) => value !== undefined)?.[0];
  if (claims !== undefined && own !== undefined)
    throw new CliError(`${own} is for claims that are made; --claims takes some.`, 'Leave one of the two out.', 2);
  checkUrl(estUrl, '--est-url', 'https:');
  if (estUrl?.includes('?') === true) throw new CliError('--est-url must not have a query.', undefined, 2);
}

function checkUrl(text: string | undefined, option: string, protocol: string): void {
  if (text === undefined) return;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url?.username === '' && url.password === '' && !text.includes('#') && /^[\x21-\x7e]+$/.test(text);
  if (url?.protocol !== protocol || !plain || text.length > MAX_URL_BYTES) {
    const form = `${protocol}//HOST… of at most ${MAX_URL_BYTES} characters, without user name and fragment`;
    throw new CliError(`${option} must be ${form}.`, undefined, 2);
  }
}

export interface Layout {
  readonly sizeBytes: number;
  readonly places: PartitionPlaces | undefined;
}

/** How large the partition is, and where, as far as that is known. */
export async function layoutOf(context: CliContext, { partitions, size }: ProvisionOptions): Promise<Layout> {
  if (partitions === undefined) return { sizeBytes: size ?? DEFAULT_SIZE_BYTES, places: undefined };
  const csv = new TextDecoder().decode(await readInput(context, partitions, 'partition table'));
  const places = findPartitions(csv, partitions);
  const sizeBytes = size ?? places.provisioning.sizeBytes;
  if (sizeBytes > places.provisioning.sizeBytes) {
    const room = String(places.provisioning.sizeBytes);
    throw new CliError(`--size is ${sizeBytes} bytes, the partition in "${partitions}" has ${room}.`);
  }
  return { sizeBytes, places };
}
