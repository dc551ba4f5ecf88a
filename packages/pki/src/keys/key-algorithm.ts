import type { KeyObject } from 'node:crypto';
import { PkiError } from '../errors.js';

/** The keys this package certifies and signs with. */
export const KEY_ALGORITHMS = ['ec-p256', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

/** Which of the supported algorithms a key is of, or undefined. */
export function algorithmOf(key: KeyObject): KeyAlgorithm | undefined {
  const details = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') return details.namedCurve === 'prime256v1' ? 'ec-p256' : undefined;
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
