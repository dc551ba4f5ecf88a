import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  boundedString,
  createPayloadCodec,
  empty,
  integer,
  isProtocolError,
  json,
  secureEspV1,
  text,
} from '../../src/index.js';
import { encodeUtf8 } from '../../src/utf8.js';

const bytes = (value: string | readonly number[]): Uint8Array =>
  typeof value === 'string' ? encodeUtf8(value) : Uint8Array.from(value);

describe('an integer as text', () => {
  const codec = createPayloadCodec(text(integer(-5, 300), { maxBytes: 30 }), 'level');

  test.each([
    ['0', 0],
    ['-0', 0],
    ['300', 300],
    ['-5', -5],
  ])('%j is %i', (payload, value) => {
    const result = codec.decode(bytes(payload));
    expect(result).toStrictEqual({ ok: true, value });
    expect(result.ok && Object.is(result.value, -0)).toBe(false);
  });

  test.each([
    ['301', 'out_of_range'],
    ['-6', 'out_of_range'],
    ['99999999999999999999', 'out_of_range'],
    ['9007199254740993', 'out_of_range'],
    ['', 'bad_payload'],
    ['-', 'bad_payload'],
    ['+1', 'bad_payload'],
    ['01', 'bad_payload'],
    ['-01', 'bad_payload'],
    ['1.0', 'bad_payload'],
    ['1e2', 'bad_payload'],
    [' 1', 'bad_payload'],
    ['1\n', 'bad_payload'],
    ['١', 'bad_payload'],
    ['0x1', 'bad_payload'],
    ['1\u0000', 'bad_payload'],
    ['1'.repeat(31), 'too_long'],
  ])('%j is %s', (payload, code) => {
    expect(codec.decode(bytes(payload))).toMatchObject({ ok: false, code });
  });
});

describe('other scalars as text', () => {
  const flag = createPayloadCodec(text(z.boolean(), { maxBytes: 4 }), 'flag');
  const mode = createPayloadCodec(text(z.enum(['eco', 'full']), { maxBytes: 8 }), 'mode');
  const word = createPayloadCodec(text(boundedString({ maxBytes: 4 }), { maxBytes: 8 }), 'word');
  const some = createPayloadCodec(text(boundedString({ minBytes: 1, maxBytes: 4 }), { maxBytes: 8 }), 'some');

  test.each([
    ['flag', flag, '1', true],
    ['flag', flag, '0', false],
    ['mode', mode, 'eco', 'eco'],
    ['word', word, 'é€'.slice(0, 1), 'é'],
    ['word', word, '', ''],
    ['word', word, '\ufeffa', '\ufeffa'],
  ])('%s: %j is %j', (_name, codec, payload, value) => {
    expect(codec.decode(bytes(payload))).toStrictEqual({ ok: true, value });
    expect(codec.encode(value as never)).toStrictEqual(bytes(payload));
  });

  test.each([
    ['flag', flag, 'true', 'bad_payload'],
    ['flag', flag, '', 'bad_payload'],
    ['mode', mode, 'ECO', 'bad_payload'],
    ['word', word, 'abcde', 'too_long'],
    ['word', word, 'abcdefghi', 'too_long'],
    ['word', word, 'abcd\u0000', 'bad_payload'],
    ['word', word, [0xc0, 0x80], 'bad_payload'],
    ['word', word, [0xed, 0xa0, 0x80], 'bad_payload'],
    ['word', word, [0xf4, 0x90, 0x80, 0x80], 'bad_payload'],
    ['word', word, [0x61, 0xc3], 'bad_payload'],
    ['some', some, '', 'bad_payload'],
  ])('%s: %j is %s', (_name, codec, payload, code) => {
    expect(codec.decode(bytes(payload))).toMatchObject({ ok: false, code });
  });

  test('an empty payload holds nothing at all', () => {
    const codec = createPayloadCodec(empty(), 'go');
    expect(codec.decode(bytes(''))).toStrictEqual({ ok: true, value: undefined });
    expect(codec.decode(bytes('x'))).toMatchObject({ ok: false, code: 'bad_payload' });
    expect(codec.encode(undefined)).toStrictEqual(bytes(''));
  });
});

describe('encode', () => {
  test('refuses values that are not in the schema, naming the topic', () => {
    let thrown: unknown;
    try {
      secureEspV1.codecs['update/interval'].encode(299);
    } catch (error) {
      thrown = error;
    }
    expect(isProtocolError(thrown) && [thrown.code, thrown.path]).toEqual(['invalid_value', 'update/interval']);
    expect((thrown as Error).message).toMatch(/update\/interval/);
  });

  test('refuses what is longer on the wire than the payload may be', () => {
    const codec = createPayloadCodec(json(z.object({ t: boundedString({ maxBytes: 9 }) }), { maxBytes: 16 }), 'x');
    expect(codec.encode({ t: '12345678' })).toStrictEqual(bytes('{"t":"12345678"}'));
    expect(() => codec.encode({ t: '123456789' })).toThrow('x: is 17 bytes, the limit is 16');
    expect(() => codec.encode({ t: '\n\n\n\n\n' })).toThrow('x: is 18 bytes, the limit is 16');
  });
});

test('no verdict quotes the payload', () => {
  for (const codec of Object.values(secureEspV1.codecs)) {
    const result = codec.decode(bytes('{"secret":"hunter2"}'));
    if (!result.ok) expect(result.detail).not.toContain('hunter2');
  }
});
