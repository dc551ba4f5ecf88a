import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isFirmwareImageError, keyDigest, keyTypeOf, schemeFor, SIGNATURE_SCHEMES } from '@secure-esp/firmware-image';
import {
  keyDigestFromPem,
  keyTypeOfPem,
  publicKeyFromPem,
  signerFromPem,
  trustedFromPem,
} from '@secure-esp/firmware-image/node';
import { makePem } from '../support/keys.js';

const publicPem = (pem: string): string => createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();

const errorOf = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (error) {
    return error;
  }
};

const p256 = makePem('p256');
const p384 = makePem('p384');
const rsa = makePem('rsa3072');

describe('PEM keys', () => {
  it.each(SIGNATURE_SCHEMES)('sign %s through the same digest as the main entry', async (scheme) => {
    const pem = { p256, p384, rsa3072: rsa }[keyTypeOf(scheme)];
    const signer = signerFromPem(pem, scheme);
    expect(signer).toMatchObject({ scheme, keyDigest: await keyDigest(signer.publicKey) });
    expect(keyTypeOfPem(pem)).toBe(keyTypeOf(scheme));
    expect(keyDigestFromPem(publicPem(pem))).toBe(signer.keyDigest);
  });

  it('need no scheme when only one fits, and insist on one for P-256', () => {
    expect(signerFromPem(rsa).scheme).toBe('v2-rsa-3072');
    expect(signerFromPem(p384).scheme).toBe('v2-ecdsa-p384');
    expect(errorOf(() => signerFromPem(p256))).toMatchObject({ code: 'bad_option' });
    expect(signerFromPem(p256, schemeFor('esp32c6', keyTypeOfPem(p256))).scheme).toBe('v2-ecdsa-p256');
  });

  it('are read in every usual encoding', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const sec1 = privateKey.export({ type: 'sec1', format: 'pem' }).toString();
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const digest = keyDigestFromPem(sec1);
    for (const pem of [pkcs8, publicPem(sec1), parameters + sec1, `comment\n${sec1.replaceAll('\n', '\r\n')}`]) {
      expect(keyDigestFromPem(pem)).toBe(digest);
    }
    const pkcs1 = createPublicKey(rsa).export({ type: 'pkcs1', format: 'pem' }).toString();
    expect(keyDigestFromPem(pkcs1)).toBe(keyDigestFromPem(rsa));
  });

  it('have the same digest when the point is compressed', () => {
    const { publicKey } = signerFromPem(p256, 'v2-ecdsa-p256');
    if (publicKey.type !== 'ec') throw new Error('not an EC key');
    const sign = 2 + ((publicKey.y.at(-1) ?? 0) % 2);
    const head = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d03010703220000', 'hex').fill(sign, 26);
    const der = Buffer.concat([head, publicKey.x]).toString('base64');
    const pem = `-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----\n`;
    expect(keyDigestFromPem(pem)).toBe(keyDigestFromPem(p256));
  });

  it('become trust: P-256 in both schemes, others by digest; several per text', () => {
    const trusted = trustedFromPem([p256 + publicPem(p384), publicPem(rsa)]);
    expect(trusted.v1).toHaveLength(1);
    expect(trusted.v1[0]).toHaveLength(64);
    expect(trusted.v2Digests).toEqual([p256, p384, rsa].map(keyDigestFromPem));
    expect(trustedFromPem([])).toEqual({ v1: [], v2Digests: [] });
  });

  it.each<[string, RegExp, () => unknown]>([
    [
      'an encrypted PKCS#8 key',
      /encrypted/,
      () => {
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        const cipher = { cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
        return signerFromPem(
          privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }).toString(),
          'v2-ecdsa-p256',
        );
      },
    ],
    [
      'an encrypted SEC1 key',
      /encrypted/,
      () => {
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        const cipher = { cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
        return signerFromPem(privateKey.export({ type: 'sec1', format: 'pem', ...cipher }).toString(), 'v2-ecdsa-p256');
      },
    ],
    [
      // ended the process on Node 20: "Assertion failed: (ec) != nullptr"
      'a key whose number is a byte longer than its curve',
      /cannot be decoded/,
      () => {
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        const der = privateKey.export({ type: 'pkcs8', format: 'der' });
        const head = Buffer.from('308188020100301306072a8648ce3d020106082a8648ce3d030107046e306c0201010421', 'hex');
        const long = Buffer.concat([head, Buffer.from([0x55]), der.subarray(36)]).toString('base64');
        return signerFromPem(`-----BEGIN PRIVATE KEY-----\n${long}\n-----END PRIVATE KEY-----\n`, 'v2-ecdsa-p256');
      },
    ],
    ['a public key to sign with', /private key/, () => signerFromPem(publicPem(rsa))],
    ['a key for another scheme', /cannot sign/, () => signerFromPem(rsa, 'v2-ecdsa-p256')],
    ['two keys to sign with', /exactly one/, () => signerFromPem(rsa + p384)],
    ['no PEM at all', /no PEM key/, () => trustedFromPem('hello')],
    [
      'a certificate',
      /CERTIFICATE/,
      () => trustedFromPem('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'),
    ],
    ['garbage in a PEM block', /cannot be decoded/, () => publicKeyFromPem(p256.replace(/\nM[^\n]+/, '\nMHcA'))],
    [
      'RSA-2048',
      /RSA-3072/,
      () =>
        publicKeyFromPem(
          generateKeyPairSync('rsa', { modulusLength: 2048 })
            .publicKey.export({ type: 'spki', format: 'pem' })
            .toString(),
        ),
    ],
    [
      'P-521',
      /secp521r1/,
      () =>
        publicKeyFromPem(
          generateKeyPairSync('ec', { namedCurve: 'P-521' })
            .publicKey.export({ type: 'spki', format: 'pem' })
            .toString(),
        ),
    ],
    [
      'Ed25519',
      /ed25519/,
      () =>
        publicKeyFromPem(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()),
    ],
  ])('refuse %s, without quoting it', (_, message, action) => {
    const error = errorOf(action);
    expect(isFirmwareImageError(error)).toBe(true);
    expect(error).toMatchObject({ code: 'bad_key' });
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toMatch(/BEGIN|MHc|secret/);
  });
});
