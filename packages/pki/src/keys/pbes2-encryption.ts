import { createCipheriv, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type DerNode, integer, nullValue, octetString, oid, sequence } from '../asn1/der.js';
import { PkiError } from '../errors.js';
import { PBES2_OIDS } from './pbes2-oids.js';

const pbkdf2Async = promisify(pbkdf2);

const SALT_BYTES = 16;
const IV_BYTES = 16;
const KEY_BYTES = 32;
const MIN_ITERATIONS = 100_000;
const MAX_ITERATIONS = 10_000_000;

export const DEFAULT_ITERATIONS = 600_000;

/** @throws PkiError `ERR_PKI_OPTION` */
export function checkIterations(iterations: number): number {
  if (Number.isInteger(iterations) && iterations >= MIN_ITERATIONS && iterations <= MAX_ITERATIONS) return iterations;
  const message = `iterations must be ${MIN_ITERATIONS}..${MAX_ITERATIONS}`;
  throw new PkiError('ERR_PKI_OPTION', message, { field: 'iterations' });
}

export interface Pbes2Encrypted {
  /** AlgorithmIdentifier */
  readonly scheme: DerNode;
  readonly data: Buffer;
}

/**
 * PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC 8018 6.2), with a fresh salt and initialisation vector. The
 * derivation runs off the event loop.
 */
export async function encryptPbes2(plain: Buffer, secret: Buffer, iterations: number): Promise<Pbes2Encrypted> {
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const key = await pbkdf2Async(secret, salt, iterations, KEY_BYTES, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const data = Buffer.concat([cipher.update(plain), cipher.final()]);
  key.fill(0);
  const derivation = sequence(
    octetString(salt),
    integer(iterations),
    sequence(oid(PBES2_OIDS.hmacSha256), nullValue()),
  );
  const scheme = sequence(
    oid(PBES2_OIDS.pbes2),
    sequence(sequence(oid(PBES2_OIDS.pbkdf2), derivation), sequence(oid(PBES2_OIDS.aes256Cbc), octetString(iv))),
  );
  return { scheme, data };
}
