import { createECDH, createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generatePrivateKey, parsePrivateKey, spkiOf } from '../../src/keys/key-pair.js';
import { parsePublicKeyInfo, publicKeyInfo } from '../../src/keys/public-key-info.js';
import { createCertificateAuthority, KEY_ALGORITHMS, MemoryPkiStore } from '../../src/index.js';
import { p256Pkcs8, p256Sec1, p256Spki } from '../../src/keys/p256-encoding.js';
import { decodePem } from '../../src/pem.js';
import { rejected, thrown } from '../support/thrown.js';

describe('P-256 keys', () => {
  test('a scalar that lost its leading zeros is padded (pitfall 21)', () => {
    const ecdh = createECDH('prime256v1');
    ecdh.setPrivateKey(Buffer.from('1234', 'hex'));
    const key = { scalar: ecdh.getPrivateKey(), point: ecdh.getPublicKey() };
    expect(key.scalar.length).toBeLessThan(32);
    const pkcs8 = createPrivateKey({ key: p256Pkcs8(key), format: 'der', type: 'pkcs8' });
    const sec1 = createPrivateKey({ key: p256Sec1(key), format: 'der', type: 'sec1' });
    expect(pkcs8.equals(sec1)).toBe(true);
    expect(createPublicKey(pkcs8).export({ type: 'spki', format: 'der' }).subarray(-65).equals(key.point)).toBe(true);
  });

  test('the frames are byte for byte what OpenSSL writes', () => {
    for (let count = 0; count < 200; count += 1) {
      const ecdh = createECDH('prime256v1');
      const key = { point: ecdh.generateKeys(), scalar: ecdh.getPrivateKey() };
      const keyObject = createPrivateKey({ key: p256Sec1(key), format: 'der', type: 'sec1' });
      expect(keyObject.export({ type: 'pkcs8', format: 'der' }).equals(p256Pkcs8(key))).toBe(true);
      expect(keyObject.export({ type: 'sec1', format: 'der' }).equals(p256Sec1(key))).toBe(true);
      expect(spkiOf(keyObject).equals(p256Spki(key))).toBe(true);
    }
  });

  test('impossible numbers are refused', () => {
    expect(() => p256Spki({ point: Buffer.alloc(33) })).toThrow(RangeError);
    expect(() => p256Pkcs8({ scalar: Buffer.alloc(33), point: Buffer.alloc(65, 4) })).toThrow(RangeError);
  });
});

describe('private key files', () => {
  test.each([
    ['ec-p256', 'pkcs8', 'PRIVATE KEY'],
    ['ec-p256', 'traditional', 'EC PRIVATE KEY'],
    ['ec-p384', 'pkcs8', 'PRIVATE KEY'],
    ['ec-p384', 'traditional', 'EC PRIVATE KEY'],
    ['rsa-2048', 'pkcs8', 'PRIVATE KEY'],
    ['rsa-2048', 'traditional', 'RSA PRIVATE KEY'],
  ] as const)('%s as %s is one "%s" block that reads back', async (algorithm, encoding, label) => {
    const key = await generatePrivateKey(algorithm, encoding);
    expect(decodePem(key.pem, [label]).label).toBe(label);
    const read = parsePrivateKey(key.pem, encoding);
    expect(read.algorithm).toBe(algorithm);
    expect(read.keyObject.equals(key.keyObject)).toBe(true);
    thrown(() => parsePrivateKey(key.pem, encoding === 'pkcs8' ? 'traditional' : 'pkcs8'), 'ERR_PKI_PEM');
  });

  test('a damaged key is a PkiError that shows nothing of the key', async () => {
    const { pem } = await generatePrivateKey('ec-p256');
    const body = pem.split('\n')[1] ?? '';
    const error = thrown(() => parsePrivateKey(pem.replace(body, body.replace(/^..../, 'AAAA'))), 'ERR_PKI_KEY');
    expect(error.message).not.toContain(body.slice(8, 20));
    await rejected(
      Promise.resolve().then(() => parsePrivateKey(pem.slice(0, 100))),
      'ERR_PKI_PEM',
    );
  });
});

describe('a public key', () => {
  test.each(KEY_ALGORITHMS)(
    'of %s is in the encoding every TLS stack reads',
    async (algorithm) => {
      const { keyObject } = await generatePrivateKey(algorithm);
      const info = publicKeyInfo(keyObject);
      expect([info.algorithm, info.publicKey.type]).toEqual([algorithm, 'public']);
      expect(parsePublicKeyInfo(info.spki).spki.equals(info.spki)).toBe(true);
      thrown(() => parsePublicKeyInfo(Buffer.concat([info.spki, Buffer.of(0)])), 'ERR_PKI_KEY');
    },
    60_000,
  );

  test('of a curve written out as numbers, of another curve or size, or a secret, is refused', async () => {
    const explicit = generateKeyPairSync('ec', { namedCurve: 'prime256v1', paramEncoding: 'explicit' });
    const others = [
      explicit.publicKey,
      explicit.privateKey,
      generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).publicKey,
      generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey,
      generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey,
      generateKeyPairSync('ed25519').publicKey,
      createSecretKey(Buffer.alloc(32)),
    ];
    const store = new MemoryPkiStore();
    const { ca } = await createCertificateAuthority({ subject: { CN: 'test CA' }, roles: ['device'], store });
    for (const key of others) {
      thrown(() => publicKeyInfo(key), 'ERR_PKI_KEY');
      await rejected(ca.issue({ role: 'device', subject: { CN: 'esp-001' }, key }), 'ERR_PKI_KEY');
    }
    await store.claimName('esp-001', 'operator');
  });
});

test('no source file exports a key as JWK, which can hang Node 20 (pitfall 20)', async () => {
  const root = join(import.meta.dirname, '..', '..', 'src');
  const files = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(20);
  for (const name of files) expect(await readFile(join(root, name), 'utf8')).not.toMatch(/['"]jwk['"]/);
});
