import { chipByName, type ChipName, type SignatureScheme } from '@secure-esp/firmware-image';
import { PkiError } from '../errors.js';
import type { Pem } from '../pem.js';
import type { KeyAlgorithm } from './key-algorithm.js';
import { generatePrivateKey, parsePrivateKey } from './key-pair.js';

/** The image signature formats of ESP-IDF ("Secure Boot v1" and "v2", each with or without hardware secure boot). */
export const FIRMWARE_KEY_SCHEMES = ['v1-ecdsa-p256', 'v2-rsa-3072', 'v2-ecdsa-p256'] as const;
/** One of {@link FIRMWARE_KEY_SCHEMES}. */
export type FirmwareKeyScheme = (typeof FIRMWARE_KEY_SCHEMES)[number];

const ALGORITHM_OF_SCHEME: Readonly<Record<FirmwareKeyScheme, KeyAlgorithm>> = {
  'v1-ecdsa-p256': 'ec-p256',
  'v2-rsa-3072': 'rsa-3072',
  'v2-ecdsa-p256': 'ec-p256',
};

const isKeyScheme = (scheme: SignatureScheme): scheme is FirmwareKeyScheme =>
  FIRMWARE_KEY_SCHEMES.some((known) => known === scheme);

/**
 * The default scheme of a chip; for release builds on ESP32 (chip revision 3.0 or later) ask for `v2-rsa-3072`.
 *
 * @throws PkiError `ERR_PKI_OPTION`
 */
export function schemeForChip(chip: ChipName): FirmwareKeyScheme {
  const [scheme] = chipByName(chip)?.schemes.filter(isKeyScheme) ?? [];
  if (scheme !== undefined) return scheme;
  throw new PkiError('ERR_PKI_OPTION', `chip "${chip}" is not one that a firmware key can be made for`, {
    field: 'chips',
  });
}

/** @throws PkiError `ERR_PKI_OPTION` */
export function checkScheme(scheme: FirmwareKeyScheme): FirmwareKeyScheme {
  if (!FIRMWARE_KEY_SCHEMES.includes(scheme)) {
    const known = FIRMWARE_KEY_SCHEMES.join(', ');
    throw new PkiError('ERR_PKI_OPTION', `firmware key scheme "${scheme}" is not one of ${known}`, {
      field: 'scheme',
    });
  }
  return scheme;
}

/**
 * A fresh firmware signing key: SEC1 for EC, PKCS#1 for RSA, unencrypted. espsecure's v1 signer does not read PKCS#8.
 * RSA-3072 takes about a second.
 *
 * @throws PkiError `ERR_PKI_OPTION`
 */
export async function generateFirmwareKey(scheme: FirmwareKeyScheme): Promise<Pem> {
  const key = await generatePrivateKey(ALGORITHM_OF_SCHEME[checkScheme(scheme)], 'traditional');
  return key.pem;
}

/**
 * Checks that a PEM is a key of this scheme in the encoding espsecure reads, and returns it.
 *
 * @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_KEY`
 */
export function parseFirmwareKey(pem: Pem, scheme: FirmwareKeyScheme): Pem {
  const key = parsePrivateKey(pem, 'traditional');
  const expected = ALGORITHM_OF_SCHEME[checkScheme(scheme)];
  if (key.algorithm !== expected) {
    throw new PkiError('ERR_PKI_KEY', `scheme ${scheme} needs a key of ${expected}, this one is ${key.algorithm}`);
  }
  return pem;
}
