import { createECDH } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bitString,
  boolean,
  context,
  type DerNode,
  nullValue,
  octetString,
  utf8String,
  decodeDer,
  decodeTime,
  encodeDer,
  integer,
  sequence,
  time,
  unsignedInteger,
} from '../../src/asn1/der.js';
import { thrown } from '../support/thrown.js';

const hex = (node: Parameters<typeof encodeDer>[0]): string => encodeDer(node).toString('hex');

describe('INTEGER (pitfall 16)', () => {
  test.each([
    [0, '020100'],
    [127, '02017f'],
    [128, '02020080'],
    [0x7fffffff, '02047fffffff'],
    [Date.UTC(2026, 0, 1), '0206019b76daa800'],
    [2n ** 64n, '0209010000000000000000'],
  ])('%s is minimal and positive', (value, der) => {
    expect(hex(integer(value))).toBe(der);
  });

  test.each([
    ['ff01', '020300ff01'],
    ['000000ab', '020200ab'],
    ['7f', '02017f'],
    ['0000', '020100'],
  ])('the octets %s become %s', (bytes, der) => {
    expect(hex(unsignedInteger(Buffer.from(bytes, 'hex')))).toBe(der);
  });
});

describe('time (pitfall 17)', () => {
  test.each([
    ['1950-01-01T00:00:00Z', '170d3530303130313030303030305a'],
    ['2049-12-31T23:59:59Z', '170d3439313233313233353935395a'],
    ['2050-01-01T00:00:00Z', '180f32303530303130313030303030305a'],
    ['9999-12-31T23:59:59Z', '180f39393939313233313233353935395a'],
  ])('%s is UTCTime through 2049 and GeneralizedTime after', (date, der) => {
    expect(hex(time(new Date(date)))).toBe(der);
  });
});

describe('reading a time', () => {
  const utc = (text: string): Buffer => Buffer.concat([Buffer.of(0x17, text.length), Buffer.from(text)]);
  const generalized = (text: string): Buffer => Buffer.concat([Buffer.of(0x18, text.length), Buffer.from(text)]);

  test('gives back what was written, for every second of X.509', () => {
    const seconds = fc.integer({
      min: Date.parse('1950-01-01T00:00:00Z') / 1000,
      max: Date.parse('9999-12-31T23:59:59Z') / 1000,
    });
    fc.assert(
      fc.property(seconds, (value) => {
        const date = new Date(value * 1000);
        expect(decodeTime(decodeDer(encodeDer(time(date))))).toEqual(date);
      }),
      { numRuns: 1000 },
    );
    expect(decodeTime(decodeDer(generalized('20300102030405Z')))).toEqual(new Date('2030-01-02T03:04:05Z'));
  });

  test.each([
    ['no Z', utc('300102030405')],
    ['an offset', utc('300102030405+0000')],
    ['no seconds', utc('3001020304Z')],
    ['a month 13', utc('301302030405Z')],
    ['30 February', utc('300230030405Z')],
    ['hour 24', utc('300102240000Z')],
    ['a second 60', utc('300102030460Z')],
    ['letters', utc('3001020304xxZ')],
    ['a NUL', utc('\x00' + '00102030405Z')],
    ['a fraction', generalized('20300102030405.5Z')],
    ['a sign', generalized('-0300102030405Z')],
    ['year 0', generalized('00000002030405Z')],
    ['nothing', utc('')],
    ['an INTEGER', Buffer.from('020100', 'hex')],
  ])('refuses %s', (_what, der) => {
    thrown(() => decodeTime(decodeDer(der)), 'ERR_PKI_CERTIFICATE');
  });
});

describe('reading', () => {
  test('a BIT STRING stays opaque even when it looks like ASN.1 (pitfall 18)', () => {
    // an EC point starts with 0x04, the tag of OCTET STRING; 0x3f makes its length fit
    const point = Buffer.concat([Buffer.of(4, 63), Buffer.alloc(63, 7)]);
    const der = encodeDer(sequence(bitString(point)));
    const node = decodeDer(der);
    expect(Array.isArray(node.value) && typeof node.value[0]?.value).toBe('string');
    expect(encodeDer(node).equals(der)).toBe(true);
    for (let count = 0; count < 300; count += 1) {
      const real = encodeDer(sequence(bitString(createECDH('prime256v1').generateKeys())));
      expect(encodeDer(decodeDer(real)).equals(real)).toBe(true);
    }
  });

  test.each([
    ['an indefinite length', '30800201000000'],
    ['a long form length that fits the short one', '3081030201ff'],
    ['a non-minimal INTEGER', '300402020001'],
    ['trailing bytes', '300302010100'],
    ['a length beyond the end', '3004020101'],
    ['nothing', ''],
  ])('refuses %s', (_what, bytes) => {
    thrown(() => decodeDer(Buffer.from(bytes, 'hex')), 'ERR_PKI_CERTIFICATE');
  });

  test('refuses deep nesting and large input', () => {
    let nested = Buffer.alloc(0);
    for (let depth = 0; depth < 60; depth += 1) nested = Buffer.concat([Buffer.of(0x30, nested.length), nested]);
    thrown(() => decodeDer(nested), 'ERR_PKI_CERTIFICATE');
    thrown(() => decodeDer(Buffer.alloc(70_000)), 'ERR_PKI_CERTIFICATE');
  });

  test('gives back every tree that was written', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    const { tree } = fc.letrec<{ tree: DerNode }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        bytes.map(octetString),
        bytes.map((value) => bitString(value)),
        bytes.map(unsignedInteger),
        fc.bigInt({ min: 0n, max: 2n ** 200n }).map(integer),
        fc.string().map(utf8String),
        fc.boolean().map(boolean),
        fc.constant(nullValue()),
        fc.array(tie('tree'), { maxLength: 4 }).map((items) => sequence(...items)),
        fc.array(tie('tree'), { maxLength: 4 }).map((items) => context(3, ...items)),
      ),
    }));
    fc.assert(
      fc.property(tree, (node) => {
        const der = encodeDer(node);
        expect(encodeDer(decodeDer(der)).equals(der)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('never fails with anything but a PkiError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          const der = Buffer.from(bytes);
          expect(encodeDer(decodeDer(der)).equals(der)).toBe(true);
        } catch (error) {
          expect(error).toHaveProperty('code', 'ERR_PKI_CERTIFICATE');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
