import { crc32 } from 'node:zlib';

const HEADER_BYTES = 8;
const SET = 1;
const ERASE = 2;

/** ESP-IDF's limit: 15 characters and a NUL. */
export const NVS_KEY_MAX_BYTES = 15;
/** ESP-IDF's limit for a string; blobs may be longer there, but nothing here needs it. */
export const NVS_VALUE_MAX_BYTES = 4000;

export interface NvsRecord {
  readonly key: string;
  /** Absent: the key was erased. */
  readonly value?: Uint8Array;
}

const padded = (length: number): number => Math.ceil(length / 4) * 4;

/** Record: key length u8, kind u8, value length u16, CRC-32 u32 over all the rest; key; value; padding to 4 bytes. */
export const encodeNvsRecord = ({ key, value }: NvsRecord): Uint8Array => {
  const keyBytes = Buffer.from(key, 'utf8');
  const length = HEADER_BYTES + keyBytes.length + (value?.length ?? 0);
  const bytes = Buffer.alloc(padded(length), 0xff);
  bytes.writeUInt8(keyBytes.length, 0);
  bytes.writeUInt8(value === undefined ? ERASE : SET, 1);
  bytes.writeUInt16LE(value?.length ?? 0, 2);
  bytes.set(keyBytes, HEADER_BYTES);
  if (value !== undefined) bytes.set(value, HEADER_BYTES + keyBytes.length);
  bytes.writeUInt32LE(crc32(bytes.subarray(HEADER_BYTES, length), crc32(bytes.subarray(0, 4))), 4);
  return new Uint8Array(bytes);
};

/** The record at this position and where the next begins; `undefined` where there is none or a torn one. */
export const decodeNvsRecord = (
  log: Uint8Array,
  position: number,
): { readonly record: NvsRecord; readonly next: number } | undefined => {
  const bytes = Buffer.from(log.buffer, log.byteOffset, log.length);
  if (position + HEADER_BYTES > bytes.length) return undefined;
  const keyLength = bytes.readUInt8(position);
  const kind = bytes.readUInt8(position + 1);
  const valueLength = bytes.readUInt16LE(position + 2);
  const keyStart = position + HEADER_BYTES;
  const valueStart = keyStart + keyLength;
  const end = valueStart + valueLength;
  if (keyLength < 1 || keyLength > NVS_KEY_MAX_BYTES || end > bytes.length) return undefined;
  if (kind !== SET && !(kind === ERASE && valueLength === 0)) return undefined;
  const crc = crc32(bytes.subarray(keyStart, end), crc32(bytes.subarray(position, position + 4)));
  if (crc !== bytes.readUInt32LE(position + 4)) return undefined;
  const key = bytes.toString('utf8', keyStart, valueStart);
  const value = new Uint8Array(bytes.subarray(valueStart, end));
  return { record: kind === SET ? { key, value } : { key }, next: position + padded(end - position) };
};
