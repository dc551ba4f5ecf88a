import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeDer, octetString, sequence, time, unsignedInteger } from '../../src/asn1/der.js';
import { DerCursor, TAG, wrap, wrapTime, wrapUnsigned } from '../../src/asn1/der-bytes.js';
import { thrown } from '../support/thrown.js';

const bytes = fc.uint8Array({ maxLength: 400 });

describe('DER as bytes is what node-forge writes', () => {
  test('of octet strings in sequences, across the lengths where the header grows', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), (values) => {
        const expected = encodeDer(sequence(...values.map(octetString)));
        expect(wrap(TAG.sequence, ...values.map((value) => wrap(TAG.octetString, value)))).toEqual(expected);
      }),
    );
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const value = Buffer.alloc(length, 7);
      expect(wrap(TAG.octetString, value)).toEqual(encodeDer(octetString(value)));
    }
  });

  test('of integers and dates', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (value) => {
        expect(wrapUnsigned(value)).toEqual(encodeDer(unsignedInteger(value)));
      }),
    );
    const dates = fc.date({
      min: new Date('1950-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (date) => {
        expect(wrapTime(date)).toEqual(encodeDer(time(date)));
      }),
    );
  });
});

describe('a cursor', () => {
  test('gives back what was wrapped, in order', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (values) => {
        const outside = new DerCursor(wrap(TAG.sequence, ...values.map((value) => wrap(TAG.octetString, value))));
        const members = outside.members(TAG.sequence);
        outside.end();
        for (const value of values) expect(members.content(TAG.octetString)).toEqual(Buffer.from(value));
        expect(members.tag).toBeUndefined();
        members.end();
      }),
    );
  });

  test.each([
    ['another tag', '0400'],
    ['nothing', ''],
    ['no length', '30'],
    ['an indefinite length', '30800000'],
    ['a length that is not minimal', '308100'],
    ['a long length with a zero in front', `30820080${'00'.repeat(128)}`],
    ['a length of five octets', '30850000000000'],
    ['a length beyond the end', '300100'.slice(0, 4)],
    ['half a length', '3082ff'],
  ])('refuses %s', (_what, hex) => {
    thrown(() => new DerCursor(Buffer.from(hex, 'hex')).content(TAG.sequence), 'ERR_PKI_CERTIFICATE');
  });

  test('never reads beyond its bytes, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (value) => {
        const cursor = new DerCursor(Buffer.from(value));
        const tag = cursor.tag ?? 0;
        try {
          expect(cursor.whole(tag).length).toBeLessThanOrEqual(value.length);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_PKI_CERTIFICATE' });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('refuses what is left over', () => {
    const cursor = new DerCursor(Buffer.from('30000400', 'hex'));
    cursor.whole(TAG.sequence);
    thrown(() => {
      cursor.end();
    }, 'ERR_PKI_CERTIFICATE');
  });
});
