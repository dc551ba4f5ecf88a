import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { OtaError } from '../errors.js';

const isP256 = (key: KeyObject): boolean =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';

/** @throws OtaError `bad_release_key` */
export function readReleaseKey(pem: string, passphrase: string | undefined): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
    // OpenSSL reads an EC key whose number is longer than its curve, and Node ends the process when asked for its details
    if (key.asymmetricKeyType === 'ec') key.export({ type: 'sec1', format: 'der' }).fill(0);
  } catch {
    // OpenSSL's error may quote its input: it is not passed on
    throw new OtaError('bad_release_key', 'the release key is no private key in PEM, or its passphrase is wrong');
  }
  if (!isP256(key)) throw new OtaError('bad_release_key', 'the release key must be a P-256 key');
  return key;
}

/** A public key in PEM; of a private key its public half. @throws OtaError `bad_release_key` */
export function readPublicReleaseKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    const spki = createPublicKey({ key: pem, format: 'pem' }).export({ type: 'spki', format: 'der' });
    // read again: what comes of a damaged private key ends the process when asked for its details
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    throw new OtaError('bad_release_key', 'the public release key is no key in PEM');
  }
  if (!isP256(key)) throw new OtaError('bad_release_key', 'the public release key must be a P-256 key');
  return key;
}

/** `kid` of the contract: SHA-256 of the SPKI, hex. */
export const releaseKeyId = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');

export const toSpkiPem = (publicKey: KeyObject): string => publicKey.export({ type: 'spki', format: 'pem' }).toString();
