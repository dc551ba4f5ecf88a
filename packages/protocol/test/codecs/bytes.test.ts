import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { runInNewContext } from 'node:vm';
import { z } from 'zod';
import {
  bytes,
  command,
  createPayloadCodec,
  defineProtocol,
  event,
  json,
  text,
  toPayloadModel,
  type Payload,
  type PayloadInput,
  type PayloadValue,
} from '../../src/index.js';

const frame = bytes({ minBytes: 2, maxBytes: 6 });
const codec = createPayloadCodec(frame, 'frame');

describe('a payload of bytes', () => {
  test('is the bytes themselves, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 6 }), (value) => {
        expect(codec.encode(value)).toStrictEqual(value);
        expect(codec.decode(value)).toStrictEqual({ ok: true, value });
      }),
    );
  });

  test.each([
    [0, 'bad_payload'],
    [1, 'bad_payload'],
    [7, 'too_long'],
    [9000, 'too_long'],
  ])('of %i bytes is %s', (length, code) => {
    expect(codec.decode(new Uint8Array(length))).toMatchObject({ ok: false, code });
    expect(() => codec.encode(new Uint8Array(length))).toThrow(expect.objectContaining({ code: 'invalid_value' }));
  });

  test('may be empty where no bound says otherwise', () => {
    const any = createPayloadCodec(bytes({ maxBytes: 4 }), 'any');
    expect(any.decode(new Uint8Array())).toStrictEqual({ ok: true, value: new Uint8Array() });
    expect(toPayloadModel(bytes({ maxBytes: 4 }), 'any')).toStrictEqual({ kind: 'bytes', minBytes: 0, maxBytes: 4 });
  });

  test('is copied both ways: what the buffer becomes afterwards does not matter', () => {
    const buffer = Buffer.from([1, 2, 3]);
    const result = codec.decode(buffer);
    const written = codec.encode(buffer);
    buffer.fill(9);
    expect(result).toStrictEqual({ ok: true, value: Uint8Array.of(1, 2, 3) });
    expect(written).toStrictEqual(Uint8Array.of(1, 2, 3));
  });

  test('takes arrays of another realm, and nothing that is none', () => {
    expect(codec.encode(runInNewContext('Uint8Array.of(1, 2)') as Uint8Array)).toStrictEqual(Uint8Array.of(1, 2));
    for (const other of ['ab', [1, 2], new Uint16Array(2), new ArrayBuffer(2), null, undefined, 12]) {
      expect(() => codec.encode(other as never)).toThrow(expect.objectContaining({ code: 'invalid_value' }));
    }
  });

  test('is a Uint8Array in TypeScript', () => {
    expectTypeOf<PayloadValue<typeof frame>>().toEqualTypeOf<Uint8Array>();
    expectTypeOf<PayloadInput<typeof frame>>().toEqualTypeOf<Uint8Array>();
  });

  test.each([
    { maxBytes: 0 },
    { maxBytes: 65_536 },
    { maxBytes: 1.5 },
    { minBytes: -1, maxBytes: 2 },
    { minBytes: 3, maxBytes: 2 },
    { minBytes: Number.NaN, maxBytes: 2 },
  ])('refuses the bounds %j', (bounds) => {
    expect(() => bytes(bounds)).toThrow(expect.objectContaining({ code: 'invalid_definition', path: 'bytes' }));
  });

  const define = (payload: Payload, retain: boolean) =>
    defineProtocol({
      name: 'lab',
      version: 1,
      root: '/lab',
      topics: { frame: event(payload, { description: 'd', retain }) },
    });

  test('is retained only if it cannot be empty, which would delete it', () => {
    expect(() => define(bytes({ maxBytes: 2 }), true)).toThrow(/use bytes\(\{ minBytes: 1, maxBytes \}\)/);
    expect(define(bytes({ minBytes: 1, maxBytes: 2 }), true).contractHash).toMatch(/^[0-9a-f]{16}$/);
  });

  test.each<[string, Payload]>([
    ['another schema', { encoding: 'bytes', schema: z.instanceof(Uint8Array), maxBytes: 4 }],
    ['a check more', { ...frame, schema: (frame.schema as z.ZodCustom).refine(() => true) }],
  ])('is nothing but what bytes() makes: %s is refused', (_what, payload) => {
    expect(() => define(payload, false)).toThrow(
      expect.objectContaining({ code: 'invalid_definition', path: 'frame' }),
    );
  });

  test('stands in no other payload', () => {
    expect(() => define(text(frame.schema as never, { maxBytes: 4 }), false)).toThrow(/custom/);
    expect(() => define(json(z.object({ raw: frame.schema }), { maxBytes: 4 }), false)).toThrow(/frame\.raw/);
  });

  test('works as a command', () => {
    const topics = { paint: command(bytes({ maxBytes: 3 }), { description: 'd' }) };
    const protocol = defineProtocol({ name: 'lab', version: 1, root: '/lab', topics });
    expect(protocol.codecs.paint.encode(Uint8Array.of(255))).toStrictEqual(Uint8Array.of(255));
  });
});
