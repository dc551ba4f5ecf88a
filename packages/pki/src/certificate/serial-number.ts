import { randomBytes } from 'node:crypto';
import { PkiError } from '../errors.js';

/** Gives `size` random bytes; replaced in tests. */
export type RandomSource = (size: number) => Buffer;

const SERIAL_BYTES = 16;
const POOL_BYTES = 4096;

/** `crypto.randomBytes` in small pieces costs as much as a key; a serial number is no secret, so it may come from a stock. */
export function pooledRandom(): RandomSource {
  let pool = Buffer.alloc(0);
  return (size) => {
    if (pool.length < size) pool = randomBytes(Math.max(POOL_BYTES, size));
    const bytes = pool.subarray(0, size);
    pool = pool.subarray(size);
    return bytes;
  };
}

/**
 * 126 random bits with a first byte of 0x40..0x7f: positive and minimal in DER, of constant length, and within the 20
 * octets of RFC 5280 4.1.2.2.
 *
 * @throws PkiError `ERR_PKI_OPTION` when the source gives another number of bytes
 */
export function randomSerial(random: RandomSource = randomBytes): Buffer {
  const serial = Buffer.from(random(SERIAL_BYTES));
  if (serial.length !== SERIAL_BYTES) {
    throw new PkiError('ERR_PKI_OPTION', `the random source must give ${SERIAL_BYTES} bytes`, { field: 'random' });
  }
  serial.writeUInt8(0x40 | (serial.readUInt8(0) & 0x3f), 0);
  return serial;
}
