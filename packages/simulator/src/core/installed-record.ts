/** NVS key under which the core keeps what it knows about the confirmed image beyond its descriptor. */
export const INSTALLED_KEY = 'installed';

/** First byte of every record of the core; see `sesp_blob.c`. */
const FORM = 1;
const IDENTITY_BYTES = 32;

/**
 * The core's `installed` record (`sesp_records.h`): form u8, identity 32 bytes, then version and entity tag, each with a
 * length byte. A version in it counts instead of the descriptor's for the image with this identity.
 */
export const encodeInstalledRecord = (identity: Uint8Array, version: string): Uint8Array => {
  const text = Buffer.from(version, 'utf8');
  return new Uint8Array(Buffer.concat([Buffer.of(FORM), identity, Buffer.of(text.length), text, Buffer.of(0)]));
};

/** The version stated for this image, or `undefined`. */
export const statedVersion = (record: Uint8Array | undefined, identity: Uint8Array): string | undefined => {
  if (record === undefined || record[0] !== FORM) return undefined;
  if (Buffer.compare(record.subarray(1, 1 + IDENTITY_BYTES), identity) !== 0) return undefined;
  const at = 1 + IDENTITY_BYTES;
  const length = record[at] ?? 0;
  const text = record.subarray(at + 1, at + 1 + length);
  return length === 0 || text.length < length ? undefined : Buffer.from(text).toString('utf8');
};
