import type { KeyObject } from 'node:crypto';
import { PkiError } from '../errors.js';

/** The keys this package certifies and signs with. */
export const KEY_ALGORITHMS = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const;
/** One of {@link KEY_ALGORITHMS}. */
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

/** OpenSSL's names of the curves. */
const CURVES: Readonly<Partial<Record<string, KeyAlgorithm>>> = { prime256v1: 'ec-p256', secp384r1: 'ec-p384' };

/**
 * OpenSSL loads an EC key whose number has more bytes than its curve, and Node 20 ends the process when it is asked for the
 * details of one. Writing such a key only throws.
 */
function isWhole(key: KeyObject): boolean {
  if (key.type !== 'private' || key.asymmetricKeyType !== 'ec') return true;
  try {
    key.export({ type: 'pkcs8', format: 'der' }).fill(0);
    return true;
  } catch {
    return false;
  }
}

/** Which of the supported algorithms a key is of, or undefined. */
export function algorithmOf(key: KeyObject): KeyAlgorithm | undefined {
  if (!isWhole(key)) return undefined;
  const details = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') return details.namedCurve === undefined ? undefined : CURVES[details.namedCurve];
  if (key.asymmetricKeyType !== 'rsa' || details.publicExponent !== 65_537n) return undefined;
  return KEY_ALGORITHMS.find((algorithm) => algorithm === `rsa-${details.modulusLength ?? 0}`);
}

/** @throws PkiError `ERR_PKI_KEY` */
export function requireAlgorithm(key: KeyObject): KeyAlgorithm {
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) {
    throw new PkiError('ERR_PKI_KEY', `the key is not one of ${KEY_ALGORITHMS.join(', ')} (RSA exponent 65537)`, {
      field: 'key',
    });
  }
  return algorithm;
}
