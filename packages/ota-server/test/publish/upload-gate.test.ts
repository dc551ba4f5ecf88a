import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { signImage, type TrustedKeys } from '@secure-esp/firmware-image';
import { signerFromPem, trustedFromPem } from '@secure-esp/firmware-image/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryFirmwareStore, GATE_CODES, GATE_HINTS, isOtaError, publishRelease } from '../../src/index.js';
import {
  firmwareKey,
  foreignKey,
  manifestSigner,
  NOW,
  ORIGIN,
  publish,
  signedImage,
  trusted,
  unsignedImage,
} from '../fixtures/firmware.js';
import type { PublishReleaseOptions } from '../../src/index.js';

type Over = Partial<PublishReleaseOptions>;

/** The code the gate gives, after making sure that a refusal left nothing in the store. */
async function gate(image: Uint8Array, over: Over = {}): Promise<string> {
  const store = over.store ?? createMemoryFirmwareStore();
  const before = (await store.listReleases()).length;
  const writes: string[] = [];
  const watched = {
    ...store,
    putImage: (options: Parameters<typeof store.putImage>[0]) => {
      writes.push('image');
      return store.putImage(options);
    },
  };
  try {
    await publishRelease({
      image,
      trusted,
      signer: manifestSigner,
      url: ORIGIN,
      now: () => NOW,
      ...over,
      store: watched,
    });
    return 'released';
  } catch (error) {
    if (!isOtaError(error)) throw error;
    expect(await store.listReleases()).toHaveLength(before);
    expect(writes).toEqual([]);
    return error.code;
  }
}

const changed = (image: Uint8Array, at: number, bit = 1): Uint8Array => {
  const copy = Uint8Array.from(image);
  copy[at] = (copy[at] ?? 0) ^ bit;
  return copy;
};

describe('the upload gate', () => {
  const refused: readonly [name: string, code: string, make: () => Promise<[Uint8Array, Over?]>][] = [
    ['an empty file', 'truncated', async () => Promise.resolve([new Uint8Array()])],
    ['a text file', 'not_an_image', async () => Promise.resolve([Buffer.from('hello'.repeat(100))])],
    ['half an image', 'truncated', async () => [(await signedImage()).subarray(0, 300)]],
    ['an image without its signature', 'unsigned', async () => [await unsignedImage()]],
    ['a foreign key', 'untrusted_key', async () => [await signedImage({}, foreignKey)]],
    ['a foreign key, v1', 'bad_signature', async () => [await signedImage({ chip: 'esp32' }, foreignKey)]],
    ['nobody trusted', 'untrusted_key', async () => [await signedImage(), { trusted: {} }]],
    ['a flipped byte in the code', 'bad_checksum', async () => [changed(await signedImage(), 325)]],
    ['two flipped bytes that cancel out', 'bad_hash', async () => [changed(changed(await signedImage(), 325), 327)]],
    ['a flipped byte in the padding', 'bad_signature', async () => [changed(await signedImage(), 4000)]],
    ['more bytes than allowed', 'too_large', async () => [await signedImage(), { maxImageBytes: 1000 }]],
    ['another chip than asked for', 'wrong_chip', async () => [await signedImage(), { chip: 'esp32s3' }]],
    ['another project than stated', 'wrong_project', async () => [await signedImage(), { project: 'other' }]],
    ['no project at all', 'wrong_project', async () => [await signedImage({ project: '' })]],
    ['a control character in the project', 'wrong_project', async () => [await signedImage({ project: 'a\nb' })]],
    ['a version that does not compare', 'version_unparsable', async () => [await signedImage({ version: 'banana' })]],
    [
      'a stated version that does not compare',
      'version_unparsable',
      async () => [await signedImage(), { version: 'x' }],
    ],
  ];
  it.each(refused)('refuses %s: %s', async (_name, code, make) => {
    const [image, over] = await make();
    expect(await gate(image, over)).toBe(code);
  });

  it('refuses a private key inside the image, but not a label of one', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const sign = async (payload: Uint8Array) =>
      signImage(await unsignedImage({ payload }), signerFromPem(firmwareKey.privateKey, 'v2-ecdsa-p256'), {
        dangerouslyAllowPrivateKey: true,
      });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const der = privateKey.export({ type: 'sec1', format: 'der' });
    expect(await gate(await sign(Buffer.from(pem)))).toBe('contains_private_key');
    expect(await gate(await sign(Buffer.concat([Buffer.alloc(100), der])))).toBe('contains_private_key');
    expect(await gate(await sign(Buffer.from('-----BEGIN EC PRIVATE KEY-----\0-----END EC PRIVATE KEY-----\0')))).toBe(
      'released',
    );
  });

  it('refuses one flipped bit anywhere', async () => {
    const image = await signedImage({ payload: Buffer.alloc(512, 7) });
    const signed = image.length - 4096 + 1216;
    await fc.assert(
      fc.asyncProperty(fc.nat(signed - 1), fc.nat(7), async (at, bit) => {
        expect(GATE_CODES).toContain(await gate(changed(image, at, 1 << bit)));
      }),
      { numRuns: 150 },
    );
  });

  it('refuses a file cut anywhere', async () => {
    const image = await signedImage();
    await fc.assert(
      fc.asyncProperty(fc.nat(image.length - 1), async (length) => {
        expect(GATE_CODES).toContain(await gate(image.subarray(0, length)));
      }),
      { numRuns: 50 },
    );
  });

  it('takes a stated version for images whose own says nothing', async () => {
    const arduino = await signedImage({ project: 'arduino-lib-builder', version: '4.4.5' });
    expect(await gate(arduino, { project: 'lamp', version: '1.0.0' })).toBe('released');
    // 4.4.5 is the version of the Arduino core, the same in every release of the product.
    expect(await gate(arduino)).toBe('version_unparsable');
    expect(await gate(await signedImage({ project: '', version: '' }), { project: 'lamp', version: '1' })).toBe(
      'released',
    );
    expect(await gate(await signedImage({ version: 'banana' }), { version: '1.0.0' })).toBe('released');
    expect(await gate(await signedImage({ version: 'v1.0' }), { version: '1.0.0' })).toBe('released');
  });

  it('lets versions only rise, per project and chip', async () => {
    const store = createMemoryFirmwareStore();
    await publish(store, { version: '1.1.0' });
    const attempt = async (options: Parameters<typeof signedImage>[0], over: Over = {}) =>
      gate(await signedImage(options), { store, ...over });
    expect(await attempt({ version: '1.1.0', payload: Buffer.from('other code') })).toBe('same_version');
    expect(await attempt({ version: 'v1.1' })).toBe('same_version');
    expect(await attempt({ version: '1.0.9' })).toBe('lower_version');
    expect(await attempt({ version: '1.1.0-rc.1' })).toBe('lower_version');
    expect(await attempt({ version: '1.0.0' }, { name: 'another-channel' })).toBe('lower_version');
    expect(await attempt({ version: '1.0.0', chip: 'esp32' })).toBe('released');
    expect(await attempt({ version: '1.0.0', project: 'other' })).toBe('released');
    expect(await attempt({ version: '1.1.0-1-gabcd' })).toBe('released');
    expect(await attempt({ version: '1.0.0' }, { dangerouslyAllowSameOrLowerVersion: true })).toBe('released');
  });

  it('keeps a channel to the project that began it', async () => {
    const store = createMemoryFirmwareStore();
    await publish(store, {}, { name: 'secure_esp' });
    const other = await signedImage({ project: 'other' });
    expect(await gate(other, { store, name: 'secure_esp' })).toBe('wrong_project');
  });

  it('does not let the secure version fall', async () => {
    const store = createMemoryFirmwareStore();
    await publish(store, { version: '1.0.0', secureVersion: 2 });
    expect(await gate(await signedImage({ version: '2.0.0', secureVersion: 1 }), { store })).toBe('secure_version');
    expect(await gate(await signedImage({ version: '2.0.0', secureVersion: 2 }), { store })).toBe('released');
  });
});

const VECTORS = process.env['SECURE_ESP_VECTORS'] ?? join(import.meta.dirname, '../../../../../shared/vectors');
const present = existsSync(join(VECTORS, 'keys'));
const binaries = (folder: string) =>
  present
    ? readdirSync(join(VECTORS, folder))
        .filter((name) => name.endsWith('.bin'))
        .map((name) => join(VECTORS, folder, name))
    : [];

describe.skipIf(!present)('the upload gate and images of the world (skipped without SECURE_ESP_VECTORS)', () => {
  it('refuses every one that is not signed by a trusted key', async () => {
    const files = ['real', 'signed/corrupt', 'signed/esptool', 'signed/signed-app'].flatMap(binaries);
    expect(files.length).toBeGreaterThan(50);
    for (const file of files) {
      const code = await gate(readFileSync(file));
      expect({ file, refused: GATE_CODES.some((known) => known === code) }).toEqual({ file, refused: true });
    }
  });

  it('releases the ones signed by a trusted key of a scheme that its chip has', async () => {
    const trustedKey = (name: string): TrustedKeys => trustedFromPem(readFileSync(join(VECTORS, 'keys', name), 'utf8'));
    const cases = [
      ['app-esp32-v1-ecdsa256-key1.bin', 'ecdsa256_secure_boot_signing_key.pem'],
      ['app-esp32-v2-rsa-key1.bin', 'rsa_secure_boot_signing_key.pem'],
      ['app-esp32c6-v2-ecdsa256-key1.bin', 'ecdsa256_secure_boot_signing_key.pem'],
      ['app-esp32c6-v2-rsa-key123.bin', 'rsa_secure_boot_signing_key2.pem'],
    ] as const;
    for (const [file, key] of cases) {
      const image = readFileSync(join(VECTORS, 'signed/signed-app', file));
      const own = await gate(image, { trusted: trustedKey(key) });
      const code = own === 'version_unparsable' ? await gate(image, { trusted: trustedKey(key), version: '1' }) : own;
      expect([file, code]).toEqual([file, 'released']);
    }
  });
});

describe('what to do about a refusal', () => {
  it.each(GATE_CODES)('%s: one sentence', (code) => {
    expect(GATE_HINTS[code]).toMatch(/^[A-Z][^\n]{20,}\.$/);
  });

  it('is there for every code, and for no other', () => {
    expect(Object.keys(GATE_HINTS).sort()).toEqual([...GATE_CODES].sort());
  });
});
