import { createPrivateKey, createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFirmwareImageError } from '@secure-esp/firmware-image';
import { keyDigestFromPem, pemFromDer, signerFromPem } from '@secure-esp/firmware-image/node';
import { makePem } from '../support/keys.js';

describe('DER keys', () => {
  it.each([
    ['p256', 'pkcs8'],
    ['p256', 'sec1'],
    ['p384', 'sec1'],
    ['rsa3072', 'pkcs1'],
    ['rsa3072', 'pkcs8'],
  ] as const)('%s in %s is the key that its PEM is', (keyType, type) => {
    const pem = makePem(keyType);
    const key = createPrivateKey(pem);
    // One call per form: what Node exports depends on the kind of key.
    const der = type === 'pkcs8' ? key.export({ type, format: 'der' }) : key.export({ type, format: 'der' });
    const again = pemFromDer(der);
    expect(again).toBe(key.export({ type, format: 'pem' }));
    const scheme = keyType === 'p256' ? ({ scheme: 'v2-ecdsa-p256' } as const) : {};
    expect(signerFromPem(again, scheme.scheme).keyDigest).toBe(keyDigestFromPem(pem));
  });

  it('may be public', () => {
    const pem = makePem('rsa3072');
    for (const type of ['spki', 'pkcs1'] as const) {
      const der = createPublicKey(pem).export({ type, format: 'der' });
      expect(keyDigestFromPem(pemFromDer(der))).toBe(keyDigestFromPem(pem));
    }
  });

  it('are refused as bad_key when they do not decode, whatever the bytes', () => {
    const der = createPrivateKey(makePem('p256')).export({ type: 'sec1', format: 'der' });
    const codeOf = (bytes: Uint8Array): string => {
      try {
        keyDigestFromPem(pemFromDer(bytes));
        return 'decoded';
      } catch (error) {
        return isFirmwareImageError(error) ? error.code : String(error);
      }
    };
    expect(codeOf(der.subarray(0, -1))).toBe('bad_key');
    expect(codeOf(new Uint8Array())).toBe('bad_key');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(bytes)).toBe('bad_key');
      }),
    );
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, xor) => {
        const bytes = Uint8Array.from(der);
        bytes[at] = (bytes[at] ?? 0) ^ xor;
        expect(['decoded', 'bad_key']).toContain(codeOf(bytes));
      }),
    );
  });
});
