import { concatBytes } from '../bytes.js';
import { FirmwareImageError } from '../errors.js';
import { badEntry, checkNvsEntry, type NvsEntry } from './nvs-entry.js';
import {
  dataEntries,
  encodeEntry,
  ENTRIES_PER_PAGE,
  ENTRY_BYTES,
  INTEGER_TYPES,
  nvsCrc,
  PAGE_BYTES,
  TYPE_BLOB_DATA,
  TYPE_BLOB_INDEX,
  TYPE_STRING,
} from './nvs-format.js';
import { NvsPage } from './nvs-page.js';

/** Size and content of an NVS partition. */
export interface NvsImageOptions {
  /** Size of the partition: a multiple of 4096, at least 0x3000. One page of it stays empty, for the device's own use. */
  readonly sizeBytes: number;
  /** Written in this order; a namespace when it is first named. */
  readonly entries: readonly NvsEntry[];
  /** Page format; 2 (ESP-IDF 3.2 and later) is the only one. Default: 2. */
  readonly version?: 2;
}

/** 0 holds the namespaces, 255 is an erased byte. */
const MAX_NAMESPACES = 254;
/** The device counts the chunks of the first version of a blob up to here. */
const MAX_CHUNKS = 127;
const MIN_PAGES = 3;

/**
 * An NVS partition with these entries, as Espressif's `esp_idf_nvs_partition_gen` 0.3.0 makes it, byte for byte. Two things are
 * otherwise: entries may come back to an earlier namespace, where the generator puts them into the last one; and nothing is added
 * to keys such as `sta.ssid`. Throws `bad_option`, naming the key, for what NVS cannot hold, and `too_large` when it is full.
 */
export function buildNvsImage(options: NvsImageOptions): Uint8Array {
  const { sizeBytes, entries } = options;
  const version: number = options.version ?? 2;
  if (version !== 2) throw badEntry('the NVS version must be 2.');
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes % PAGE_BYTES !== 0 || sizeBytes < MIN_PAGES * PAGE_BYTES)
    throw badEntry('the size of an NVS partition must be a multiple of 4096 bytes, and at least 0x3000.');
  const writer = new NvsWriter(sizeBytes);
  const seen = new Set<string>();
  for (const entry of entries) {
    checkNvsEntry(entry);
    const name = JSON.stringify([entry.namespace, entry.key]);
    if (seen.has(name)) throw badEntry(`"${entry.namespace}"/"${entry.key}" is given twice.`);
    seen.add(name);
    writer.write(entry);
  }
  return writer.image();
}

class NvsWriter {
  readonly #namespaces = new Map<string, number>();
  readonly #done: NvsPage[] = [];
  readonly #sizeBytes: number;
  #page = new NvsPage(0);

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  image(): Uint8Array {
    const written = concatBytes(...[...this.#done, this.#page].map(({ bytes }) => bytes));
    const image = new Uint8Array(this.#sizeBytes).fill(0xff);
    image.set(written);
    return image;
  }

  write(entry: NvsEntry): void {
    const namespaceIndex = this.#namespaceIndex(entry);
    if (entry.type === 'string') this.#writeString(namespaceIndex, entry, entry.value);
    else if (entry.type === 'blob') this.#writeBlob(namespaceIndex, entry, entry.value);
    else this.#writeInteger(namespaceIndex, entry, entry.type, BigInt(entry.value));
  }

  #namespaceIndex(entry: NvsEntry): number {
    const known = this.#namespaces.get(entry.namespace);
    if (known !== undefined) return known;
    const index = this.#namespaces.size + 1;
    if (index > MAX_NAMESPACES)
      throw badEntry(`"${entry.namespace}" is one namespace too many, the limit is ${String(MAX_NAMESPACES)}.`);
    this.#writeInteger(0, { ...entry, key: entry.namespace }, 'u8', BigInt(index));
    this.#namespaces.set(entry.namespace, index);
    return index;
  }

  #writeInteger(namespaceIndex: number, entry: NvsEntry, type: keyof typeof INTEGER_TYPES, value: bigint): void {
    if (this.#page.free === 0) this.#turn(entry);
    const { code, bytes } = INTEGER_TYPES[type];
    const encoded = encodeEntry({ namespaceIndex, type: code, span: 1, key: entry.key }, (data) => {
      for (let index = 0; index < bytes; index += 1) data.setUint8(index, Number((value >> BigInt(index * 8)) & 0xffn));
    });
    this.#page.append(encoded);
  }

  #writeString(namespaceIndex: number, entry: NvsEntry, text: string): void {
    const data = new TextEncoder().encode(`${text}\0`);
    const span = 1 + dataEntries(data.length);
    // as the generator: the last entry of a page is never a string's
    if (this.#page.used + span >= ENTRIES_PER_PAGE) this.#turn(entry);
    this.#writeSized({ namespaceIndex, type: TYPE_STRING, span, key: entry.key }, data);
  }

  #writeBlob(namespaceIndex: number, entry: NvsEntry, data: Uint8Array): void {
    const { key } = entry;
    if (this.#page.free === 0) this.#turn(entry);
    let written = 0;
    let chunks = 0;
    do {
      if (chunks === MAX_CHUNKS) throw badEntry(`"${entry.namespace}"/"${key}" is too large for a blob.`);
      const room = (this.#page.free - 1) * ENTRY_BYTES;
      const chunk = data.subarray(written, written + room);
      const span = 1 + dataEntries(chunk.length);
      this.#writeSized({ namespaceIndex, type: TYPE_BLOB_DATA, span, chunkIndex: chunks, key }, chunk);
      chunks += 1;
      written += chunk.length;
      if (written < data.length || this.#page.free === 0) this.#turn(entry);
    } while (written < data.length);
    const index = encodeEntry({ namespaceIndex, type: TYPE_BLOB_INDEX, span: 1, key }, (view) => {
      view.setUint32(0, data.length, true);
      view.setUint8(4, chunks);
      view.setUint8(5, 0);
    });
    this.#page.append(index);
  }

  #writeSized(header: Parameters<typeof encodeEntry>[0], data: Uint8Array): void {
    const entry = encodeEntry(header, (view) => {
      view.setUint16(0, data.length, true);
      view.setUint32(4, nvsCrc(data), true);
    });
    this.#page.append(entry);
    this.#page.append(data);
  }

  /** Closes the page and opens the next; the last one of the partition stays empty. */
  #turn({ namespace, key }: NvsEntry): void {
    this.#page.close();
    this.#done.push(this.#page);
    if ((this.#done.length + 1) * PAGE_BYTES >= this.#sizeBytes) {
      const message = `an NVS partition of ${String(this.#sizeBytes)} bytes has no room for "${namespace}"/"${key}" any more.`;
      throw new FirmwareImageError('too_large', message);
    }
    this.#page = new NvsPage(this.#done.length);
  }
}
