import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildImage,
  createImageStreamChecker,
  isFirmwareImageError,
  verifyImage,
  type FirmwareImageError,
  type ImageStreamOptions,
} from '@secure-esp/firmware-image';
import { readVector, realVectors, signedVectors, vectorsPresent, vectorsTitle } from './support/vectors.js';

interface Refusal {
  readonly code: string;
  readonly message: string;
  /** Bytes taken before it was refused; `end` when the end told. */
  readonly after: number | 'end';
}

const caught = (work: () => void): FirmwareImageError | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!isFirmwareImageError(error)) throw error;
    return error;
  }
};

/** Feeds `bytes` in pieces of the sizes given, over and over. */
const stream = (
  bytes: Uint8Array,
  sizes: readonly number[] = [4096],
  options: ImageStreamOptions = {},
): Refusal | undefined => {
  const checker = createImageStreamChecker(options);
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const chunk = bytes.subarray(at, at + (sizes[index % sizes.length] ?? 1));
    const error = caught(() => {
      checker.push(chunk);
    });
    if (error !== undefined) return { code: error.code, message: error.message, after: at + chunk.length };
    at += chunk.length;
  }
  const error = caught(() => {
    checker.end();
  });
  return error && { code: error.code, message: error.message, after: 'end' };
};

const verdictOf = async (bytes: Uint8Array, options: ImageStreamOptions): Promise<string> => {
  const verdict = await verifyImage(bytes, {}, options);
  return verdict.ok ? 'ok' : verdict.reason;
};

/** What `verifyImage` looks at before the chip: with two faults in one file, each reads the one that it meets first. */
const BEFORE_THE_CHIP: readonly string[] = ['wrong_chip', 'truncated', 'not_an_image', 'bad_checksum', 'bad_hash'];

const expectAgreement = async (bytes: Uint8Array, sizes: readonly number[], options: ImageStreamOptions = {}) => {
  const streamed = stream(bytes, sizes, options);
  const whole = stream(bytes, [bytes.length || 1], options);
  expect([streamed?.code, streamed?.message]).toEqual([whole?.code, whole?.message]);
  if (streamed === undefined) return;
  const verdict = await verdictOf(bytes, options);
  if (streamed.code === 'wrong_chip') expect(BEFORE_THE_CHIP).toContain(verdict);
  else expect(streamed.code).toBe(verdict);
};

const app = await buildImage({
  chip: 'esp32c6',
  project: 'p',
  version: '1.0.0',
  payload: new Uint8Array(5000).fill(0x5a),
});
const changed = (at: number, value: number, source: Uint8Array = app): Uint8Array => {
  const copy = Uint8Array.from(source);
  copy[at] = value;
  return copy;
};

describe('createImageStreamChecker', () => {
  it.each<[what: string, code: string, bytes: Uint8Array, after: number | 'end', options?: ImageStreamOptions]>([
    ['a wrong magic', 'not_an_image', changed(0, 0x7f), 1],
    ['a segment count of 0', 'not_an_image', changed(1, 0), 24],
    ['a segment count of 17', 'not_an_image', changed(1, 17), 24],
    ['a bad hash flag', 'not_an_image', changed(23, 2), 24],
    ['another chip', 'wrong_chip', app, 288, { chip: 'esp32s3' }],
    ['an unknown chip', 'wrong_chip', changed(12, 0xee), 288],
    ['an excluded revision', 'wrong_chip', changed(15, 200), 288, { chipRevision: 100 }],
    ['an odd segment length', 'not_an_image', changed(28, 1), 288],
    ['an odd length of segment 1', 'not_an_image', changed(292, 17), 296],
    ['a segment of 16 MiB', 'not_an_image', changed(295, 1), 296],
    ['a flipped byte of code', 'bad_checksum', changed(1000, 0), app.length - 32],
    ['too many bytes', 'too_large', app, 1001, { maxBytes: 1000 }],
    ['no bytes', 'truncated', new Uint8Array(), 'end'],
    ['half a header', 'truncated', app.subarray(0, 10), 'end'],
    ['less than a descriptor', 'truncated', app.subarray(0, 200), 'end'],
    ['half a segment header', 'truncated', app.subarray(0, 290), 'end'],
    ['half a segment', 'truncated', app.subarray(0, 1000), 'end'],
    ['no checksum', 'truncated', app.subarray(0, app.length - 33), 'end'],
    ['half a hash', 'truncated', app.subarray(0, app.length - 1), 'end'],
  ])('refuses %s (%s), byte by byte, at the first that makes it certain', (_what, code, bytes, after, options) => {
    expect(stream(bytes, [1], options)).toMatchObject({ code, after });
  });

  it('lets a good file pass, and what only the whole file can tell', () => {
    expect(stream(app, [7])).toBeUndefined();
    expect(stream(changed(app.length - 1, 0), [100])).toBeUndefined();
    expect(stream(changed(32, 0), [100])).toBeUndefined();
    const dump = new Uint8Array(0x11000).fill(0xff);
    expect(stream(dump, [1000])).toBeUndefined();
    expect(stream(dump, [1000], { maxBytes: 0x10000 })).toMatchObject({ code: 'too_large' });
  });

  it('says the same again after a refusal, whatever comes', () => {
    const checker = createImageStreamChecker();
    const refusals = [changed(0, 0x7f), app].map((chunk) =>
      caught(() => {
        checker.push(chunk);
      }),
    );
    refusals.push(
      caught(() => {
        checker.end();
      }),
    );
    expect(refusals.map((error) => error?.code)).toEqual(['not_an_image', 'not_an_image', 'not_an_image']);
  });

  it('keeps no chunk: the caller may use its buffer again', () => {
    const checker = createImageStreamChecker();
    const buffer = new Uint8Array(64);
    for (let at = 0; at < app.length; at += buffer.length) {
      const piece = app.subarray(at, at + buffer.length);
      buffer.set(piece);
      checker.push(buffer.subarray(0, piece.length));
      buffer.fill(0);
    }
    expect(() => {
      checker.end();
    }).not.toThrow();
  });

  it.each([{ maxBytes: -1 }, { maxBytes: NaN }, { chipRevision: -1 }])('refuses impossible options: %j', (options) => {
    expect(() => createImageStreamChecker(options)).toThrow(expect.objectContaining({ code: 'bad_option' }));
  });
});

const mutations = fc.array(fc.record({ at: fc.nat(), value: fc.nat(255) }), { maxLength: 3 });
const chunkings = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 });
const options = fc.constantFrom<ImageStreamOptions>({}, { chip: 'esp32' }, { chip: 'esp32s3' }, { chipRevision: 0 });

describe('what the stream checker refuses, verifyImage refuses with the same code, however the chunks are cut', () => {
  const mutate = (source: Uint8Array, edits: readonly { at: number; value: number }[], cut: number): Uint8Array => {
    const copy = source.slice(0, cut);
    // Half of the edits go where the rules are.
    for (const { at, value } of edits) copy[at % (at % 2 === 0 ? 320 : copy.length || 1)] = value;
    return copy.slice(0, cut);
  };

  it('for mutations of a built image', async () => {
    await fc.assert(
      fc.asyncProperty(mutations, chunkings, options, fc.nat(app.length), async (edits, sizes, over, cut) => {
        await expectAgreement(mutate(app, edits, cut % 3 === 0 ? cut : app.length), sizes, over);
      }),
      { numRuns: 400 },
    );
  });

  it('for random bytes that begin like an image', async () => {
    const bytes = fc.uint8Array({ maxLength: 700 });
    await fc.assert(
      fc.asyncProperty(bytes, chunkings, async (tail, sizes) => {
        await expectAgreement(Uint8Array.from([0xe9, 1, ...tail]), sizes);
      }),
    );
  });

  const small = [...signedVectors(), ...realVectors()].filter(({ size }) => size < 512 * 1024);
  it.skipIf(!vectorsPresent)(
    vectorsTitle('for every vector, and mutations of the small ones'),
    async () => {
      for (const { file } of [...signedVectors(), ...realVectors()]) {
        const bytes = readVector(file);
        await expectAgreement(bytes, [65_536, 1, 4095]);
        await expectAgreement(bytes.subarray(0, Math.floor(bytes.length / 2)), [30_000]);
      }
      const files = small.map(({ file }) => readVector(file));
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...files), mutations, chunkings, options, async (file, edits, sizes, over) => {
          await expectAgreement(mutate(file, edits, file.length), sizes, over);
        }),
        { numRuns: 60 },
      );
    },
    120_000,
  );
});
