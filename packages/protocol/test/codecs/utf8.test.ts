import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { boundedString, createPayloadCodec, json } from '../../src/index.js';
import { decodeUtf8, encodeUtf8, utf8Length } from '../../src/utf8.js';

const texts = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('a', '\ud800') }));

describe('UTF-8', () => {
  test('length is that of the encoded text, also of lone surrogates', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(utf8Length(text)).toBe(Buffer.byteLength(text));
        expect(utf8Length(text)).toBe(encodeUtf8(text).length);
      }),
      { numRuns: 2000 },
    );
  });

  test('is decoded the same after bytes that are none', () => {
    for (const bad of [[0xe2, 0x82], [0xff], [0xef, 0xbb], [0xf0, 0x9f, 0x98]]) {
      expect(decodeUtf8(Uint8Array.from(bad))).toBeUndefined();
      expect(decodeUtf8(Uint8Array.from([0xac]))).toBeUndefined();
      expect(decodeUtf8(encodeUtf8('\ufeffé😀'))).toBe('\ufeffé😀');
    }
  });

  test('is decoded from a view of a larger buffer', () => {
    const bytes = encodeUtf8('é1é2é');
    expect(decodeUtf8(bytes.subarray(3, 6))).toBe('é2');
  });
});

describe('a payload that was encoded', () => {
  const codec = createPayloadCodec(json(z.object({ s: boundedString({ maxBytes: 100 }) }), { maxBytes: 200 }), 'x');

  test('has a buffer of its own, which shows nothing else', () => {
    const [one, other] = [codec.encode({ s: 'one' }), codec.encode({ s: 'é'.repeat(50) })];
    expect(one.buffer).not.toBe(other.buffer);
    for (const payload of [one, other]) expect(payload.buffer.byteLength).toBe(payload.length);
  });

  test('survives that another one is transferred', () => {
    const [one, other] = [codec.encode({ s: 'one' }), codec.encode({ s: 'other' })];
    structuredClone(one.buffer, { transfer: [one.buffer as ArrayBuffer] });
    expect(one.length).toBe(0);
    expect(Buffer.from(other).toString()).toBe('{"s":"other"}');
    expect(Buffer.from(codec.encode({ s: 'third' })).toString()).toBe('{"s":"third"}');
  });
});
