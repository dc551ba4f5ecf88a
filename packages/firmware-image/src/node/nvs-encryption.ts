import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { equalBytes, viewOf } from '../bytes.js';
import { FirmwareImageError } from '../errors.js';
import { BITMAP, ENTRIES_PER_PAGE, ENTRY_BYTES, FIRST_ENTRY, nvsCrc, PAGE_BYTES } from '../nvs/nvs-format.js';

/** The keys of an encrypted NVS partition (XTS-AES-256), 32 bytes each. */
export interface NvsKeys {
  /** Encrypts the data. */
  readonly eky: Uint8Array;
  /** Encrypts the tweak; must differ from `eky`. */
  readonly tky: Uint8Array;
}

const KEY_BYTES = 32;
const WRITTEN = 0b10;

const badKey = (message: string): FirmwareImageError => new FirmwareImageError('bad_key', message);

function checked({ eky, tky }: NvsKeys): Uint8Array {
  if (eky.length !== KEY_BYTES || tky.length !== KEY_BYTES) throw badKey('NVS keys must be of 32 bytes each.');
  if (equalBytes(eky, tky)) throw badKey('the two NVS keys must differ.');
  return Buffer.concat([eky, tky]);
}

/** Random keys, of the system's generator. */
export function generateNvsKeys(): NvsKeys {
  return { eky: new Uint8Array(randomBytes(KEY_BYTES)), tky: new Uint8Array(randomBytes(KEY_BYTES)) };
}

/** The key partition (`nvs_keys`, 4096 bytes): eky, tky, their CRC-32. Flash encryption encrypts it on the device. */
export function buildNvsKeyPartition(keys: NvsKeys): Uint8Array {
  const bytes = checked(keys);
  const partition = new Uint8Array(PAGE_BYTES).fill(0xff);
  partition.set(bytes);
  viewOf(partition).setUint32(bytes.length, nvsCrc(bytes), true);
  return partition;
}

/** The keys in a key partition, or in its first 68 bytes. Throws `bad_key` when it is too short or the CRC does not match. */
export function readNvsKeyPartition(partition: Uint8Array): NvsKeys {
  const both = partition.slice(0, 2 * KEY_BYTES);
  if (partition.length < both.length + 4 || both.length < 2 * KEY_BYTES)
    throw badKey('an NVS key partition has at least 68 bytes.');
  if (viewOf(partition).getUint32(2 * KEY_BYTES, true) !== nvsCrc(both))
    throw badKey('the CRC of the NVS key partition does not match.');
  const keys = { eky: both.slice(0, KEY_BYTES), tky: both.slice(KEY_BYTES) };
  checked(keys);
  return keys;
}

/**
 * An encrypted copy of an image of `buildNvsImage`. Every written entry of 32 bytes is one XTS data unit, numbered by its address
 * in the partition; page headers and bitmaps stay as they are. Throws `bad_key`, and `bad_option` for a size that is none.
 */
export const encryptNvsImage = (image: Uint8Array, keys: NvsKeys): Uint8Array => crypted(image, keys, createCipheriv);

/** The plain image of an encrypted one. Nothing tells a wrong key but the CRCs: read it with `readNvsImage`. */
export const decryptNvsImage = (image: Uint8Array, keys: NvsKeys): Uint8Array => crypted(image, keys, createDecipheriv);

function crypted(
  image: Uint8Array,
  keys: NvsKeys,
  cipherOf: typeof createCipheriv | typeof createDecipheriv,
): Uint8Array {
  const key = checked(keys);
  if (image.length % PAGE_BYTES !== 0)
    throw new FirmwareImageError('bad_option', 'the size of an NVS image must be a multiple of 4096 bytes.');
  const result = Uint8Array.from(image);
  for (const at of writtenEntries(image)) {
    const unit = new Uint8Array(16);
    viewOf(unit).setUint32(0, at, true);
    const cipher = cipherOf('aes-256-xts', key, unit);
    result.set(cipher.update(image.subarray(at, at + ENTRY_BYTES)), at);
    cipher.final();
  }
  return result;
}

function* writtenEntries(image: Uint8Array): Generator<number> {
  for (let page = 0; page < image.length; page += PAGE_BYTES) {
    for (let index = 0; index < ENTRIES_PER_PAGE; index += 1) {
      const states = image[page + BITMAP + (index >> 2)] ?? 0xff;
      if (((states >> ((index & 3) * 2)) & 3) === WRITTEN) yield page + FIRST_ENTRY + index * ENTRY_BYTES;
    }
  }
}
