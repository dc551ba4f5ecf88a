import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildImage, inspectImage, reportImage, signImage, type ImageReport } from '@secure-esp/firmware-image';
import { makePem, testKey } from './support/keys.js';
import { factory, makeBootloader, makePartitionTable, merge } from './support/merged.js';

const codesOf = ({ problems }: ImageReport): string[] => problems.map(({ code }) => code);
const lamp = { project: 'lamp', version: '1.2.0' } as const;

describe('reportImage', () => {
  it('says everything about a signed application, and survives JSON', async () => {
    const first = testKey('p256', 'v2-ecdsa-p256');
    const second = testKey('p256', 'v2-ecdsa-p256');
    const plain = await buildImage({
      chip: 'esp32c6',
      ...lamp,
      secureVersion: 3,
      idfVersion: 'v5.5.1',
      date: 'Jan  8 2026',
      time: '12:34:56',
      minChipRevision: 1,
      maxChipRevision: 199,
    });
    const one = await signImage(plain, first.signer);
    const image = await signImage(one, second.signer, { existing: 'append' });
    const { identity, segments, imageLength, descriptor } = await inspectImage(image);
    const report = await reportImage(image, { trusted: second.trusted });
    expect(report).toEqual({
      reportVersion: 1,
      kind: 'application',
      intact: true,
      fileBytes: image.length,
      fileSha256: createHash('sha256').update(image).digest('hex'),
      chip: 'esp32c6',
      chipId: 13,
      minChipRevision: 1,
      maxChipRevision: 199,
      project: 'lamp',
      version: '1.2.0',
      describesProduct: true,
      secureVersion: 3,
      idfVersion: 'v5.5.1',
      buildDate: 'Jan  8 2026',
      buildTime: '12:34:56',
      elfSha256: descriptor?.elfSha256,
      identity,
      hashAppended: true,
      imageBytes: imageLength,
      segments,
      trailing: 'signature-v2',
      signatures: [first, second].map(({ signer }, slot) => ({
        slot,
        scheme: 'v2-ecdsa-p256',
        state: 'valid',
        keyDigest: signer.keyDigest,
        trusted: slot === 1,
        honoured: true,
      })),
      applications: [],
      verdict: { ok: true, scheme: 'v2-ecdsa-p256', keyDigest: second.signer.keyDigest },
      problems: [],
    });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('has the same fields for whatever the bytes are', async () => {
    const names = Object.keys(await reportImage(await buildImage({ chip: 'esp32', ...lamp })));
    const merged = merge([
      [0, makeBootloader()],
      [0x8000, makePartitionTable([factory()])],
    ]);
    for (const bytes of [new Uint8Array(), new TextEncoder().encode('<html>'), makeBootloader(), merged]) {
      expect(Object.keys(await reportImage(bytes))).toEqual(names);
    }
    expect(await reportImage(merged)).toMatchObject({ kind: 'merged', intact: false, chip: null });
    expect(await reportImage(makeBootloader())).toMatchObject({ kind: 'other_image', intact: true, chip: 'esp32' });
    expect(await reportImage(new Uint8Array())).toMatchObject({ kind: 'unknown', intact: false, chipId: null });
  });

  it('names the key of a v1 signature only among trusted ones: the block holds none', async () => {
    const { signer, trusted } = testKey('p256', 'v1-ecdsa-p256');
    const image = await signImage(await buildImage({ chip: 'esp32', ...lamp }), signer);
    const v1 = { slot: null, scheme: 'v1-ecdsa-p256', honoured: true };
    expect(await reportImage(image)).toMatchObject({
      signatures: [{ ...v1, state: 'unknown', keyDigest: null, trusted: null }],
      verdict: null,
      problems: [],
    });
    expect(await reportImage(image, { trusted })).toMatchObject({
      signatures: [{ ...v1, state: 'valid', keyDigest: signer.keyDigest, trusted: true }],
      verdict: { ok: true },
    });
    const foreign = await reportImage(image, { trusted: testKey('p256', 'v1-ecdsa-p256').trusted });
    expect(foreign.signatures).toMatchObject([{ ...v1, state: 'unknown', trusted: false }]);
    expect(codesOf(foreign)).toEqual(['bad_signature']);
  });

  it('says what is wrong with an image', async () => {
    const plain = await buildImage({ chip: 'esp32s3', ...lamp });
    const { signer } = testKey('rsa3072', 'v2-rsa-3072');
    const signed = await signImage(plain, signer);
    const at = (offset: number, value: number): Uint8Array => signed.with(offset, value);
    const sector = signed.length - 4096;

    expect(codesOf(await reportImage(plain))).toEqual(['unsigned']);
    expect(codesOf(await reportImage(signed))).toEqual([]);
    expect(codesOf(await reportImage(signed, { trusted: { v2Digests: [] } }))).toEqual(['untrusted_key']);
    expect(codesOf(await reportImage(signed, { trusted: {}, chip: 'esp32' }))).toEqual(['wrong_chip']);
    expect(codesOf(await reportImage(at(sector + 900, 1)))).toEqual(['bad_signature']);
    expect(codesOf(await reportImage(at(100, 1)))).toEqual(['bad_checksum']);
    expect(codesOf(await reportImage(signed.subarray(0, 200)))).toEqual(['truncated']);
    expect(codesOf(await reportImage(signed.subarray(0, sector + 2000)))).toEqual(['truncated']);
    expect(codesOf(await reportImage(makeBootloader()))).toEqual(['not_an_image', 'unsigned']);
    const revisions = { minChipRevision: 300, maxChipRevision: 200 };
    expect(codesOf(await reportImage(await buildImage({ chip: 'esp32', ...lamp, ...revisions })))).toEqual([
      'wrong_chip',
      'unsigned',
    ]);
  });

  it('still tells what a damaged image claims to be', async () => {
    const plain = await buildImage({ chip: 'esp32', ...lamp });
    expect(await reportImage(plain.with(300, 1))).toMatchObject({
      kind: 'application',
      intact: false,
      chip: 'esp32',
      version: '1.2.0',
      identity: null,
    });
  });

  it('finds a private key in it, and does not repeat it', async () => {
    const pem = makePem('p256');
    const payload = new TextEncoder().encode(pem + pem);
    const report = await reportImage(await buildImage({ chip: 'esp32', ...lamp, payload }));
    expect(report.problems.map(({ code, message }) => [code, message])).toContainEqual([
      'contains_private_key',
      expect.stringMatching(/^the file contains a private key \(sec1\) at offset \d+, and 1 more$/) as string,
    ]);
  });

  it('points out a block that its chip does not look at', async () => {
    const { signer } = testKey('rsa3072', 'v2-rsa-3072');
    const signed = await signImage(await buildImage({ chip: 'esp32', ...lamp }), signer);
    const sector = signed.length - 4096;
    signed.copyWithin(sector + 1216, sector, sector + 1216);
    const report = await reportImage(signed);
    expect(report.signatures.map(({ slot, state, honoured }) => [slot, state, honoured])).toEqual([
      [0, 'valid', true],
      [1, 'valid', false],
    ]);
    expect(codesOf(report)).toEqual(['unsupported_scheme']);
  });

  it('never throws for what the bytes are', async () => {
    const image = await signImage(
      await buildImage({ chip: 'esp32c6', ...lamp }),
      testKey('p256', 'v2-ecdsa-p256').signer,
    );
    const flips = fc.array(fc.tuple(fc.nat(image.length - 1), fc.nat(255)), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), flips), async (input) => {
        const bytes = input instanceof Uint8Array ? input : image.slice();
        if (!(input instanceof Uint8Array)) for (const [offset, value] of input) bytes[offset] = value;
        const report = await reportImage(bytes, { trusted: {} });
        expect(report.verdict?.ok).toBe(false);
        expect(report.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
