import { generateKeyPairSync } from 'node:crypto';
import { signerFromPem, trustedFromPem } from '@secure-esp/firmware-image/node';
import type { KeyType, SignatureScheme, Signer, TrustedKeys } from '@secure-esp/firmware-image';

/** A private key as this project writes them: SEC1 for EC, PKCS#1 for RSA. */
export const makePem = (type: KeyType): string => {
  if (type === 'rsa3072') {
    return generateKeyPairSync('rsa', { modulusLength: 3072 })
      .privateKey.export({ type: 'pkcs1', format: 'pem' })
      .toString();
  }
  const namedCurve = type === 'p256' ? 'P-256' : 'P-384';
  return generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'sec1', format: 'pem' }).toString();
};

export interface TestKey {
  readonly pem: string;
  readonly signer: Signer;
  readonly trusted: Required<TrustedKeys>;
}

export const testKey = (type: KeyType, scheme: SignatureScheme): TestKey => {
  const pem = makePem(type);
  return { pem, signer: signerFromPem(pem, scheme), trusted: trustedFromPem(pem) };
};
