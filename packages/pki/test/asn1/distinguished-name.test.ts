import { describe, expect, test } from 'vitest';
import { encodeDer } from '../../src/asn1/der.js';
import { decodeName, encodeName } from '../../src/asn1/distinguished-name.js';
import { thrown } from '../support/thrown.js';

const hex = (text: string): string => Buffer.from(text).toString('hex');

describe('distinguished names (pitfall 14)', () => {
  test('writes text as UTF8String, the country as PrintableString', () => {
    const der = encodeDer(encodeName({ C: 'DE', O: 'Grün & Co €', CN: 'esp_01' })).toString('hex');
    expect(der).toContain(`1302${hex('DE')}`);
    expect(der).toContain(`0c0e${hex('Grün & Co €')}`);
    expect(der).toContain(`0c06${hex('esp_01')}`);
  });

  test('reads back what it wrote', () => {
    const subject = { C: 'SE', ST: 'Ö', L: '東京', O: '😀', OU: 'device', CN: 'a'.repeat(64) };
    expect(decodeName(encodeName(subject))).toEqual(subject);
  });

  test.each([
    ['CN', ''],
    ['CN', 'a'.repeat(65)],
    ['CN', 'a\0b'],
    ['O', 'line\nbreak'],
    ['O', '\ud800'],
    ['L', 'x'.repeat(129)],
    ['C', 'de'],
    ['C', 'D'],
  ] as const)('refuses %s %j and names the field', (field, value) => {
    expect(thrown(() => encodeName({ [field]: value }), 'ERR_PKI_NAME').field).toBe(field);
  });

  test('refuses an empty name', () => {
    expect(thrown(() => encodeName({}), 'ERR_PKI_NAME').field).toBe('subject');
  });

  test('counts characters, not UTF-16 units', () => {
    expect(decodeName(encodeName({ CN: '😀'.repeat(64) })).CN).toBe('😀'.repeat(64));
    thrown(() => encodeName({ CN: '😀'.repeat(65) }), 'ERR_PKI_NAME');
  });
});
