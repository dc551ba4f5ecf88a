import { describe, expect, test } from 'vitest';
import { resolveValidity } from '../../src/certificate/validity.js';
import { thrown } from '../support/thrown.js';

const now = new Date('2030-06-01T12:00:00.789Z');
const issuer = { notBefore: new Date('2030-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') };

describe('validity (pitfalls 2, 17, 25)', () => {
  test('starts a day back and cuts fractions of a second', () => {
    expect(resolveValidity({}, { now, days: 10 })).toEqual({
      notBefore: new Date('2030-05-31T12:00:00Z'),
      notAfter: new Date('2030-06-11T12:00:00Z'),
    });
  });

  test('accepts 1950 to 9999', () => {
    const notBefore = new Date('1950-01-01T00:00:00Z');
    const notAfter = new Date('9999-12-31T23:59:59Z');
    expect(resolveValidity({ notBefore, notAfter }, { now, days: 1 })).toEqual({ notBefore, notAfter });
  });

  test.each([
    ['an invalid date', { notAfter: new Date(Number.NaN) }, 'notAfter'],
    ['the year 10000', { notAfter: new Date('+010000-01-01T00:00:00Z') }, 'notAfter'],
    ['the year 1949', { notBefore: new Date('1949-12-31T23:59:59Z') }, 'notBefore'],
    ['days beyond 9999', { days: 2_999_999 }, 'notAfter'],
    ['zero days', { days: 0 }, 'days'],
    ['NaN days', { days: Number.NaN }, 'days'],
    ['a negative backdate', { backdateSeconds: -1 }, 'backdateSeconds'],
    ['days and notAfter', { days: 1, notAfter: issuer.notAfter }, 'days'],
    ['an end before the start', { notAfter: new Date('2030-05-01T00:00:00Z') }, 'notAfter'],
  ])('refuses %s and names the field', (_what, options, field) => {
    expect(thrown(() => resolveValidity(options, { now, days: 1 }), 'ERR_PKI_VALIDITY').field).toBe(field);
  });

  test('a broken clock is refused', () => {
    const error = thrown(() => resolveValidity({}, { now: new Date(Number.NaN), days: 1 }), 'ERR_PKI_VALIDITY');
    expect(error.field).toBe('now');
  });

  test('an end that was asked for may not outlive the issuer', () => {
    for (const options of [{ days: 4000 }, { notAfter: new Date('2040-01-01T00:00:01Z') }]) {
      const error = thrown(() => resolveValidity(options, { now, days: 1, issuer }), 'ERR_PKI_VALIDITY');
      expect(error.message).toContain('2040-01-01T00:00:00.000Z');
    }
  });

  test('a default end is cut to the issuer', () => {
    expect(resolveValidity({}, { now, days: 9999, issuer }).notAfter).toEqual(issuer.notAfter);
  });

  test('a default start is not before the issuer', () => {
    const fresh = { ...issuer, notBefore: new Date('2030-06-01T00:00:00Z') };
    expect(resolveValidity({}, { now, days: 1, issuer: fresh }).notBefore).toEqual(fresh.notBefore);
  });
});
