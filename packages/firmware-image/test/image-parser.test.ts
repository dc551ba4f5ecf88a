import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildImage,
  checkImageIntegrity,
  describesProduct,
  imageIdentity,
  inspectImage,
  isFirmwareImageError,
  parseImage,
  verifyImage,
} from '@secure-esp/firmware-image';

let good: Uint8Array;
beforeAll(async () => {
  good = await buildImage({ chip: 'esp32', project: 'demo', version: '1.2.0', payload: new Uint8Array(100).fill(9) });
});

const edited = (edit: (bytes: Uint8Array, view: DataView) => void): Uint8Array => {
  const bytes = good.slice();
  edit(bytes, new DataView(bytes.buffer));
  return bytes;
};

const codeOf = (bytes: Uint8Array): string => {
  try {
    parseImage(bytes);
    return 'parsed';
  } catch (error) {
    return isFirmwareImageError(error) ? error.code : 'another error';
  }
};

describe('parseImage', () => {
  it.each<[string, string, (bytes: Uint8Array, view: DataView) => void]>([
    [
      'a wrong magic',
      'not_an_image',
      (bytes) => {
        bytes.set([0xe8]);
      },
    ],
    [
      'no segments',
      'not_an_image',
      (bytes) => {
        bytes.set([0], 1);
      },
    ],
    [
      '17 segments',
      'not_an_image',
      (bytes) => {
        bytes.set([17], 1);
      },
    ],
    [
      'a hash flag of 2',
      'not_an_image',
      (bytes) => {
        bytes.set([2], 23);
      },
    ],
    [
      'a length that would overflow 32 bits',
      'not_an_image',
      (_, view) => {
        view.setUint32(28, 0xffff_fffc, true);
      },
    ],
    [
      'a length of 16 MiB',
      'not_an_image',
      (_, view) => {
        view.setUint32(28, 0x100_0000, true);
      },
    ],
    [
      'a length just below 16 MiB',
      'truncated',
      (_, view) => {
        view.setUint32(28, 0xff_fffc, true);
      },
    ],
    [
      'an odd length',
      'not_an_image',
      (_, view) => {
        view.setUint32(28, 257, true);
      },
    ],
    [
      'a flash address that does not match its offset',
      'not_an_image',
      (_, view) => {
        view.setUint32(24, 0x3f40_0024, true);
      },
    ],
    [
      'a flipped payload bit',
      'bad_checksum',
      (bytes) => {
        bytes.set([1], 40);
      },
    ],
  ])('refuses %s', (_, code, edit) => {
    expect(codeOf(edited(edit))).toBe(code);
  });

  it('calls every shorter version of an image truncated', () => {
    for (let length = 0; length < good.length; length += 1) {
      // Without its hash the file is still cut short, but up to there nothing else may be blamed.
      expect(codeOf(good.subarray(0, length)), `${length} bytes`).toBe('truncated');
    }
  });

  it('does not depend on where in its buffer the image lies', () => {
    const shifted = new Uint8Array(good.length + 7);
    shifted.set(good, 7);
    expect(parseImage(shifted.subarray(7))).toEqual(parseImage(good));
  });

  it('parses a load address of 0 as padding wherever it stands', () => {
    expect(
      codeOf(
        edited((_, view) => {
          view.setUint32(24, 0, true);
        }),
      ),
    ).toBe('parsed');
  });

  it('reads an unterminated field up to its end and bytes that are not UTF-8 as Latin-1', () => {
    const bytes = edited((image) => {
      image.fill(0x56, 48, 80);
      image.set([0x31, 0xff, 0xfe, 0x3c, 0], 80);
      let checksum = 0xef;
      const { segments, end16 } = parseImage(good);
      for (const { offset, length } of segments)
        for (const byte of image.subarray(offset, offset + length)) checksum ^= byte;
      image[end16 - 1] = checksum;
    });
    expect(parseImage(bytes).descriptor).toMatchObject({ version: 'V'.repeat(32), projectName: '1\u00ff\u00fe<' });
  });
});

describe('hostile bytes', () => {
  const readers = [inspectImage, imageIdentity, checkImageIntegrity] as const;

  it('never make a reader throw anything but FirmwareImageError, and never verify', async () => {
    const noise = fc.uint8Array({ maxLength: 400 });
    const withHeader = fc
      .tuple(fc.integer({ min: 0, max: 18 }), fc.array(fc.nat(0x400), { maxLength: 17 }), noise)
      .map(([count, lengths, rest]) => {
        const bytes = new Uint8Array(24 + 600);
        bytes.set(rest.subarray(0, 560), 24);
        bytes.set([0xe9, count]);
        let position = 24;
        for (const length of lengths) {
          if (position + 8 > bytes.length) break;
          new DataView(bytes.buffer).setUint32(position + 4, length & ~3, true);
          position += 8 + (length & ~3);
        }
        return bytes;
      });
    await fc.assert(
      fc.asyncProperty(fc.oneof(noise, withHeader), async (bytes) => {
        expect((await verifyImage(bytes, {}, { kind: 'any' })).ok).toBe(false);
        for (const read of readers) {
          const outcome = await read(bytes).catch((error: unknown) => error);
          if (outcome instanceof Error) expect(isFirmwareImageError(outcome)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('describesProduct', () => {
  it('is false for the descriptors that Arduino and MicroPython builds carry', () => {
    for (const projectName of ['', 'arduino-lib-builder', 'esp32-arduino-lib-builder']) {
      expect([projectName, describesProduct({ projectName })]).toEqual([projectName, false]);
    }
    expect(describesProduct({ projectName: 'secure_esp' })).toBe(true);
  });
});
