import { constants, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import type { KeyType, SignatureScheme } from '../chips.js';
import { FirmwareImageError } from '../errors.js';
import type { Signer } from '../image-signer.js';
import type { TrustedKeys } from '../image-verifier.js';
import { keyFitsScheme, rawV1Key, type SigningPublicKey } from '../public-key.js';
import { keyDigestSync, keyTypeOfPublicKey, toSigningPublicKey } from './key-objects.js';
import { readPemBlocks, type PemBlock } from './pem-blocks.js';

const load = ({ text, isPrivate }: PemBlock): KeyObject => {
  try {
    if (!isPrivate) return createPublicKey(text);
    const key = createPrivateKey(text);
    // OpenSSL reads an EC key whose number is longer than its curve, and Node ends the process when asked for its details
    if (key.asymmetricKeyType === 'ec') key.export({ type: 'sec1', format: 'der' }).fill(0);
    return key;
  } catch {
    // The cause may quote the input; it is left out on purpose.
    throw new FirmwareImageError('bad_key', 'the PEM key cannot be decoded');
  }
};

const loadOne = (pem: string): KeyObject => {
  const [block, ...more] = readPemBlocks(pem);
  if (block === undefined || more.length > 0)
    throw new FirmwareImageError('bad_key', 'exactly one PEM key is expected');
  return load(block);
};

/**
 * The public key of a PEM key, public (SPKI, PKCS#1) or private (SEC1, PKCS#1, PKCS#8).
 * @throws FirmwareImageError `bad_key`
 */
export const publicKeyFromPem = (pem: string): SigningPublicKey => toSigningPublicKey(loadOne(pem));

/** What a PEM key can sign: pass it to `schemeFor(chip, keyType)`. @throws FirmwareImageError `bad_key` */
export const keyTypeOfPem = (pem: string): KeyType => keyTypeOfPublicKey(publicKeyFromPem(pem));

/** The eFuse digest of a PEM key, hex. @throws FirmwareImageError `bad_key` */
export const keyDigestFromPem = (pem: string): string => keyDigestSync(publicKeyFromPem(pem));

const impliedScheme = (key: SigningPublicKey): SignatureScheme => {
  if (key.type === 'rsa') return 'v2-rsa-3072';
  if (key.curve === 'P-384') return 'v2-ecdsa-p384';
  throw new FirmwareImageError(
    'bad_option',
    'a P-256 key fits v1-ecdsa-p256 and v2-ecdsa-p256: say which, or use schemeFor(chip, keyType)',
  );
};

/**
 * A signer over a private key in PEM: SEC1 (EC), PKCS#1 (RSA) or PKCS#8, not encrypted. ECDSA signatures are randomised, so
 * two runs make different bytes; the image identity does not change.
 *
 * @param scheme Needed for P-256 keys, which fit two schemes; RSA-3072 and P-384 keys fit one each.
 * @throws FirmwareImageError `bad_key` (encrypted, undecodable, public, another size or curve, not for this scheme),
 * `bad_option` (P-256 without a scheme).
 */
export const signerFromPem = (pem: string, scheme?: SignatureScheme): Signer => {
  const key = loadOne(pem);
  if (key.type !== 'private') throw new FirmwareImageError('bad_key', 'signing needs the private key');
  const publicKey = toSigningPublicKey(key);
  const chosen = scheme ?? impliedScheme(publicKey);
  if (!keyFitsScheme(publicKey, chosen)) {
    throw new FirmwareImageError('bad_key', `a ${keyTypeOfPublicKey(publicKey)} key cannot sign ${chosen}`);
  }
  const hash = chosen === 'v2-ecdsa-p384' ? 'sha384' : 'sha256';
  const how =
    publicKey.type === 'rsa'
      ? ({ key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } as const)
      : ({ key, dsaEncoding: 'ieee-p1363' } as const);
  return Object.freeze({
    scheme: chosen,
    publicKey,
    keyDigest: keyDigestSync(publicKey),
    sign: (message: Uint8Array) =>
      new Promise<Uint8Array>((resolve, reject) => {
        sign(hash, message, how, (error, signature) => {
          if (error) reject(error);
          else resolve(new Uint8Array(signature));
        });
      }),
  });
};

/**
 * The trust that a set of PEM keys gives, public or private; one text may hold several. A P-256 key is trusted in both
 * schemes, as raw v1 key and as v2 digest.
 * @throws FirmwareImageError `bad_key`
 */
export const trustedFromPem = (pems: string | readonly string[]): Required<TrustedKeys> => {
  const keys = (typeof pems === 'string' ? [pems] : pems).flatMap(readPemBlocks).map(load).map(toSigningPublicKey);
  return {
    v1: keys.filter((key) => keyFitsScheme(key, 'v1-ecdsa-p256')).map(rawV1Key),
    v2Digests: keys.map(keyDigestSync),
  };
};
