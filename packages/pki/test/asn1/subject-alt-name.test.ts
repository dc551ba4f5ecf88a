import { describe, expect, test } from 'vitest';
import {
  canonicalSan,
  decodeSan,
  encodeSan,
  hostsToSan,
  sanCovers,
  sanUnion,
} from '../../src/asn1/subject-alt-name.js';
import { thrown } from '../support/thrown.js';

describe('subject alternative names (pitfall 15)', () => {
  test.each([
    'räksmörgås.se',
    'a b',
    '',
    'under_score',
    '*.example.com',
    'host.',
    '-a',
    'a-',
    'a..b',
    '256.1.1.1',
    '[::1]',
    'https://host',
    'a'.repeat(64),
    `${'a.'.repeat(127)}a`,
  ])('refuses the host name %j', (name) => {
    expect(thrown(() => hostsToSan([name]), 'ERR_PKI_SAN').field).toBe('dns');
  });

  test('sorts names from addresses, in canonical form and without repeats', () => {
    const hosts = ['Broker.Local', 'broker.local', '10.0.0.1', 'FE80:0:0::1', 'fe80::1', 'xn--rksmrgs-5wao1o.se'];
    expect(hostsToSan(hosts)).toEqual({
      dns: ['broker.local', 'xn--rksmrgs-5wao1o.se'],
      ip: ['10.0.0.1', 'fe80::1'],
    });
  });

  test('a name and its encoding round trip', () => {
    const san = canonicalSan({ dns: ['a.example', 'localhost'], ip: ['127.0.0.1', '::1', '::ffff:1.2.3.4'] });
    expect(decodeSan(encodeSan(san))).toEqual(san);
  });

  test('wants 1 to 100 names', () => {
    thrown(() => hostsToSan([]), 'ERR_PKI_SAN');
    thrown(() => hostsToSan(Array.from({ length: 101 }, (_, index) => `h${index}`)), 'ERR_PKI_SAN');
  });

  test('knows what is covered, and joins two sets', () => {
    const have = hostsToSan(['a', '::1']);
    expect(sanCovers(have, hostsToSan(['0:0::1']))).toBe(true);
    expect(sanCovers(have, hostsToSan(['b']))).toBe(false);
    expect(sanUnion(have, hostsToSan(['b', 'a']))).toEqual({ dns: ['a', 'b'], ip: ['::1'] });
  });
});
