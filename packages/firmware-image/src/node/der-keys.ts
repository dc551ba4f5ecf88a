import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { FirmwareImageError } from '../errors.js';

const PRIVATE = [
  { type: 'pkcs8', label: 'PRIVATE KEY', of: undefined },
  { type: 'sec1', label: 'EC PRIVATE KEY', of: 'ec' },
  { type: 'pkcs1', label: 'RSA PRIVATE KEY', of: 'rsa' },
] as const;
const PUBLIC = [
  { type: 'spki', label: 'PUBLIC KEY' },
  { type: 'pkcs1', label: 'RSA PUBLIC KEY' },
] as const;

/** OpenSSL 3.5 (Node.js 22 and later) reads SEC1 as PKCS#1 and the other way round: what came out tells which it was. */
const decodes = (read: () => KeyObject, of?: string): boolean => {
  try {
    const key = read();
    return of === undefined || key.asymmetricKeyType === of;
  } catch {
    // The cause may quote the input; it is left out on purpose.
    return false;
  }
};

/**
 * The same key as PEM text, for the functions that take PEM: DER of a private key (PKCS#8, SEC1, PKCS#1) or of a public one
 * (SPKI, PKCS#1), not encrypted. Which form it is, is found by decoding it.
 *
 * @throws FirmwareImageError `bad_key` when none of them decodes.
 */
export const pemFromDer = (der: Uint8Array): string => {
  const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  const found =
    PRIVATE.find(({ type, of }) => decodes(() => createPrivateKey({ key, format: 'der', type }), of)) ??
    PUBLIC.find(({ type }) => decodes(() => createPublicKey({ key, format: 'der', type })));
  if (found === undefined) throw new FirmwareImageError('bad_key', 'the DER key cannot be decoded');
  const lines = key.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${found.label}-----\n${lines}\n-----END ${found.label}-----\n`;
};
