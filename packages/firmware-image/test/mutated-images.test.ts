import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildImage,
  carveApplication,
  findMergedImage,
  findPrivateKeys,
  imageIdentity,
  inspectImage,
  IMAGE_REASONS,
  isFirmwareImageError,
  parseImage,
  reportImage,
  signImage,
  SIGNATURE_SCHEMES,
  verifyImage,
  type Signer,
} from '@secure-esp/firmware-image';
import { testKey } from './support/keys.js';
import { factory, makeBootloader, makePartitionTable, merge, otaSlot } from './support/merged.js';
import { SEED } from './support/random.js';
import { readVector, realVectors, signedVectors, vectorsPresent, vectorsTitle } from './support/vectors.js';

console.info(`mutated images: seed ${String(SEED)} (SECURE_ESP_SEED)`);

/** Far above what any input needs (a megabyte takes tens of milliseconds), far below what a loop over lengths would take. */
const LIMIT_MS = 5000;

type Damage = (bytes: Buffer) => Buffer;

/** Most damage goes where the decisions are: header, segment headers, descriptor, the places of signatures. */
const position = fc.oneof(
  fc.nat(300),
  fc.nat(0xff_ffff),
  fc.nat(4400).map((fromEnd) => -1 - fromEnd),
);
const place = (bytes: Buffer, at: number): number =>
  bytes.length === 0 ? 0 : (at < 0 ? bytes.length * 4096 + at : at) % bytes.length;
const spliced = (bytes: Buffer, at: number, count: number, insert: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + count)]);

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(position, fc.uint8Array({ minLength: 1, maxLength: 8 })).map(
    ([at, over]): Damage =>
      (bytes) =>
        spliced(bytes, place(bytes, at), over.length, over),
  ),
  fc
    .tuple(position, fc.constantFrom(0, 1, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff, 0xff_fffc))
    .map(([at, number]): Damage => (bytes) => {
      const over = Buffer.alloc(4);
      over.writeUInt32LE(number);
      return spliced(bytes, place(bytes, at) & ~3, 4, over);
    }),
  fc.tuple(position, fc.nat(5000)).map(
    ([at, count]): Damage =>
      (bytes) =>
        spliced(bytes, place(bytes, at), count, Buffer.alloc(0)),
  ),
  fc.tuple(position, fc.nat(5000), fc.constantFrom(0, 0xe9, 0xe7, 0xff)).map(
    ([at, count, fill]): Damage =>
      (bytes) =>
        spliced(bytes, place(bytes, at), 0, Buffer.alloc(count, fill)),
  ),
  position.map(
    (at): Damage =>
      (bytes) =>
        bytes.subarray(0, place(bytes, at)),
  ),
  position.map(
    (at): Damage =>
      (bytes) =>
        Buffer.concat([bytes, bytes.subarray(place(bytes, at))]),
  ),
);
const mutation = fc.array(damage, { minLength: 1, maxLength: 4 });

const key = testKey('p256', 'v1-ecdsa-p256');

/** What a caller can do with bytes that it does not trust. */
const READERS: Record<string, (bytes: Uint8Array) => unknown> = {
  parseImage,
  findMergedImage,
  findPrivateKeys,
  carveApplication,
  inspectImage,
  imageIdentity,
  verifyImage: (bytes) => verifyImage(bytes, key.trusted, { schemes: SIGNATURE_SCHEMES, kind: 'any' }),
  signImage: (bytes) => signImage(bytes, key.signer, { existing: 'replace' }),
};

const readEverything = async (original: Uint8Array, damages: readonly Damage[]): Promise<void> => {
  const mutated = damages
    .reduce<Buffer>((bytes, apply) => apply(bytes), Buffer.from(original))
    .subarray(0, 4 * 1024 * 1024);
  const bytes = new Uint8Array(mutated);
  for (const [name, read] of Object.entries(READERS)) {
    const started = performance.now();
    try {
      await read(bytes);
    } catch (error) {
      if (!isFirmwareImageError(error)) throw new Error(`${name} threw something else`, { cause: error });
      if (name === 'verifyImage') throw new Error('verifyImage has verdicts for bytes', { cause: error });
    }
    expect(performance.now() - started, name).toBeLessThan(LIMIT_MS);
  }
  const started = performance.now();
  const report = await reportImage(bytes, { trusted: key.trusted });
  expect(performance.now() - started, 'reportImage').toBeLessThan(LIMIT_MS);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  if (report.verdict?.ok === false) expect(IMAGE_REASONS).toContain(report.verdict.reason);
};

const checkMutations = (original: Uint8Array, numRuns: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(mutation, (damages) => readEverything(original, damages)),
    { numRuns, seed: SEED },
  );

describe('a mutated image', () => {
  const payload = new Uint8Array(5000).fill(7);
  const build = (): Promise<Uint8Array> => buildImage({ chip: 'esp32', project: 'demo', version: '1.2.0', payload });
  const signed = async (signer: Signer): Promise<Uint8Array> => signImage(await build(), signer);
  const made: [string, () => Promise<Uint8Array>][] = [
    ['unsigned', build],
    ['signed with v1', () => signed(key.signer)],
    ['signed with v2', () => signed(testKey('rsa3072', 'v2-rsa-3072').signer)],
    [
      'merged',
      async () => {
        const table = makePartitionTable([factory(), otaSlot(0, 0x12_0000)]);
        return merge([
          [0, makeBootloader()],
          [0x8000, table],
          [0x1_0000, await signed(key.signer)],
        ]);
      },
    ],
  ];
  it.each(made)('(%s) is read, or refused with an error of this package, in little time', async (_, make) => {
    await checkMutations(await make(), 150);
  });
});

describe.skipIf(!vectorsPresent)(vectorsTitle('a mutated published image'), () => {
  it.each(realVectors())(
    'of $file is read, or refused with an error of this package, in little time',
    async ({ file }) => {
      await checkMutations(readVector(file), 25);
    },
  );

  it('that is signed or damaged already is no different', async () => {
    for (const { file } of signedVectors()) await checkMutations(readVector(file), 5);
  });
});
