import { FirmwareImageError } from '../errors.js';
import { INTEGER_TYPES } from './nvs-format.js';

/** A value in NVS, under `key` (1 to 15 printable ASCII characters) in `namespace` (the same). */
export type NvsEntry = {
  readonly namespace: string;
  readonly key: string;
} & NvsValue;

/** A value with its type. An integer outside the range of its type is `bad_option`. */
export type NvsValue =
  | { readonly type: 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32'; readonly value: number }
  | { readonly type: 'u64' | 'i64'; readonly value: bigint }
  /** At most {@link NVS_MAX_STRING_BYTES} bytes in UTF-8, without U+0000; the device reads it with a NUL behind it. */
  | { readonly type: 'string'; readonly value: string }
  /** Stored in chunks, over as many pages as it needs. */
  | { readonly type: 'blob'; readonly value: Uint8Array };

/** The types of a value in NVS. */
export type NvsType = NvsValue['type'];

/**
 * Longest string in bytes, without its NUL. NVS allows 4000 bytes with the NUL; Espressif's generator never fills a page to its
 * last entry with a string and so fails above this.
 */
export const NVS_MAX_STRING_BYTES = 3967;

const NAME = /^[\x20-\x7e]{1,15}$/;

export const badEntry = (message: string): FirmwareImageError => new FirmwareImageError('bad_option', message);

/** Throws `bad_option`, naming namespace and key, for what NVS cannot hold. */
export function checkNvsEntry(entry: NvsEntry): void {
  const { namespace, key } = entry;
  if (!NAME.test(namespace))
    throw badEntry(`the namespace ${JSON.stringify(namespace)} must be 1 to 15 printable ASCII characters.`);
  if (!NAME.test(key))
    throw badEntry(`the key ${JSON.stringify(key)} of "${namespace}" must be 1 to 15 printable ASCII characters.`);
  checkValue(entry, `"${namespace}"/"${key}"`);
}

function checkValue(entry: NvsEntry, name: string): void {
  if (entry.type === 'blob') return;
  if (entry.type === 'string') {
    checkString(entry.value, name);
    return;
  }
  const { bytes, signed } = INTEGER_TYPES[entry.type];
  const values = 1n << BigInt(bytes * 8);
  const [min, max] = signed ? [-values / 2n, values / 2n - 1n] : [0n, values - 1n];
  const integral = typeof entry.value === 'bigint' || Number.isSafeInteger(entry.value);
  if (!integral || BigInt(entry.value) < min || BigInt(entry.value) > max)
    throw badEntry(`${name} must be an integer in ${String(min)}..${String(max)} (${entry.type}).`);
}

function checkString(value: string, name: string): void {
  if (/[\0\p{Surrogate}]/u.test(value)) throw badEntry(`${name} must not contain U+0000 or half a surrogate pair.`);
  const { length } = new TextEncoder().encode(value);
  if (length > NVS_MAX_STRING_BYTES)
    throw badEntry(`${name} is ${String(length)} bytes, a string has at most ${String(NVS_MAX_STRING_BYTES)}.`);
}
