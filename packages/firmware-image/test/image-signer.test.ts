import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildImage,
  imageIdentity,
  inspectImage,
  keyDigest,
  parseImage,
  signImage,
  verifyImage,
  type ChipName,
  type SignatureScheme,
  type Signer,
} from '@secure-esp/firmware-image';
import { testKey, type TestKey } from './support/keys.js';

const image = (chip: ChipName, payload = new Uint8Array(40)): Promise<Uint8Array> =>
  buildImage({ chip, project: 'demo', version: '1.2.0', payload });

const flip = (bytes: Uint8Array, at: number): void => {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
};

let keys: Record<'v1' | 'rsa' | 'rsa2' | 'p256' | 'other256' | 'p384', TestKey>;
beforeAll(() => {
  keys = {
    v1: testKey('p256', 'v1-ecdsa-p256'),
    rsa: testKey('rsa3072', 'v2-rsa-3072'),
    rsa2: testKey('rsa3072', 'v2-rsa-3072'),
    p256: testKey('p256', 'v2-ecdsa-p256'),
    other256: testKey('p256', 'v2-ecdsa-p256'),
    p384: testKey('p384', 'v2-ecdsa-p384'),
  };
});

const CASES: [keyof typeof keys, ChipName, SignatureScheme][] = [
  ['v1', 'esp32', 'v1-ecdsa-p256'],
  ['rsa', 'esp32', 'v2-rsa-3072'],
  ['rsa', 'esp32s3', 'v2-rsa-3072'],
  ['p256', 'esp32c6', 'v2-ecdsa-p256'],
  ['p384', 'esp32p4', 'v2-ecdsa-p384'],
];

describe('signImage', () => {
  it.each(CASES)(
    '%s on %s: the result verifies as %s with that key and keeps its identity',
    async (name, chip, scheme) => {
      const { signer, trusted } = keys[name];
      const plain = await image(chip);
      const signed = await signImage(plain, signer);
      const verdict = await verifyImage(signed, trusted, { chip });
      expect(verdict).toMatchObject({ ok: true, scheme, keyDigest: await keyDigest(signer.publicKey) });
      expect(verdict).toMatchObject({ identity: await imageIdentity(plain) });
      expect(signer.keyDigest).toBe(await keyDigest(signer.publicKey));
      expect(parseImage(signed).trailing).toBe(scheme.startsWith('v1') ? 'signature-v1' : 'signature-v2');
      expect(signed.subarray(0, plain.length)).toEqual(plain);
    },
  );

  it.each(CASES)('%s on %s: another key of the kind is refused', async (name, chip) => {
    const signed = await signImage(await image(chip), keys[name].signer);
    const stranger = name === 'rsa' ? keys.rsa2 : keys.other256;
    const reason = name === 'v1' ? 'bad_signature' : 'untrusted_key';
    expect(await verifyImage(signed, stranger.trusted)).toMatchObject({ ok: false, reason });
    expect(await verifyImage(signed, {})).toMatchObject({ ok: false, reason });
  });

  it('signs an image without appended hash, and one that is padded to a sector', async () => {
    const bare = await buildImage({ chip: 'esp32', project: 'demo', version: '1', appendHash: false });
    const padded = new Uint8Array(4096).fill(0xff);
    padded.set(bare);
    for (const bytes of [bare, padded]) {
      expect(await verifyImage(await signImage(bytes, keys.v1.signer), keys.v1.trusted)).toMatchObject({ ok: true });
      expect(await verifyImage(await signImage(bytes, keys.rsa.signer), keys.rsa.trusted)).toMatchObject({ ok: true });
    }
  });

  it('puts the sector directly behind an image that ends on a sector boundary', async () => {
    const plain = await image('esp32c6', new Uint8Array(3740));
    expect(plain).toHaveLength(4096);
    const signed = await signImage(plain, keys.p256.signer);
    expect(signed).toHaveLength(8192);
    expect(await verifyImage(signed, keys.p256.trusted)).toMatchObject({ ok: true });
  });

  it.each<[keyof typeof keys, ChipName]>([
    ['v1', 'esp32s3'],
    ['p256', 'esp32'],
    ['p384', 'esp32c6'],
    ['rsa', 'esp32c2'],
    ['rsa', 'esp32h4'],
  ])('refuses the scheme of %s on %s', async (name, chip) => {
    const plain = await image(chip);
    await expect(signImage(plain, keys[name].signer)).rejects.toMatchObject({ code: 'unsupported_scheme' });
  });

  it('refuses a signed image unless told to replace or append', async () => {
    const signed = await signImage(await image('esp32c6'), keys.p256.signer);
    await expect(signImage(signed, keys.other256.signer)).rejects.toMatchObject({ code: 'already_signed' });
    const replaced = await signImage(signed, keys.other256.signer, { existing: 'replace' });
    expect(await verifyImage(replaced, keys.p256.trusted)).toMatchObject({ reason: 'untrusted_key' });
    expect(await verifyImage(replaced, keys.other256.trusted)).toMatchObject({ ok: true });
    const appended = await signImage(signed, keys.other256.signer, { existing: 'append' });
    expect(appended).toHaveLength(signed.length);
    expect(await verifyImage(appended, keys.p256.trusted)).toMatchObject({ ok: true });
    expect(await verifyImage(appended, keys.other256.trusted)).toMatchObject({ ok: true });
    expect(await verifyImage(appended, keys.other256.trusted, { maxBlocks: 1 })).toMatchObject({
      reason: 'untrusted_key',
    });
  });

  it('appends up to three blocks of one scheme, each by another key, where the chip honours three', async () => {
    const append = { existing: 'append' } as const;
    const code = 'already_signed';
    const one = await signImage(await image('esp32c6'), keys.p256.signer);
    await expect(signImage(one, keys.p256.signer, append)).rejects.toMatchObject({ code });
    await expect(signImage(one, keys.rsa.signer, append)).rejects.toMatchObject({ code });
    const two = await signImage(one, keys.other256.signer, append);
    const three = await signImage(two, testKey('p256', 'v2-ecdsa-p256').signer, append);
    expect((await inspectImage(three)).signature).toMatchObject({ blocks: [{ index: 0 }, { index: 1 }, { index: 2 }] });
    await expect(signImage(three, testKey('p256', 'v2-ecdsa-p256').signer, append)).rejects.toMatchObject({ code });

    const esp32 = await signImage(await image('esp32'), keys.rsa.signer);
    await expect(signImage(esp32, keys.rsa2.signer, append)).rejects.toMatchObject({ code });
    const v1 = await signImage(await image('esp32'), keys.v1.signer);
    await expect(signImage(v1, keys.v1.signer, append)).rejects.toMatchObject({ code });
  });

  it('does not append to a block that is not valid', async () => {
    const signed = await signImage(await image('esp32c6'), keys.p256.signer);
    flip(signed, signed.length - 4096 + 110);
    const appending = signImage(signed, keys.other256.signer, { existing: 'append' });
    await expect(appending).rejects.toMatchObject({ code: 'bad_signature' });
  });

  it('refuses damaged images, unknown chips and bytes of unknown meaning behind the image', async () => {
    const plain = await image('esp32');
    const damaged = plain.slice();
    flip(damaged, damaged.length - 1);
    await expect(signImage(damaged, keys.v1.signer)).rejects.toMatchObject({ code: 'bad_hash' });
    const longer = new Uint8Array(plain.length + 100).fill(0x41);
    longer.set(plain);
    await expect(signImage(longer, keys.v1.signer)).rejects.toMatchObject({ code: 'trailing_data' });
    const foreign = await buildImage({ chip: 'esp32', project: 'demo', version: '1', appendHash: false });
    foreign.set([0x77, 0x77], 12);
    await expect(signImage(foreign, keys.v1.signer)).rejects.toMatchObject({ code: 'wrong_chip' });
  });

  it('refuses an image that contains a private key, and names neither key nor bytes', async () => {
    const leaking = await image('esp32', new TextEncoder().encode(`config ${keys.rsa.pem}`));
    const error: unknown = await signImage(leaking, keys.v1.signer).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'contains_private_key' });
    expect(String(error)).toMatch(/\(pkcs1\) at offset \d+$/);
    const forced = await signImage(leaking, keys.v1.signer, { dangerouslyAllowPrivateKey: true });
    expect(await verifyImage(forced, keys.v1.trusted)).toMatchObject({ ok: true });
  });

  it('does not believe the signer', async () => {
    const plain = await image('esp32');
    const { signer } = keys.v1;
    const liars: Signer[] = [
      { ...signer, sign: () => Promise.resolve(new Uint8Array(64).fill(1)) },
      { ...signer, sign: () => Promise.resolve(new Uint8Array(63)) },
      { ...signer, publicKey: keys.p256.signer.publicKey },
      { ...signer, sign: () => Promise.reject(new Error('token removed')) },
    ];
    for (const liar of liars) await expect(signImage(plain, liar)).rejects.toMatchObject({ code: 'signer_failed' });
    const confused: Signer = { ...signer, publicKey: keys.rsa.signer.publicKey };
    await expect(signImage(plain, confused)).rejects.toMatchObject({ code: 'bad_key' });
  });
});

describe('one changed byte', { timeout: 30_000 }, () => {
  const everyByte = async (signed: Uint8Array, trusted: TestKey['trusted']): Promise<void> => {
    expect(await verifyImage(signed, trusted)).toMatchObject({ ok: true });
    const bytes = signed.slice();
    const fill = parseImage(signed).imageLength + 100;
    const sector = signed.length - 4096;
    for (let at = 0; at < bytes.length; at += 1) {
      // All of image and blocks; of the long runs of padding every 7th byte.
      const padding = (at > fill && at < sector) || at > sector + 2 * 1216;
      if (padding && at % 7 !== 0) continue;
      const original = bytes[at] ?? 0;
      bytes[at] = original ^ (1 << (at % 8));
      if ((await verifyImage(bytes, trusted)).ok) expect.fail(`byte ${at} was changed and the image still verifies`);
      bytes[at] = original;
    }
  };

  it.each(CASES)('anywhere in an image signed by %s for %s is noticed', async (name, chip) => {
    await everyByte(await signImage(await image(chip), keys[name].signer), keys[name].trusted);
  });

  it('anywhere in an image with two blocks is noticed, also in the block that is not needed', async () => {
    const one = await signImage(await image('esp32c6'), keys.p256.signer);
    await everyByte(await signImage(one, keys.other256.signer, { existing: 'append' }), keys.p256.trusted);
  });
});

describe('verifyImage', () => {
  it('finds the signature from the image, so a second one at the end of the file does not count', async () => {
    const signed = await signImage(await image('esp32c6'), keys.p256.signer);
    const both = new Uint8Array(signed.length + 4096);
    both.set(signed);
    both.set(signed.subarray(signed.length - 4096), signed.length);
    expect(await verifyImage(both, keys.p256.trusted)).toMatchObject({ ok: false, reason: 'bad_signature' });
  });

  it('skips a broken block before a good one, as the device does', async () => {
    const one = await signImage(await image('esp32c6'), keys.p256.signer);
    const two = await signImage(one, keys.other256.signer, { existing: 'append' });
    flip(two, two.length - 4096 + 110);
    expect(await verifyImage(two, keys.other256.trusted)).toMatchObject({ ok: true });
  });

  it('ignores up to 12 bytes after a v1 block (secure-pad), not 13', async () => {
    const signed = await signImage(await image('esp32'), keys.v1.signer);
    const longer = (extra: number): Uint8Array => {
      const bytes = new Uint8Array(signed.length + extra).fill(0x5a);
      bytes.set(signed);
      return bytes;
    };
    expect(await verifyImage(longer(12), keys.v1.trusted)).toMatchObject({ ok: true });
    expect(await verifyImage(longer(13), keys.v1.trusted)).toMatchObject({ ok: false });
  });

  it('checks the chip revision when it is told one', async () => {
    const options = {
      chip: 'esp32',
      project: 'demo',
      version: '1',
      minChipRevision: 300,
      maxChipRevision: 399,
    } as const;
    const signed = await signImage(await buildImage(options), keys.rsa.signer);
    const verify = (chipRevision?: number) =>
      verifyImage(signed, keys.rsa.trusted, chipRevision === undefined ? {} : { chipRevision });
    expect(await verify()).toMatchObject({ ok: true });
    expect(await verify(301)).toMatchObject({ ok: true });
    expect(await verify(100)).toMatchObject({ reason: 'wrong_chip' });
    expect(await verify(400)).toMatchObject({ reason: 'wrong_chip' });
  });

  it('throws bad_option for impossible options instead of a verdict', async () => {
    const bytes = await image('esp32');
    const code = 'bad_option';
    await expect(verifyImage(bytes, { v1: [new Uint8Array(65)] })).rejects.toMatchObject({ code });
    await expect(verifyImage(bytes, { v2Digests: ['abc'] })).rejects.toMatchObject({ code });
    await expect(verifyImage(bytes, {}, { maxBlocks: 0 })).rejects.toMatchObject({ code });
    await expect(verifyImage(bytes, {}, { maxBytes: Number.NaN })).rejects.toMatchObject({ code });
    await expect(verifyImage(bytes, {}, { chipRevision: -1 })).rejects.toMatchObject({ code });
    await expect(verifyImage(bytes, {}, { schemes: ['v9' as SignatureScheme] })).rejects.toMatchObject({ code });
  });

  it('takes trusted digests in any case', async () => {
    const signed = await signImage(await image('esp32c6'), keys.p256.signer);
    const v2Digests = keys.p256.trusted.v2Digests.map((digest) => digest.toUpperCase());
    expect(await verifyImage(signed, { v2Digests })).toMatchObject({ ok: true });
  });
});
