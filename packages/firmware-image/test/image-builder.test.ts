import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildImage, CHIPS, inspectImage, parseImage, type BuildImageOptions } from '@secure-esp/firmware-image';

const base: BuildImageOptions = { chip: 'esp32', project: 'demo', version: '1.2.0' };

describe('buildImage', () => {
  it.each(CHIPS.map(({ name }) => name))('makes an image for %s that obeys the loader', async (chip) => {
    const image = await inspectImage(await buildImage({ ...base, chip, payload: new Uint8Array(70_001).fill(7) }));
    expect(image).toMatchObject({ chip, hashOk: true, trailing: 'none', signature: { kind: 'none' } });
    expect(image.descriptor).toMatchObject({ projectName: 'demo', version: '1.2.0', secureVersion: 0 });
    expect(image.segments[0]?.length).toBeGreaterThanOrEqual(256);
    const mapped = image.segments.filter((_, index) => index !== 1);
    for (const { loadAddress, offset } of mapped) expect(offset % 65_536).toBe(loadAddress % 65_536);
    // Two mapped segments must not share an MMU page.
    expect(new Set(mapped.map(({ loadAddress }) => Math.floor(loadAddress / 65_536))).size).toBe(2);
  });

  it('is deterministic', async () => {
    expect(await buildImage(base)).toEqual(await buildImage({ ...base }));
  });

  it('gives every version its own identity', async () => {
    const { identity } = await inspectImage(await buildImage(base));
    expect((await inspectImage(await buildImage({ ...base, version: '1.2.1' }))).identity).not.toBe(identity);
  });

  it('round-trips what it is given', async () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 7 }).filter((text) => !text.includes('\0'));
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          chip: fc.constantFrom(...CHIPS.map(({ name }) => name)),
          project: word.filter((text) => Buffer.byteLength(text) < 32),
          version: fc.stringMatching(/^[\x20-\x7e]{0,31}$/),
          secureVersion: fc.nat(0xffff_ffff),
          payload: fc.uint8Array({ maxLength: 3000 }),
          idfVersion: fc.stringMatching(/^[a-z0-9.-]{0,31}$/),
          date: fc.stringMatching(/^[\x20-\x7e]{0,15}$/),
          time: fc.stringMatching(/^[0-9:]{0,15}$/),
          minChipRevision: fc.nat(0xffff),
          maxChipRevision: fc.nat(0xffff),
          appendHash: fc.boolean(),
        }),
        async (options) => {
          const bytes = await buildImage(options);
          const image = await inspectImage(bytes);
          const { chip, project, version, secureVersion, idfVersion, date, time, appendHash } = options;
          expect(image).toMatchObject({
            chip,
            hashAppended: appendHash,
            hashOk: appendHash ? true : undefined,
            minChipRevision: options.minChipRevision,
            maxChipRevision: options.maxChipRevision,
            imageLength: bytes.length,
            descriptor: { projectName: project, version, secureVersion, idfVersion, date, time },
          });
          const code = image.segments.at(-1);
          const end = (code?.offset ?? 0) + options.payload.length;
          expect(bytes.subarray(code?.offset, end)).toEqual(options.payload);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each<[string, Partial<BuildImageOptions>]>([
    ['an unknown chip', { chip: 'esp8266' as 'esp32' }],
    ['a version of 32 bytes', { version: 'v'.repeat(32) }],
    ['a project with a NUL', { project: 'a\0b' }],
    ['a project of 31 characters but more bytes', { project: 'ü'.repeat(31) }],
    ['a negative secure version', { secureVersion: -1 }],
    ['a secure version above 32 bits', { secureVersion: 2 ** 32 }],
    ['a chip revision above 16 bits', { maxChipRevision: 65_536 }],
    ['a payload beyond the code range', { payload: new Uint8Array(4 * 1024 * 1024) }],
  ])('refuses %s', async (_, wrong) => {
    await expect(buildImage({ ...base, ...wrong })).rejects.toMatchObject({ code: 'bad_option' });
  });

  it('keeps a byte order mark of a text, like every other byte', async () => {
    const { descriptor } = parseImage(await buildImage({ ...base, project: '\ufeffx' }));
    expect(descriptor?.projectName).toBe('\ufeffx');
  });
});
