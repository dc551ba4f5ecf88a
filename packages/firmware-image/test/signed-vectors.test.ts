import { describe, expect, it } from 'vitest';
import {
  inspectImage,
  isFirmwareImageError,
  parseImage,
  SIGNATURE_SCHEMES,
  verifyImage,
  type EspImage,
  type InspectedImage,
  type TrustedKeys,
  type VerifyOptions,
} from '@secure-esp/firmware-image';
import { keyDigestFromPem, trustedFromPem } from '@secure-esp/firmware-image/node';
import {
  readKey,
  readVector,
  signedVectors,
  vectorKeys,
  vectorsPresent,
  vectorsTitle,
  type Vector,
} from './support/vectors.js';

const SCHEME_NAMES: Record<string, string> = {
  'rsa3072-pss': 'v2-rsa-3072',
  'ecdsa-p192': 'v2-ecdsa-p192',
  'ecdsa-p256': 'v2-ecdsa-p256',
  'ecdsa-p384': 'v2-ecdsa-p384',
};

/** Every scheme, three blocks, bootloaders too: the widest reading, so that only the signature itself decides. */
const WIDEST: VerifyOptions = { schemes: SIGNATURE_SCHEMES, maxBlocks: 3, kind: 'any' };

const usableKeys = (): [string, string][] =>
  Object.entries(vectorKeys())
    .filter(([, { type }]) => type !== 'ecdsa-secp192r1')
    .map(([path]) => [path, readKey(path.replace('keys/', ''))]);

const codeOf = (action: () => unknown): string | undefined => {
  try {
    action();
    return undefined;
  } catch (error) {
    if (isFirmwareImageError(error)) return error.code;
    throw error;
  }
};

/** What parsing has to say, from the manifest; our extra rules are named one by one. */
const expectedParseCode = ({ file, size, expected }: Vector): string | undefined => {
  // Stricter than the manifest's parser, which lets these through or calls them truncated.
  if (file.endsWith('hash-flag-2.bin')) return 'not_an_image'; // esptool refuses it too, ESP-IDF reads it as 1
  if (file.endsWith('segcount-0.bin')) return 'not_an_image'; // nothing to load
  if (file.endsWith('not_4_byte_aligned.bin')) return 'not_an_image'; // hash_appended is 32
  if (file.endsWith('seg0-len-unaligned.bin')) return 'not_an_image'; // refused before its end is looked for
  if (/seg0-len-(16mb|252)\.bin$/.test(file)) return 'not_an_image'; // a segment of 16 MiB or more
  if (/esp8266/.test(file)) return 'not_an_image'; // an 8-byte header read as 24: absurd lengths
  const { error } = expected;
  if (error === 'short header') return file.endsWith('onebyte.bin') ? 'not_an_image' : 'truncated'; // its byte is no magic
  if (error === 'bad magic' || error === 'too many segments') return 'not_an_image';
  if (error?.startsWith('truncated') === true) return 'truncated';
  if (expected.checksum_ok === false) return 'bad_checksum';
  expect(size).toBeGreaterThan(0);
  return undefined;
};

const readable = (vector: Vector): boolean => expectedParseCode(vector) === undefined;

describe.skipIf(!vectorsPresent)(vectorsTitle('signed and damaged images'), () => {
  it.each(signedVectors())('$file parses or is refused with the right code', (vector) => {
    const bytes = readVector(vector.file);
    const code = expectedParseCode(vector);
    expect(codeOf(() => parseImage(bytes))).toBe(code);
    if (code !== undefined) return;
    const { expected, app } = vector;
    const image: EspImage = parseImage(bytes);
    expect(image).toMatchObject({
      chipId: expected.chip_id,
      chip: expected.chip === '?' ? undefined : expected.chip,
      hashAppended: expected.hash_appended === 1,
      imageLength: expected.image_len,
      trailingLength: expected.trailing,
      minChipRevision: expected.min_rev_full,
      maxChipRevision: expected.max_rev_full,
    });
    expect(image.segments).toHaveLength(expected.segments ?? -1);
    expect(image.descriptor?.version).toBe(app?.version);
    expect(image.descriptor?.projectName).toBe(app?.project_name);
  });

  it.each(signedVectors().filter(readable))('$file has the signature the manifest describes', async (vector) => {
    const { expected, signature, file } = vector;
    const bytes = readVector(file);
    if (expected.hash_ok === false) {
      await expect(inspectImage(bytes)).rejects.toMatchObject({ code: 'bad_hash' });
      return;
    }
    const { signature: found, trailing }: InspectedImage = await inspectImage(bytes);
    if (signature.v1 !== undefined) {
      expect(found).toEqual({ kind: 'v1', offset: signature.v1.signed_len });
    } else if (signature.v2 !== undefined) {
      expect(found).toMatchObject({ kind: 'v2', offset: signature.v2.sector_off });
      const blocks = found.kind === 'v2' ? found.blocks : [];
      expect(blocks.map(({ index, version, scheme, crcOk }) => ({ index, version, scheme, crcOk }))).toEqual(
        signature.v2.blocks.map(({ index, version, scheme = '', crc_ok }) => ({
          index,
          version,
          scheme: SCHEME_NAMES[scheme] ?? 'unknown',
          crcOk: crc_ok,
        })),
      );
      for (const [position, block] of blocks.entries()) {
        if (block.scheme === 'v2-ecdsa-p192' || block.scheme === 'unknown') continue; // named, not verified
        const { digest_match, sig_ok, key_digest } = signature.v2.blocks[position] ?? {};
        expect(block).toMatchObject({ digestOk: digest_match, signatureOk: sig_ok, keyDigest: key_digest });
      }
    } else {
      expect(['none', 'unknown']).toContain(found.kind);
      expect(['none', 'erased', 'unknown']).toContain(trailing);
    }
  });

  it.each(signedVectors().filter(readable))('$file verifies with exactly the keys it should', async (vector) => {
    const { signature, file, expected } = vector;
    const bytes = readVector(file);
    for (const [path, pem] of usableKeys()) {
      const verdict = await verifyImage(bytes, trustedFromPem(pem), WIDEST);
      const digest = keyDigestFromPem(pem);
      const valid =
        expected.hash_ok !== false &&
        // Stricter than ESP-IDF: no chip satisfies min > max, and an unknown chip has no rules to verify by.
        !/chiprev-min-gt-max|chip-unknown/.test(file) &&
        (signature.v1?.verifies_with.includes(path) === true ||
          signature.v2?.blocks.some(
            ({ crc_ok, digest_match, sig_ok, key_digest }) =>
              crc_ok && digest_match && sig_ok === true && key_digest === digest,
          ) === true);
      expect(verdict.ok, `${file} with ${path}`).toBe(valid);
      if (verdict.ok) expect(verdict.keyDigest).toBe(digest);
    }
  });

  const everyKey = (): TrustedKeys => trustedFromPem(usableKeys().map(([, pem]) => pem));
  const reasons: [string, string, VerifyOptions][] = [
    ['corrupt/v1-payload-changed-rehash', 'bad_signature', {}],
    ['corrupt/v1-r-zero', 'bad_signature', {}],
    ['corrupt/v1-s-bitflip', 'bad_signature', {}],
    ['corrupt/v1-truncated', 'truncated', {}],
    ['corrupt/v1-version-1', 'bad_signature', {}],
    ['corrupt/v2rsa-crc-bad', 'bad_signature', {}],
    ['corrupt/v2rsa-digest-wrong', 'bad_signature', {}],
    ['corrupt/v2rsa-foreign-key', 'bad_signature', {}],
    ['corrupt/v2rsa-pad-changed', 'bad_signature', {}],
    ['corrupt/v2rsa-sector-cut', 'truncated', {}],
    ['corrupt/v2rsa-sector-misaligned', 'unsigned', {}],
    ['corrupt/v2rsa-version-4', 'bad_signature', {}],
    ['corrupt/trailing-100-garbage', 'unsigned', {}],
    ['corrupt/trailing-ff-to-4k', 'unsigned', {}],
    ['corrupt/hash-bitflip', 'bad_hash', {}],
    ['corrupt/payload-two-flips', 'bad_hash', {}],
    ['corrupt/checksum-wrong-hash-fixed', 'bad_checksum', {}],
    ['corrupt/trunc-half', 'truncated', {}],
    ['corrupt/magic-e8', 'not_an_image', {}],
    ['corrupt/appdesc-magic-rehash', 'not_an_image', {}],
    ['corrupt/chip-unknown-rehash', 'wrong_chip', {}],
    ['corrupt/chiprev-min-gt-max-rehash', 'wrong_chip', {}],
    ['esptool/bootloader_signed_v2_rsa', 'not_an_image', {}],
    // A v1 block names no key, so a foreign key cannot be told from a wrong signature.
    ['esptool/hello-world-signed', 'bad_signature', {}],
    // The chip decides: no P-384 and no P-192 on the esp32c6, one block only on the esp32.
    ['signed-app/app-esp32c6-v2-ecdsa384-key1', 'bad_signature', {}],
    ['signed-app/app-esp32c6-v2-ecdsa192-key1', 'bad_signature', {}],
    ['corrupt/v2ec-block0-erased-block1-good', 'unsigned', { maxBlocks: 1 }],
    ['signed-app/app-esp32-v2-rsa-key1', 'bad_signature', { schemes: ['v1-ecdsa-p256'] }],
    ['signed-app/app-esp32-v1-ecdsa256-key1', 'bad_signature', { schemes: ['v2-rsa-3072'] }],
    ['signed-app/app-esp32-v1-ecdsa256-key1', 'too_large', { maxBytes: 1000 }],
  ];
  it.each(reasons)('signed/%s.bin is refused as %s by default rules', async (file, reason, options) => {
    const verdict = await verifyImage(readVector(`signed/${file}.bin`), everyKey(), options);
    expect(verdict).toMatchObject({ ok: false, reason });
  });

  it('says untrusted_key when a block is valid but its key is a stranger', async () => {
    const bytes = readVector('signed/signed-app/app-esp32-v2-rsa-key1.bin');
    const trusted = trustedFromPem(readKey('rsa_secure_boot_signing_pubkey2.pem'));
    expect(await verifyImage(bytes, trusted)).toMatchObject({ ok: false, reason: 'untrusted_key' });
  });

  it.each([
    ['signed-app/app-esp32-v1-ecdsa256-key1', 'v1-ecdsa-p256'],
    ['corrupt/v1-s-negated', 'v1-ecdsa-p256'], // no low-s rule in ESP-IDF
    ['signed-app/app-esp32-v2-rsa-key1', 'v2-rsa-3072'],
    ['signed-app/app-esp32c6-v2-ecdsa256-key12', 'v2-ecdsa-p256'],
    ['signed-app/app-esp32c6-v2-rsa-key123', 'v2-rsa-3072'],
    ['corrupt/v2ec-block0-erased-block1-good', 'v2-ecdsa-p256'],
  ])('signed/%s.bin is accepted as %s by default rules', async (file, scheme) => {
    const verdict = await verifyImage(readVector(`signed/${file}.bin`), everyKey());
    expect(verdict).toMatchObject({ ok: true, scheme });
  });

  it.each(Object.entries(vectorKeys()))('%s has the eFuse digest that espsecure computes', (path, key) => {
    const pem = readKey(path.replace('keys/', ''));
    if (key.type === 'ecdsa-secp192r1') {
      expect(() => keyDigestFromPem(pem)).toThrow(expect.objectContaining({ code: 'bad_key' }));
    } else {
      expect(keyDigestFromPem(pem)).toBe(key.sbv2_public_key_digest);
    }
  });

  it('exports the raw v1 key as espsecure extract-public-key does', () => {
    const { v1 } = trustedFromPem(readKey('ecdsa256_secure_boot_signing_key.pem'));
    expect(v1).toEqual([readVector('keys/ecdsa256_secure_boot_signing_pubkey_raw.bin')]);
  });
});
