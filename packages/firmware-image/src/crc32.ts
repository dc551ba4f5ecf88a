const TABLE = Uint32Array.from({ length: 256 }, (_, seed) => {
  let value = seed;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/**
 * CRC-32 (IEEE 802.3, as zlib computes it), the checksum of a Secure Boot V2 signature block. `previous` is the CRC of what
 * comes before; NVS starts with 0xffffffff.
 */
export const crc32 = (bytes: Uint8Array, previous = 0): number => {
  let crc = previous ^ 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
};
