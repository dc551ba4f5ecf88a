import { isDeviceId } from '@secure-esp/protocol';
import { OtaError } from '../errors.js';
import { isChannelName, isSha256, type Release } from '../update/release.js';

const FORMAT = 1;
const U32_MAX = 0xffff_ffff;
const MAX_TEXT_BYTES = 32;
const MAX_FROM = 8;
const MAX_MANIFEST_BYTES = 16 * 1024;

const isU32 = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= U32_MAX;
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isText = (value: unknown): value is string =>
  typeof value === 'string' && Buffer.byteLength(value) <= MAX_TEXT_BYTES;
const isOf =
  (check: (text: string) => boolean) =>
  (value: unknown): value is string =>
    typeof value === 'string' && check(value);
const isFrom = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length <= MAX_FROM && value.every(isText);

const FIELDS: { readonly [Field in keyof Required<Release>]: (value: unknown) => boolean } = {
  seq: (value) => isU32(value) && value > 0,
  channel: isOf(isChannelName),
  project: isText,
  chip: isOf((text) => text.length <= 16 && isDeviceId(text)),
  version: isText,
  secureVersion: isU32,
  size: isU32,
  sha256: isOf(isSha256),
  image: isOf(isSha256),
  releasedAt: isTime,
  from: isFrom,
  expiresAt: isTime,
  manifest: isOf((text) => text.length <= MAX_MANIFEST_BYTES),
};
const OPTIONAL: ReadonlySet<string> = new Set<keyof Release>(['from', 'expiresAt', 'manifest']);

/** The first field that is not as {@link Release} says, or `undefined`. */
function faultOf(record: Readonly<Record<string, unknown>>): string | undefined {
  return Object.entries(FIELDS).find(([field, check]) => {
    const value = record[field];
    return !(value === undefined && OPTIONAL.has(field)) && !check(value);
  })?.[0];
}

/** A frozen copy with the known fields only. @throws OtaError `bad_option` naming the field */
export function checkRelease(release: Release): Release {
  const fault = faultOf({ ...release });
  if (fault !== undefined) throw new OtaError('bad_option', `release.${fault} is missing or out of range`);
  const { from, expiresAt, manifest } = release;
  return Object.freeze({
    seq: release.seq,
    channel: release.channel,
    project: release.project,
    chip: release.chip,
    version: release.version,
    secureVersion: release.secureVersion,
    size: release.size,
    sha256: release.sha256,
    image: release.image,
    releasedAt: release.releasedAt,
    ...(from === undefined ? {} : { from: Object.freeze([...from]) }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(manifest === undefined ? {} : { manifest }),
  });
}

export const encodeRelease = (release: Release): string =>
  `${JSON.stringify({ format: FORMAT, ...checkRelease(release) }, undefined, 2)}\n`;

/** @throws OtaError `store_damaged` */
export function decodeRelease(json: string, seq: number): Release {
  const damaged = (problem: string, cause?: unknown) =>
    new OtaError('store_damaged', `the record of release ${seq} ${problem}`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw damaged('is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null) throw damaged('is not an object');
  const record: Readonly<Record<string, unknown>> = { ...value };
  if (record['format'] !== FORMAT) throw damaged('has another format than this version reads');
  const fault = faultOf(record);
  if (fault !== undefined) throw damaged(`has no valid ${fault}`);
  if (record['seq'] !== seq) throw damaged('carries another number');
  return checkRelease(record as unknown as Release);
}
