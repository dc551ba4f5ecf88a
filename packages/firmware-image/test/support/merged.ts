import { createHash } from 'node:crypto';

export interface TableRow {
  readonly type: number;
  readonly subtype: number;
  readonly address: number;
  readonly length: number;
  readonly label: string;
}

export const factory = (address = 0x1_0000, length = 0x10_0000): TableRow => ({
  type: 0,
  subtype: 0,
  address,
  length,
  label: 'factory',
});
export const otaSlot = (index: number, address: number, length = 0x10_0000): TableRow => ({
  type: 0,
  subtype: 0x10 + index,
  address,
  length,
  label: `app${index}`,
});
export const nvs: TableRow = { type: 1, subtype: 2, address: 0x9000, length: 0x6000, label: 'nvs' };

/** A partition table as `gen_esp32part.py` writes it: rows of 32 bytes, an MD5 row, erased flash up to 0xC00. */
export const makePartitionTable = (rows: readonly TableRow[], { md5 = true } = {}): Uint8Array => {
  const table = Buffer.alloc(0xc00, 0xff);
  for (const [index, { type, subtype, address, length, label }] of rows.entries()) {
    const row = table.subarray(index * 32, index * 32 + 32).fill(0);
    row.set([0xaa, 0x50, type, subtype]);
    row.writeUInt32LE(address, 4);
    row.writeUInt32LE(length, 8);
    row.write(label, 12, 16, 'latin1');
  }
  if (md5) {
    const end = rows.length * 32;
    table.set([0xeb, 0xeb], end);
    table.set(createHash('md5').update(table.subarray(0, end)).digest(), end + 16);
  }
  return new Uint8Array(table);
};

/** The smallest bootloader there can be: one segment in RAM, no application descriptor. */
export const makeBootloader = (chipId = 0): Uint8Array => {
  const data = Buffer.alloc(4096, 0x11);
  const header = Buffer.alloc(32);
  header.set([0xe9, 1, 2, 0x20]);
  header.set([0xee], 8);
  header.writeUInt16LE(chipId, 12);
  header.writeUInt16LE(0xffff, 17);
  header.writeUInt32LE(0x3fff_0030, 24);
  header.writeUInt32LE(data.length, 28);
  const image = Buffer.concat([header, data, Buffer.alloc(16)]);
  image[image.length - 1] = data.reduce((checksum, byte) => checksum ^ byte, 0xef);
  return new Uint8Array(image);
};

/** What `esptool merge-bin` does: parts at flash addresses, 0xFF between them, the file beginning at `base`. */
export const merge = (parts: readonly (readonly [address: number, bytes: Uint8Array])[], base = 0): Uint8Array => {
  const end = Math.max(...parts.map(([address, bytes]) => address + bytes.length));
  const file = new Uint8Array(end - base).fill(0xff);
  for (const [address, bytes] of parts) file.set(bytes, address - base);
  return file;
};
