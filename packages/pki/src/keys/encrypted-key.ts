import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { encodeDer, octetString, sequence } from '../asn1/der.js';
import { PkiError } from '../errors.js';
import { decodePem, encodePem, type Pem } from '../pem.js';
import { parsePrivateKey } from './key-pair.js';
import { requireAlgorithm } from './key-algorithm.js';
import { decryptPbes2 } from './pbes2-decryption.js';
import { checkIterations, DEFAULT_ITERATIONS, encryptPbes2 } from './pbes2-encryption.js';
import { checkedPassphrase } from './passphrase.js';

/** What a guess at the passphrase costs. */
export interface EncryptPrivateKeyOptions {
  /** PBKDF2 rounds, 100,000..10,000,000; default 600,000, about 0.3 s on a thread of the libuv pool */
  iterations?: number;
}

/**
 * Encrypts a PKCS#8 private key: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC 8018 6.2, RFC 5958 3). OpenSSL
 * and Node read it; Node's own export stops at 2,048 rounds. mbedTLS before 3.5 does not, so it is for CA keys and the
 * like, not for devices.
 *
 * @param passphrase 8..1,000 bytes of UTF-8, used as given (no Unicode normalisation)
 * @returns one `ENCRYPTED PRIVATE KEY` block; no two calls return the same
 * @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_KEY`, `ERR_PKI_PASSPHRASE`, `ERR_PKI_OPTION`
 */
export async function encryptPrivateKey(
  pem: Pem,
  passphrase: string,
  { iterations = DEFAULT_ITERATIONS }: EncryptPrivateKeyOptions = {},
): Promise<Pem> {
  parsePrivateKey(pem);
  const secret = checkedPassphrase(passphrase);
  checkIterations(iterations);
  const plain = decodePem(pem, ['PRIVATE KEY']).der;
  const { scheme, data } = await encryptPbes2(plain, secret, iterations);
  for (const used of [secret, plain]) used.fill(0);
  return encodePem('ENCRYPTED PRIVATE KEY', encodeDer(sequence(scheme, octetString(data))));
}

/**
 * Decrypts a PKCS#8 private key: PBES2 with PBKDF2 (HMAC with SHA-1 or SHA-2) or scrypt, and AES-CBC or triple DES; that
 * is what OpenSSL 1.0 and later, Node and this package write. Work and memory that the file may ask for are bounded, and
 * the derivation runs off the event loop. The older PBES1 schemes are refused.
 *
 * @returns one `PRIVATE KEY` block
 * @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_PASSPHRASE` (a wrong one cannot be told from damaged data), `ERR_PKI_KEY`
 *   (scheme or key not supported)
 */
export async function decryptPrivateKey(pem: Pem, passphrase: string): Promise<Pem> {
  const { der } = decodePem(pem, ['ENCRYPTED PRIVATE KEY']);
  const secret = checkedPassphrase(passphrase, 0);
  const plain = await decryptPbes2(der, secret);
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw new PkiError('ERR_PKI_PASSPHRASE', 'the passphrase is wrong, or the encrypted key is damaged', { cause });
  } finally {
    for (const used of [secret, plain]) used.fill(0);
  }
  requireAlgorithm(key);
  checkConsistent(key);
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * CBC has no integrity: damage can scramble the private number alone, which OpenSSL reads without comparing it with the
 * public key beside it. One signature tells.
 */
function checkConsistent(key: KeyObject): void {
  const probe = Buffer.from('consistency');
  let consistent: boolean;
  try {
    consistent = verify('sha256', probe, createPublicKey(key), sign('sha256', probe, key));
  } catch (cause) {
    throw new PkiError('ERR_PKI_PASSPHRASE', 'the encrypted private key is damaged', { cause });
  }
  if (!consistent) throw new PkiError('ERR_PKI_PASSPHRASE', 'the encrypted private key is damaged');
}
