import { buildNvsImage, nvsCsv, readNvsImage, type NvsEntry } from '@secure-esp/firmware-image/nvs';
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nvsContents } from '../support/nvs-arbitraries.js';
import { NVS_CASES } from '../support/nvs-cases.js';

const u8 = (namespace: string, key: string, value = 1): NvsEntry => ({ namespace, key, type: 'u8', value });
const text = (value: string): NvsEntry => ({ namespace: 'n', key: 'k', type: 'string', value });
const blob = (length: number): NvsEntry => ({
  namespace: 'n',
  key: 'big',
  type: 'blob',
  value: new Uint8Array(length),
});
const build = (...entries: readonly NvsEntry[]): Uint8Array => buildNvsImage({ sizeBytes: 0x3000, entries });
const code = (code: string, message: RegExp): Error =>
  expect.objectContaining({
    name: 'FirmwareImageError',
    code,
    message: expect.stringMatching(message) as string,
  }) as Error;

describe('an NVS partition', () => {
  test.each(NVS_CASES)('gives back what was written: $name', ({ entries, sizeBytes }) => {
    const image = buildNvsImage({ sizeBytes, entries, version: 2 });
    expect(image).toHaveLength(sizeBytes);
    expect(readNvsImage(image)).toEqual(entries);
    // the device moves entries into it when it collects garbage
    expect(image.subarray(-4096).every((byte) => byte === 0xff)).toBe(true);
  });

  test('gives back whatever was written, also where namespaces alternate', () => {
    fc.assert(
      fc.property(nvsContents(8000), fc.boolean(), (contents, alternate) => {
        const entries = alternate ? contents.toSorted((a, b) => (a.key < b.key ? -1 : 1)) : contents;
        expect(readNvsImage(buildNvsImage({ sizeBytes: 0x10000, entries }))).toEqual(entries);
      }),
    );
  });

  test('any changed bit of what is written is noticed, or does not change what is read', () => {
    const entries = [u8('n', 'a', 5), text('hello'), blob(70)];
    const image = build(...entries);
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 64 + 32 * 10 - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const changed = Uint8Array.from(image);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        let read: NvsEntry[];
        try {
          read = readNvsImage(changed);
        } catch (error) {
          expect(error).toEqual(code(String((error as { code?: unknown }).code), /damaged/));
          return;
        }
        expect(read).toEqual(entries);
      }),
      { numRuns: 400 },
    );
  });

  test('refuses keys and namespaces that the device cannot have, by name', () => {
    expect(() => build(u8('n', 'sixteen_letters_'))).toThrow(
      code('bad_option', /key "sixteen_letters_" of "n" must be 1 to 15/),
    );
    expect(() => build(u8('sixteen_letters_', 'k'))).toThrow(code('bad_option', /namespace "sixteen_letters_"/));
    for (const name of ['', 'ä', 'a\n']) {
      expect(() => build(u8('n', name))).toThrow(code('bad_option', /printable ASCII/));
      expect(() => build(u8(name, 'k'))).toThrow(code('bad_option', /printable ASCII/));
    }
    expect(() => build(u8('n', 'k'), u8('m', 'k'), u8('n', 'k', 2))).toThrow(
      code('bad_option', /"n"\/"k" is given twice/),
    );
  });

  test('refuses values out of range, by name', () => {
    for (const value of [-1, 256, 0.5, Number.NaN, Infinity]) {
      expect(() => build(u8('n', 'k', value))).toThrow(
        code('bad_option', /"n"\/"k" must be an integer in 0\.\.255 \(u8\)/),
      );
    }
    expect(() => build({ namespace: 'n', key: 'k', type: 'i64', value: 1n << 63n })).toThrow(
      code('bad_option', /\(i64\)/),
    );
    expect(() => build(text('a\0b'))).toThrow(code('bad_option', /U\+0000/));
    expect(() => build(text('\ud800'))).toThrow(code('bad_option', /surrogate/));
    expect(() => build(text('x'.repeat(3968)))).toThrow(code('bad_option', /"n"\/"k" is 3968 bytes, .* at most 3967/));
    expect(() => build(text('ä'.repeat(1984)))).toThrow(code('bad_option', /3968 bytes/));
  });

  test('refuses sizes that are none', () => {
    for (const sizeBytes of [0, 0x1000, 0x2000, 0x3001, -0x3000, Number.NaN]) {
      expect(() => buildNvsImage({ sizeBytes, entries: [] })).toThrow(
        code('bad_option', /multiple of 4096 bytes, and at least 0x3000/),
      );
    }
    // @ts-expect-error version 1 has no multi-page blobs
    expect(() => buildNvsImage({ sizeBytes: 0x3000, entries: [], version: 1 })).toThrow(code('bad_option', /version/));
  });

  test('says what it has no room for', () => {
    const full = Array.from({ length: 251 }, (_, index) => u8('n', `k${String(index)}`));
    expect(build(...full)).toHaveLength(0x3000);
    expect(() => build(...full, u8('n', 'over'))).toThrow(code('too_large', /12288 bytes has no room for "n"\/"over"/));
    expect(() => build(blob(8000))).toThrow(code('too_large', /"n"\/"big"/));
    expect(() => buildNvsImage({ sizeBytes: 0x100000, entries: [blob(128 * 4000)] })).toThrow(
      code('bad_option', /"big" is too large for a blob/),
    );
    const spaces = Array.from({ length: 255 }, (_, index) => u8(`n${String(index)}`, 'k'));
    expect(buildNvsImage({ sizeBytes: 0x8000, entries: spaces.slice(0, 254) })).toHaveLength(0x8000);
    expect(() => buildNvsImage({ sizeBytes: 0x8000, entries: spaces })).toThrow(
      code('bad_option', /"n254" is one namespace too many/),
    );
  });
});

describe('reading', () => {
  test('refuses what is no NVS partition', () => {
    expect(() => readNvsImage(new Uint8Array(100))).toThrow(code('not_an_image', /multiple of 4096/));
    expect(() => readNvsImage(new Uint8Array(4096))).toThrow(code('not_an_image', /version 2/));
    expect(readNvsImage(new Uint8Array(4096).fill(0xff))).toEqual([]);
  });
});

describe('CSV', () => {
  test('has a row for each namespace and entry', () => {
    const csv = nvsCsv([u8('n', 'a'), text('one,\n"two"'), { ...blob(0), key: 'b' }, u8('#m', 'k')]);
    expect(csv).toBe(
      'key,type,encoding,value\nn,namespace,,\na,data,u8,1\nk,data,string,"one,\n""two"""\nb,data,base64,\n"#m",namespace,,\nk,data,u8,1\n',
    );
  });

  test('refuses what the generator would change without a word', () => {
    expect(() => nvsCsv([text('a\r\nb')])).toThrow(code('bad_option', /"n"\/"k" has a carriage return/));
    expect(() => nvsCsv([text('a\n#b')])).toThrow(code('bad_option', /begins with "#"/));
    expect(() => nvsCsv([u8('n', 'a'), u8('m', 'a'), u8('n', 'b')])).toThrow(
      code('bad_option', /namespace "n" must follow/),
    );
    expect(() => nvsCsv([u8('n', '')])).toThrow(code('bad_option', /key ""/));
  });
});

test('the entry imports no Node built-in, so it runs in browsers', () => {
  const folder = new URL('../../src/nvs/', import.meta.url);
  const imports = readdirSync(folder).flatMap((name) => [
    ...readFileSync(new URL(name, folder), 'utf8').matchAll(/from '([^']+)'/g),
  ]);
  const from = new Set(imports.map(([, path = '']) => path));
  expect([...from].filter((path) => !path.startsWith('./')).sort()).toEqual([
    '../bytes.js',
    '../crc32.js',
    '../errors.js',
  ]);
});

test('the example of the README runs', async () => {
  const { files, readBack } = await import('../support/nvs-readme-example.js');
  expect(Object.keys(files)).toEqual(['nvs.bin', 'nvs_keys.bin', 'nvs.csv']);
  expect(readBack.map(({ key }) => key)).toEqual(['serial', 'calibration', 'made_at']);
  const example = readFileSync(new URL('../support/nvs-readme-example.ts', import.meta.url), 'utf8');
  expect(readFileSync(new URL('../../README.md', import.meta.url), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\``);
});
