import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  FIRMWARE_KEY_SCHEMES,
  generateFirmwareKey,
  generateReleaseKey,
  publicKeyId,
  schemeForChip,
} from '../../src/index.js';
import { parseFirmwareKey } from '../../src/keys/firmware-key.js';
import { parseReleaseKey } from '../../src/keys/release-key.js';
import { rejected, thrown } from '../support/thrown.js';

describe('firmware keys', () => {
  test.each([
    ['v1-ecdsa-p256', 'EC PRIVATE KEY', 'ec'],
    ['v2-ecdsa-p256', 'EC PRIVATE KEY', 'ec'],
    ['v2-rsa-3072', 'RSA PRIVATE KEY', 'rsa'],
  ] as const)(
    '%s is written as "%s", which espsecure reads',
    async (scheme, label, type) => {
      const pem = await generateFirmwareKey(scheme);
      expect(pem.startsWith(`-----BEGIN ${label}-----\n`)).toBe(true);
      const key = createPrivateKey(pem);
      expect(key.asymmetricKeyType).toBe(type);
      if (type === 'rsa')
        expect(key.asymmetricKeyDetails).toMatchObject({ modulusLength: 3072, publicExponent: 65537n });
      else expect(key.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
      expect(parseFirmwareKey(pem, scheme)).toBe(pem);
    },
    60_000,
  );

  test('a key of another scheme or in PKCS#8 is refused', async () => {
    const pem = await generateFirmwareKey('v1-ecdsa-p256');
    thrown(() => parseFirmwareKey(pem, 'v2-rsa-3072'), 'ERR_PKI_KEY');
    const pkcs8 = createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(thrown(() => parseFirmwareKey(pkcs8, 'v1-ecdsa-p256'), 'ERR_PKI_PEM').message).toContain('"PRIVATE KEY"');
  });

  test('each chip has its scheme; unknown ones are refused by name', async () => {
    expect((['esp32', 'esp32s3', 'esp32c3', 'esp32c6'] as const).map(schemeForChip)).toEqual([
      'v1-ecdsa-p256',
      'v2-rsa-3072',
      'v2-rsa-3072',
      'v2-ecdsa-p256',
    ]);
    expect(thrown(() => schemeForChip('esp32h4'), 'ERR_PKI_OPTION').message).toContain('esp32h4');
    expect(thrown(() => schemeForChip('esp8266' as never), 'ERR_PKI_OPTION').message).toContain('esp8266');
    const error = await rejected(generateFirmwareKey('v3' as never), 'ERR_PKI_OPTION');
    for (const scheme of FIRMWARE_KEY_SCHEMES) expect(error.message).toContain(scheme);
  });
});

describe('the release key', () => {
  test('is P-256 and named by the SHA-256 of its SubjectPublicKeyInfo', async () => {
    const key = await generateReleaseKey();
    const spki = createPublicKey(key.privateKey).export({ type: 'spki', format: 'der' });
    expect(key.id).toBe(createHash('sha256').update(spki).digest('hex'));
    expect(publicKeyId(key.publicKey)).toBe(key.id);
    expect(parseReleaseKey(key.privateKey)).toEqual(key);
  });
});
