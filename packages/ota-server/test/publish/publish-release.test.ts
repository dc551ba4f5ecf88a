import { createHash } from 'node:crypto';
import { inspectImage } from '@secure-esp/firmware-image';
import { describe, expect, it } from 'vitest';
import {
  createManifestSigner,
  createMemoryFirmwareStore,
  dangerouslyReleaseUnchecked,
  type FirmwareStore,
  OtaError,
  publishRelease,
  type Release,
  renewRelease,
  verifyManifest,
} from '../../src/index.js';
import { collect } from '../fixtures/bytes.js';
import {
  foreignKey,
  manifestSigner,
  NOW,
  ORIGIN,
  publish,
  releaseKey,
  signedImage,
  trusted,
} from '../fixtures/firmware.js';

const manifestOf = async (release: Release) => {
  const verdict = await verifyManifest(release.manifest ?? '', [releaseKey.publicKey]);
  if (!verdict.ok) throw new Error(verdict.detail);
  return verdict.manifest;
};

describe('publishRelease', () => {
  it('stores the image, and records the release with a manifest that says the same', async () => {
    const store = createMemoryFirmwareStore();
    const image = await signedImage({ version: '1.2.3', secureVersion: 4 });
    const { identity } = await inspectImage(image);
    const sha256 = createHash('sha256').update(image).digest('hex');
    const release = await publish(store, { version: '1.2.3', secureVersion: 4 }, { image, from: ['1.0.0'] });
    const seconds = NOW.getTime() / 1000;
    expect(release).toMatchObject({
      seq: 1,
      channel: 'secure_esp',
      project: 'secure_esp',
      chip: 'esp32c6',
      version: '1.2.3',
      secureVersion: 4,
      size: image.length,
      sha256,
      image: identity,
      releasedAt: seconds,
      expiresAt: seconds + 90 * 86_400,
      from: ['1.0.0'],
    });
    expect(await store.listReleases()).toEqual([release]);
    expect((await collect(store.readImage({ sha256 }))).equals(image)).toBe(true);
    const { seq, project, chip, version, secureVersion, size } = release;
    const url = `${ORIGIN}images/${sha256}.bin`;
    const exp = release.expiresAt;
    const expected = {
      seq,
      exp,
      project,
      chip,
      version,
      secureVersion,
      size,
      sha256,
      image: identity,
      url,
      from: ['1.0.0'],
    };
    expect(await manifestOf(release)).toEqual(expected);
  });

  it.each([
    ['https://ota.example', 'https://ota.example/images/HASH.bin'],
    ['https://ota.example:8070/secure_esp.bin', 'https://ota.example:8070/images/HASH.bin'],
    ['https://ota.example/fw/', 'https://ota.example/fw/images/HASH.bin'],
    ['https://cdn.example/{sha256}?v=1', 'https://cdn.example/HASH?v=1'],
  ])('makes the address of the image from %s', async (url, expected) => {
    const release = await publish(createMemoryFirmwareStore(), {}, { url });
    expect((await manifestOf(release)).url).toBe(expected.replace('HASH', release.sha256));
  });

  it.each([
    ['url', { url: 'http://ota.example/' }],
    ['url', { url: 'nonsense' }],
    ['url', { url: 'https://user@ota.example/' }],
    ['url', { url: `https://ota.example/${'a'.repeat(200)}/` }],
    ['name', { name: '../x' }],
    ['name', { name: '.hidden' }],
    ['name', { name: '' }],
    ['name', { name: 'n'.repeat(65) }],
    ['expiresInSeconds', { expiresInSeconds: 0 }],
    ['expiresInSeconds', { expiresInSeconds: 1.5 }],
  ])('refuses an impossible %s', async (option, over) => {
    const store = createMemoryFirmwareStore();
    const attempt = publish(store, {}, over);
    await expect(attempt).rejects.toMatchObject({ code: 'bad_option' });
    await expect(attempt).rejects.toThrow(option);
    expect(await store.listReleases()).toEqual([]);
  });

  it('names the channel after the project, with safe characters', async () => {
    expect((await publish(createMemoryFirmwareStore(), { project: '.my lamp/ö' })).channel).toBe('_my_lamp__');
  });

  it('publishes what it checked, even if the caller changes the buffer meanwhile', async () => {
    const store = createMemoryFirmwareStore();
    const image = await signedImage();
    const original = Uint8Array.from(image);
    const publishing = publishRelease({ store, image, trusted, signer: manifestSigner, url: ORIGIN });
    image.fill(0);
    const { sha256 } = await publishing;
    expect((await collect(store.readImage({ sha256 }))).equals(original)).toBe(true);
  });

  it('gives every one of many publishers at once its own number, or tells it that it is late', async () => {
    const store = createMemoryFirmwareStore();
    const versions = Array.from({ length: 6 }, (_, index) => `1.${index}.0`);
    const results = await Promise.allSettled(versions.map((version) => publish(store, { version })));
    const codes = results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as OtaError).code] : []));
    expect(codes.every((code) => code === 'lower_version')).toBe(true);
    const releases = await store.listReleases();
    expect(releases.map(({ seq }) => seq)).toEqual(releases.map((_, index) => index + 1));
    expect(releases.at(-1)?.version).toBe('1.5.0');
    expect(releases).toHaveLength(versions.length - codes.length);
  });

  it('gives up after losing every race', async () => {
    const store: FirmwareStore = {
      ...createMemoryFirmwareStore(),
      appendRelease: () => Promise.reject(new OtaError('conflict', 'late again')),
    };
    await expect(publish(store, {})).rejects.toMatchObject({ code: 'conflict' });
  });

  it('releases nothing when it fails between image and record', async () => {
    const inner = createMemoryFirmwareStore();
    const broken: FirmwareStore = { ...inner, appendRelease: () => Promise.reject(new Error('power')) };
    await expect(publish(broken, {})).rejects.toThrow('power');
    expect(await inner.listReleases()).toEqual([]);
    expect(await publish(inner, {})).toMatchObject({ seq: 1 });
  });

  it('stops when it is aborted', async () => {
    const store = createMemoryFirmwareStore();
    await expect(publish(store, {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(await store.listReleases()).toEqual([]);
  });
});

describe('renewRelease', () => {
  const later = new Date(NOW.getTime() + 1000 * 86_400_000);
  const renew = (store: FirmwareStore, over: Partial<Parameters<typeof renewRelease>[0]> = {}) =>
    renewRelease({ store, seq: 1, signer: manifestSigner, now: () => later, ...over });

  it('vouches for the same image under a new number and date', async () => {
    const store = createMemoryFirmwareStore();
    const old = await publish(store, {}, { from: ['0.9'] });
    const renewed = await renew(store, { expiresInSeconds: 100 });
    const seconds = later.getTime() / 1000;
    expect(renewed).toMatchObject({
      ...old,
      seq: 2,
      releasedAt: seconds,
      expiresAt: seconds + 100,
      manifest: renewed.manifest,
    });
    expect(await manifestOf(renewed)).toEqual({ ...(await manifestOf(old)), seq: 2, exp: seconds + 100 });
    expect(await renew(store)).toMatchObject({ seq: 3 });
  });

  it('signs nothing that the release key has not signed before', async () => {
    const store = createMemoryFirmwareStore();
    const release = { channel: 'c', project: 'p', chip: 'esp32', version: '1.0' };
    const stranger = await createManifestSigner(foreignKey.privateKey);
    const manifest = { signer: stranger, url: ORIGIN };
    await dangerouslyReleaseUnchecked({ store, image: new Uint8Array(1), release, manifest });
    await expect(renew(store)).rejects.toMatchObject({ code: 'bad_manifest' });
    const publicKeys = [stranger.publicKeyPem, manifestSigner.publicKeyPem];
    expect(await renew(store, { publicKeys })).toMatchObject({ seq: 2 });
  });

  it('refuses what is not there, has no manifest, or is not the newest', async () => {
    const store = createMemoryFirmwareStore();
    await expect(renew(store)).rejects.toMatchObject({ code: 'unknown_release' });
    const release = { channel: 'c', project: 'p', chip: 'esp32', version: '1.0' };
    await dangerouslyReleaseUnchecked({ store, image: new Uint8Array(1), release });
    await expect(renew(store)).rejects.toMatchObject({ code: 'bad_manifest' });
    await publish(store, { version: '1.0.0' });
    await publish(store, { version: '1.1.0' });
    await expect(renew(store, { seq: 2 })).rejects.toMatchObject({ code: 'lower_version' });
  });
});

describe('dangerouslyReleaseUnchecked', () => {
  it('releases any bytes, with a record and a manifest that may both lie', async () => {
    const store = createMemoryFirmwareStore();
    const image = Buffer.from('not an image');
    const described = { channel: 'secure_esp', project: 'secure_esp', chip: 'esp32c6', version: '99.0.0' };
    const manifest = { signer: manifestSigner, url: ORIGIN, claims: { version: '0.1.0', size: 5 } };
    const release = await dangerouslyReleaseUnchecked({ store, image, release: described, manifest });
    expect(release).toMatchObject({ seq: 1, version: '99.0.0', size: 12, secureVersion: 0, image: release.sha256 });
    expect(await manifestOf(release)).toMatchObject({ version: '0.1.0', size: 5, sha256: release.sha256 });
    const second = await dangerouslyReleaseUnchecked({ store, image, release: described, manifest: 'not.a.jws' });
    expect(second).toMatchObject({ seq: 2, manifest: 'not.a.jws' });
    expect((await store.listReleases()).length).toBe(2);
  });
});
