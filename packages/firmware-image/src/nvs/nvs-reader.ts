import { concatBytes, isFilledWith, viewOf } from '../bytes.js';
import { FirmwareImageError } from '../errors.js';
import type { NvsEntry } from './nvs-entry.js';
import {
  BITMAP,
  ENTRIES_PER_PAGE,
  ENTRY_BYTES,
  entryCrc,
  FIRST_ENTRY,
  INTEGER_TYPES,
  nvsCrc,
  PAGE_BYTES,
  TYPE_BLOB_DATA,
  TYPE_BLOB_INDEX,
  TYPE_STRING,
  VERSION_2,
} from './nvs-format.js';

const WRITTEN = 0b10;

interface Item {
  readonly entry: Uint8Array;
  readonly data: Uint8Array;
}

/**
 * The entries of a plain NVS partition of version 2, in the order of its pages. Throws `not_an_image` where a length is wrong and
 * `bad_checksum` where a CRC is: it is meant for what this package or Espressif's generator wrote, not for recovery.
 */
export function readNvsImage(image: Uint8Array): NvsEntry[] {
  if (image.length === 0 || image.length % PAGE_BYTES !== 0) throw damaged('its size is no multiple of 4096 bytes');
  const items: Item[] = [];
  for (let at = 0; at < image.length; at += PAGE_BYTES) items.push(...itemsOf(image.subarray(at, at + PAGE_BYTES)));
  const namespaces = new Map<number, string>();
  const chunks = new Map<string, Uint8Array>();
  for (const { entry, data } of items) {
    if (entry[0] === 0) namespaces.set(entry[24] ?? 0, keyOf(entry));
    if (entry[1] === TYPE_BLOB_DATA) chunks.set(chunkName(entry, entry[3] ?? 0), data);
  }
  return items
    .filter(({ entry }) => entry[0] !== 0 && entry[1] !== TYPE_BLOB_DATA)
    .map((item) => {
      const namespace = namespaces.get(item.entry[0] ?? 0);
      if (namespace === undefined) throw damaged(`"${keyOf(item.entry)}" is of no namespace`);
      return valueOf(namespace, item, chunks);
    });
}

function* itemsOf(page: Uint8Array): Generator<Item> {
  if (isFilledWith(page, 0xff)) return;
  const view = viewOf(page);
  if (page[8] !== VERSION_2) throw damaged('a page is not of version 2');
  if (view.getUint32(28, true) !== nvsCrc(page.subarray(4, 28))) throw badCrc('a page header');
  for (let index = 0; index < ENTRIES_PER_PAGE;) {
    const state = ((page[BITMAP + (index >> 2)] ?? 0) >> ((index & 3) * 2)) & 3;
    const at = FIRST_ENTRY + index * ENTRY_BYTES;
    const entry = page.subarray(at, at + ENTRY_BYTES);
    if (state !== WRITTEN) {
      index += 1;
      continue;
    }
    if (viewOf(entry).getUint32(4, true) !== entryCrc(entry)) throw badCrc('an entry');
    const span = entry[2] ?? 0;
    index += span;
    if (span < 1 || index > ENTRIES_PER_PAGE) throw damaged('an entry is longer than its page');
    yield { entry, data: dataOf(entry, page.subarray(at + ENTRY_BYTES, at + span * ENTRY_BYTES)) };
  }
}

function dataOf(entry: Uint8Array, room: Uint8Array): Uint8Array {
  if (entry[1] !== TYPE_STRING && entry[1] !== TYPE_BLOB_DATA) return entry.subarray(24);
  const size = viewOf(entry).getUint16(24, true);
  if (size > room.length) throw damaged(`"${keyOf(entry)}" is longer than its entries`);
  const data = room.subarray(0, size);
  if (viewOf(entry).getUint32(28, true) !== nvsCrc(data)) throw badCrc(`"${keyOf(entry)}"`);
  return data;
}

function valueOf(namespace: string, { entry, data }: Item, chunks: ReadonlyMap<string, Uint8Array>): NvsEntry {
  const key = keyOf(entry);
  const view = viewOf(entry);
  if (entry[1] === TYPE_STRING) {
    return {
      namespace,
      key,
      type: 'string',
      value: new TextDecoder('utf-8', { fatal: true }).decode(data.slice(0, -1)),
    };
  }
  if (entry[1] === TYPE_BLOB_INDEX) {
    const first = view.getUint8(29);
    const parts = Array.from({ length: view.getUint8(28) }, (_, index) => chunks.get(chunkName(entry, first + index)));
    const value = concatBytes(...parts.filter((part) => part !== undefined));
    if (value.length !== view.getUint32(24, true)) throw damaged(`"${key}" lacks a part`);
    return { namespace, key, type: 'blob', value };
  }
  switch (entry[1]) {
    case INTEGER_TYPES.u8.code:
      return { namespace, key, type: 'u8', value: view.getUint8(24) };
    case INTEGER_TYPES.i8.code:
      return { namespace, key, type: 'i8', value: view.getInt8(24) };
    case INTEGER_TYPES.u16.code:
      return { namespace, key, type: 'u16', value: view.getUint16(24, true) };
    case INTEGER_TYPES.i16.code:
      return { namespace, key, type: 'i16', value: view.getInt16(24, true) };
    case INTEGER_TYPES.u32.code:
      return { namespace, key, type: 'u32', value: view.getUint32(24, true) };
    case INTEGER_TYPES.i32.code:
      return { namespace, key, type: 'i32', value: view.getInt32(24, true) };
    case INTEGER_TYPES.u64.code:
      return { namespace, key, type: 'u64', value: view.getBigUint64(24, true) };
    case INTEGER_TYPES.i64.code:
      return { namespace, key, type: 'i64', value: view.getBigInt64(24, true) };
    default:
      throw damaged(`"${key}" has a type that is not known`);
  }
}

const chunkName = (entry: Uint8Array, index: number): string => `${String(entry[0])}/${String(index)}/${keyOf(entry)}`;

function keyOf(entry: Uint8Array): string {
  const end = entry.indexOf(0, 8);
  return new TextDecoder('latin1').decode(entry.subarray(8, end === -1 || end > 24 ? 24 : end));
}

const damaged = (why: string): FirmwareImageError =>
  new FirmwareImageError('not_an_image', `the NVS partition is damaged: ${why}.`);
const badCrc = (what: string): FirmwareImageError =>
  new FirmwareImageError('bad_checksum', `the NVS partition is damaged: the CRC of ${what} does not match.`);
