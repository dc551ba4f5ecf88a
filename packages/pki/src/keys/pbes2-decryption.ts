import { createDecipheriv, pbkdf2, scrypt, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import {
  content,
  decodeDer,
  type DerNode,
  DerType,
  encodeDer,
  nullValue,
  oidText,
  sequenceItems,
} from '../asn1/der.js';
import { isPkiError, PkiError } from '../errors.js';
import { type BlockCipher, PBES2_CIPHERS, PBES2_OIDS, PBKDF2_DIGESTS } from './pbes2-oids.js';

const pbkdf2Async = promisify(pbkdf2);
const scryptAsync = promisify<Buffer, Buffer, number, ScryptOptions, Buffer>(scrypt);

const MAX_ITERATIONS = 10_000_000;
const MAX_SCRYPT_BYTES = 256 * 1024 * 1024;
const MAX_SCRYPT_PARALLEL = 16;

const unsupported = (what: string): PkiError =>
  new PkiError('ERR_PKI_KEY', `the private key is encrypted with ${what}, which is not supported`);

/** An INTEGER of 1..max. */
function positive(node: DerNode | undefined, max: number, what: string): number {
  const bytes = content(node, DerType.INTEGER);
  const value = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
  if (value < 1n || value > BigInt(max)) throw unsupported(`${what} outside 1..${max}`);
  return Number(value);
}

type Derivation = (secret: Buffer, keyBytes: number) => Promise<Buffer>;

function checkKeyLength(node: DerNode | undefined, keyBytes: number): void {
  if (node !== undefined && positive(node, 64, 'a key length') !== keyBytes) throw unsupported('an odd key length');
}

/** PBKDF2-params of RFC 8018 A.2: salt, iterationCount, keyLength OPTIONAL, prf DEFAULT hmacWithSHA1. */
function readPbkdf2(parameters: DerNode | undefined, keyBytes: number): Derivation {
  const [saltNode, iterationsNode, ...rest] = sequenceItems(parameters);
  const salt = content(saltNode, DerType.OCTETSTRING);
  const iterations = positive(iterationsNode, MAX_ITERATIONS, 'PBKDF2 rounds');
  if (rest[0]?.type === DerType.INTEGER) checkKeyLength(rest.shift(), keyBytes);
  const [prf, ...more] = rest;
  if (more.length > 0) throw unsupported('unknown PBKDF2 parameters');
  const [id, none] = prf === undefined ? [] : sequenceItems(prf);
  if (none !== undefined && !encodeDer(none).equals(encodeDer(nullValue()))) throw unsupported('PBKDF2 parameters');
  const digest = prf === undefined ? 'sha1' : PBKDF2_DIGESTS[oidText(id)];
  if (digest === undefined) throw unsupported('an unknown PBKDF2 function');
  return (secret, size) => pbkdf2Async(secret, salt, iterations, size, digest);
}

/** scrypt-params of RFC 7914 7.1: salt, costParameter, blockSize, parallelizationParameter, keyLength OPTIONAL. */
function readScrypt(parameters: DerNode | undefined, keyBytes: number): Derivation {
  const [saltNode, cost, block, parallel, length] = sequenceItems(parameters);
  const salt = content(saltNode, DerType.OCTETSTRING);
  const N = positive(cost, 2 ** 20, 'a scrypt cost');
  const r = positive(block, 64, 'a scrypt block size');
  const p = positive(parallel, MAX_SCRYPT_PARALLEL, 'a scrypt parallelisation');
  checkKeyLength(length, keyBytes);
  if (128 * r * (N + p) > MAX_SCRYPT_BYTES || (N & (N - 1)) !== 0) throw unsupported('scrypt costs beyond the limits');
  return (secret, size) => scryptAsync(secret, salt, size, { N, r, p, maxmem: 2 * MAX_SCRYPT_BYTES });
}

interface Encrypted {
  derive: Derivation;
  cipher: BlockCipher;
  iv: Buffer;
  data: Buffer;
}

/** EncryptedPrivateKeyInfo of RFC 5958 3 with PBES2 of RFC 8018 A.4. */
function readEncrypted(der: Buffer): Encrypted {
  const [scheme, data] = sequenceItems(decodeDer(der));
  const [schemeId, parameters] = sequenceItems(scheme);
  if (oidText(schemeId) !== PBES2_OIDS.pbes2) throw unsupported('a scheme other than PBES2');
  const [derivation, encryption] = sequenceItems(parameters);
  const [cipherId, ivNode] = sequenceItems(encryption);
  const cipher = PBES2_CIPHERS[oidText(cipherId)];
  if (cipher === undefined) throw unsupported('an unknown cipher');
  const iv = content(ivNode, DerType.OCTETSTRING);
  if (iv.length !== cipher.ivBytes) throw unsupported('an initialisation vector of the wrong size');
  const [derivationId, derivationParameters] = sequenceItems(derivation);
  const id = oidText(derivationId);
  if (id !== PBES2_OIDS.pbkdf2 && id !== PBES2_OIDS.scrypt) throw unsupported('an unknown key derivation');
  const read = id === PBES2_OIDS.scrypt ? readScrypt : readPbkdf2;
  const derive = read(derivationParameters, cipher.keyBytes);
  return { derive, cipher, iv, data: content(data, DerType.OCTETSTRING) };
}

/**
 * The decrypted bytes of an EncryptedPrivateKeyInfo; what they are is for the caller to find out.
 *
 * @throws PkiError `ERR_PKI_PEM` (not such a structure), `ERR_PKI_KEY` (not supported), `ERR_PKI_PASSPHRASE`
 */
export async function decryptPbes2(der: Buffer, secret: Buffer): Promise<Buffer> {
  let encrypted: Encrypted;
  try {
    encrypted = readEncrypted(der);
  } catch (cause) {
    if (isPkiError(cause) && cause.code === 'ERR_PKI_KEY') throw cause;
    throw new PkiError('ERR_PKI_PEM', 'the encrypted private key is malformed', { cause });
  }
  const { derive, cipher, iv, data } = encrypted;
  const key = await derive(secret, cipher.keyBytes);
  try {
    const decipher = createDecipheriv(cipher.name, key, iv);
    return Buffer.concat([decipher.update(data), decipher.final()]);
  } catch (cause) {
    throw new PkiError('ERR_PKI_PASSPHRASE', 'the passphrase is wrong, or the encrypted key is damaged', { cause });
  } finally {
    key.fill(0);
  }
}
