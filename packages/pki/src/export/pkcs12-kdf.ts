import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

const DIGEST_BYTES = 32;
const BLOCK_BYTES = 64;
/** Diversifier of RFC 7292 B.3 for a MAC key. */
const MAC_KEY = 3;
/** About a millisecond of hashing, then the event loop has its turn. */
const ROUNDS_PER_TURN = 1_000;

/** The pass phrase of RFC 7292 B.1: BMPString, big-endian, with two zero octets at the end. */
export const bmpPassphrase = (passphrase: string): Buffer => Buffer.from(`${passphrase}\0`, 'utf16le').swap16();

/**
 * The 32-byte MAC key of RFC 7292 B.2 with SHA-256. For keys as long as the digest there is one output block, and the
 * addition to I (step 6C) is not reached. Node has no such function; every hash is OpenSSL's. Yields to the event loop.
 *
 * @param secret from {@link bmpPassphrase}, not empty
 * @param salt not empty
 */
export async function deriveMacKey(secret: Buffer, salt: Buffer, iterations: number): Promise<Buffer> {
  const input = Buffer.concat([Buffer.alloc(BLOCK_BYTES, MAC_KEY), repeated(salt), repeated(secret)]);
  let key = sha256(input);
  input.fill(0);
  for (let round = 1; round < iterations; round += 1) {
    key = sha256(key);
    if (round % ROUNDS_PER_TURN === 0) await setImmediate();
  }
  return key.subarray(0, DIGEST_BYTES);
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/** Copies of the bytes one after the other, up to the next whole block; the last copy may be cut. */
const repeated = (bytes: Buffer): Buffer => Buffer.alloc(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES, bytes);
