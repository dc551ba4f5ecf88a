import { crc32 } from '../crc32.js';
import { viewOf } from '../bytes.js';

// ESP-IDF, components/nvs_flash/README.rst: "Internals".

export const PAGE_BYTES = 4096;
export const ENTRY_BYTES = 32;
/** After the header and the bitmap of entry states, 32 bytes each. */
export const FIRST_ENTRY = 64;
export const ENTRIES_PER_PAGE = 126;
export const BITMAP = 32;

export const PAGE_ACTIVE = 0xffff_fffe;
export const PAGE_FULL = 0xffff_fffc;
/** Version 2 of the page format stores blobs in chunks, over several pages. */
export const VERSION_2 = 0xfe;
export const CHUNK_ANY = 0xff;

export const INTEGER_TYPES = {
  u8: { code: 0x01, bytes: 1, signed: false },
  i8: { code: 0x11, bytes: 1, signed: true },
  u16: { code: 0x02, bytes: 2, signed: false },
  i16: { code: 0x12, bytes: 2, signed: true },
  u32: { code: 0x04, bytes: 4, signed: false },
  i32: { code: 0x14, bytes: 4, signed: true },
  u64: { code: 0x08, bytes: 8, signed: false },
  i64: { code: 0x18, bytes: 8, signed: true },
} as const;

export const TYPE_STRING = 0x21;
export const TYPE_BLOB_DATA = 0x42;
export const TYPE_BLOB_INDEX = 0x48;

/** The CRC of everything in NVS. */
export const nvsCrc = (bytes: Uint8Array): number => crc32(bytes, 0xffff_ffff);

/** The CRC of an entry covers all of it but itself. */
export function entryCrc(entry: Uint8Array): number {
  const covered = new Uint8Array(ENTRY_BYTES - 4);
  covered.set(entry.subarray(0, 4));
  covered.set(entry.subarray(8, ENTRY_BYTES), 4);
  return nvsCrc(covered);
}

export interface EntryHeader {
  readonly namespaceIndex: number;
  readonly type: number;
  readonly span: number;
  readonly chunkIndex?: number;
  readonly key: string;
}

/** One entry: `fill` writes the last eight bytes, which are erased before. */
export function encodeEntry(header: EntryHeader, fill: (data: DataView) => void): Uint8Array {
  const entry = new Uint8Array(ENTRY_BYTES).fill(0xff);
  entry.set([header.namespaceIndex, header.type, header.span, header.chunkIndex ?? CHUNK_ANY]);
  entry.fill(0, 8, 24).set(new TextEncoder().encode(header.key), 8);
  fill(viewOf(entry.subarray(24)));
  viewOf(entry).setUint32(4, entryCrc(entry), true);
  return entry;
}

/** Entries that `bytes` of data take behind their header. */
export const dataEntries = (bytes: number): number => Math.ceil(bytes / ENTRY_BYTES);
