import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { BLOCK, walkImage, type SignedLayout } from './image-regions.js';

const sealBlock = (block: Buffer): void => {
  block.writeUInt32LE(crc32(block.subarray(0, 1196)), 1196);
};

const repairImage = (file: Buffer): void => {
  const ends = walkImage(file);
  if (ends === undefined) return;
  let checksum = 0xef;
  for (const [, start, end] of ends.segments) for (const byte of file.subarray(start, end)) checksum ^= byte;
  file[ends.end16 - 1] = checksum;
  if (ends.imageLength === ends.end16) return;
  createHash('sha256').update(file.subarray(0, ends.end16)).digest().copy(file, ends.end16);
};

/**
 * What an attacker without the key does to a changed file: makes checksum, appended hash, the digest in the block and the
 * CRC of the changed block right again. `changed` is the offset that stays as it is.
 */
export const repair = (bytes: Uint8Array, sector: number, { scheme, winner }: SignedLayout, changed: number): void => {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (changed < sector) {
    const kept = file[changed] ?? 0;
    repairImage(file);
    file[changed] = kept;
  }
  if (scheme === 'v1') return;
  const slot = changed < sector ? winner : Math.floor((changed - sector) / BLOCK);
  if (slot > 2) return;
  const block = file.subarray(sector + slot * BLOCK, sector + (slot + 1) * BLOCK);
  if (changed < sector) {
    const hash = scheme === 'p384' ? 'sha384' : 'sha256';
    createHash(hash).update(file.subarray(0, sector)).digest().copy(block, 4);
  }
  const kept = file[changed] ?? 0;
  sealBlock(block);
  file[changed] = kept;
};
