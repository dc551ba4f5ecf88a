import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import type { ReleaseManifest } from '@secure-esp/protocol';
import fc from 'fast-check';
import { CompactSign, importPKCS8 } from 'jose';
import { describe, expect, it } from 'vitest';
import { createManifestSigner, signManifest, verifyManifest } from '../../src/index.js';
import { manifestSigner, NOW, releaseKey } from '../fixtures/firmware.js';

const MANIFEST: ReleaseManifest = {
  seq: 7,
  exp: NOW.getTime() / 1000 + 60,
  project: 'secure_esp',
  chip: 'esp32',
  version: '1.2.3',
  secureVersion: 0,
  size: 1000,
  sha256: 'a'.repeat(64),
  image: 'b'.repeat(64),
  url: 'https://ota.example:8070/images/x.bin',
};
const KEYS = [releaseKey.publicKey];

const ecKey = (namedCurve: string, type: 'sec1' | 'pkcs8' = 'pkcs8') =>
  generateKeyPairSync('ec', {
    namedCurve,
    privateKeyEncoding: { type, format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });

describe('a signed manifest', () => {
  it('is ES256 over the exact header and payload of the contract, as node:crypto sees it', async () => {
    const jws = await signManifest(MANIFEST, manifestSigner);
    const [header = '', payload = '', signature = ''] = jws.split('.');
    const spki = createPublicKey(releaseKey.publicKey).export({ type: 'spki', format: 'der' });
    const kid = createHash('sha256').update(spki).digest('hex');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'ES256', kid });
    expect(manifestSigner.keyId).toBe(kid);
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual(MANIFEST);
    const key = { key: releaseKey.publicKey, dsaEncoding: 'ieee-p1363' } as const;
    expect(verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('verifies with either of two keys, for rotation', async () => {
    const next = ecKey('prime256v1');
    const jws = await signManifest(MANIFEST, await createManifestSigner(next.privateKey));
    expect(await verifyManifest(jws, [...KEYS, next.publicKey])).toMatchObject({ ok: true, manifest: MANIFEST });
    expect(await verifyManifest(jws, KEYS)).toMatchObject({ ok: false, reason: 'untrusted_key' });
  });

  it('is refused from its expiry on, and below the highest number seen', async () => {
    const jws = await signManifest(MANIFEST, manifestSigner);
    const at = (seconds: number) => new Date((MANIFEST.exp + seconds) * 1000);
    expect(await verifyManifest(jws, KEYS, { now: at(-1) })).toMatchObject({ ok: true });
    expect(await verifyManifest(jws, KEYS, { now: at(0) })).toMatchObject({ reason: 'manifest_expired' });
    expect(await verifyManifest(jws, KEYS, { minSeq: 7 })).toMatchObject({ ok: true });
    expect(await verifyManifest(jws, KEYS, { minSeq: 8 })).toMatchObject({ reason: 'manifest_replayed' });
  });

  it('is refused when any character is changed', async () => {
    const jws = await signManifest(MANIFEST, manifestSigner);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
    await fc.assert(
      fc.asyncProperty(fc.nat(jws.length - 1), fc.constantFrom(...Array.from(alphabet)), async (at, char) => {
        fc.pre(jws[at] !== char);
        const changed = jws.slice(0, at) + char + jws.slice(at + 1);
        const verdict = await verifyManifest(changed, KEYS);
        // The last character of each part carries unused bits: another text, the same signed bytes and signature.
        const same = (text: string) =>
          text
            .split('.')
            .map((part) => Buffer.from(part, 'base64url').toString('hex'))
            .join('.');
        expect(verdict.ok && same(changed) !== same(jws)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('is malformed, never an exception, for arbitrary text', async () => {
    const texts = fc.oneof(
      fc.string(),
      fc.array(fc.base64String(), { maxLength: 5 }).map((parts) => parts.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await verifyManifest(text, KEYS)).toMatchObject({ ok: false, reason: 'malformed' });
      }),
    );
    expect(await verifyManifest('a'.repeat(2049), KEYS)).toMatchObject({ reason: 'too_large' });
  });

  it.each([
    ['another algorithm', { alg: 'ES384' }],
    ['no algorithm', { alg: 'none' }],
    ['no key id', { alg: 'ES256', kid: undefined }],
  ])('is malformed with %s in its header', async (_name, over) => {
    const [, payload = '', signature = ''] = (await signManifest(MANIFEST, manifestSigner)).split('.');
    const header = JSON.stringify({ kid: manifestSigner.keyId, ...over });
    const jws = `${Buffer.from(header).toString('base64url')}.${payload}.${signature}`;
    expect(await verifyManifest(jws, KEYS)).toMatchObject({ ok: false, reason: 'malformed' });
  });

  it('is malformed when a properly signed payload is not the contract’s', async () => {
    const pkcs8 = createPrivatePkcs8(releaseKey.privateKey);
    const sign = async (payload: string) =>
      new CompactSign(Buffer.from(payload))
        .setProtectedHeader({ alg: 'ES256', kid: manifestSigner.keyId })
        .sign(await importPKCS8(pkcs8, 'ES256'));
    for (const payload of ['', '{}', '[]', JSON.stringify({ ...MANIFEST, url: 'http://plain.example/' })]) {
      expect(await verifyManifest(await sign(payload), KEYS)).toMatchObject({ ok: false, reason: 'malformed' });
    }
  });
});

describe('signing a manifest', () => {
  it('refuses fields that the contract does not allow', async () => {
    for (const over of [
      { url: 'http://a/' },
      { seq: -1 },
      { sha256: 'A'.repeat(64) },
      { version: '' },
      { from: Array<string>(9).fill('1') },
    ]) {
      await expect(signManifest({ ...MANIFEST, ...over }, manifestSigner)).rejects.toMatchObject({
        code: 'bad_manifest',
      });
    }
  });

  it('refuses what would be longer than 2048 bytes', async () => {
    const huge = { ...MANIFEST, url: `https://a/${'u'.repeat(244)}`, from: Array<string>(8).fill('1'.repeat(32)) };
    const size = (await signManifest(huge, manifestSigner)).length;
    expect(size).toBeLessThanOrEqual(2048);
    const chatty = {
      ...manifestSigner,
      sign: async (payload: Uint8Array) => (await manifestSigner.sign(payload)).padEnd(2049, 'A'),
    };
    await expect(signManifest(MANIFEST, chatty)).rejects.toMatchObject({ code: 'bad_manifest' });
  });

  it('takes P-256 keys in PKCS#8 and SEC1, plain or encrypted', async () => {
    const { privateKey: sec1 } = ecKey('prime256v1', 'sec1');
    expect((await createManifestSigner(sec1)).keyId).toHaveLength(64);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const pem = privateKey
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret words' })
      .toString();
    expect((await createManifestSigner(pem, { passphrase: 'secret words' })).keyId).toHaveLength(64);
    await expect(createManifestSigner(pem)).rejects.toMatchObject({ code: 'bad_release_key' });
    const wrong = createManifestSigner(pem, { passphrase: 'wrong words' });
    await expect(wrong).rejects.toMatchObject({ code: 'bad_release_key' });
    await expect(wrong).rejects.not.toHaveProperty('cause');
  });

  it.each([
    ['another curve', ecKey('secp384r1').privateKey],
    ['a public key', releaseKey.publicKey],
    ['no PEM', 'hello'],
    // ended the process on Node 20: "Assertion failed: (ec) != nullptr"
    ['a key whose number is a byte longer than its curve', longKey()],
  ])('refuses %s as release key', async (_name, pem) => {
    await expect(createManifestSigner(pem)).rejects.toMatchObject({ code: 'bad_release_key' });
  });

  it('refuses to verify without a usable key', async () => {
    await expect(verifyManifest('a.b.c', [])).rejects.toMatchObject({ code: 'bad_option' });
    await expect(verifyManifest('a.b.c', ['hello'])).rejects.toMatchObject({ code: 'bad_release_key' });
    // the public half of a damaged private key is read without ending the process
    expect(await verifyManifest('a.b.c', [longKey()])).toMatchObject({ ok: false, reason: 'malformed' });
  });
});

function longKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  const head = Buffer.from('308188020100301306072a8648ce3d020106082a8648ce3d030107046e306c0201010421', 'hex');
  const long = Buffer.concat([head, Buffer.from([0x55]), der.subarray(36)]).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${long}\n-----END PRIVATE KEY-----\n`;
}

const createPrivatePkcs8 = (pem: string): string =>
  createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' }).toString();
