import { BlockList, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesToIp, ipToBytes } from '../../src/asn1/ip-address.js';
import { thrown } from '../support/thrown.js';

describe('ip addresses (pitfall 13)', () => {
  test.each([
    '256.1.1.1',
    '1.2.3.4abc',
    '-1.2.3.4',
    'g::1',
    '1:2',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    '12345::1',
    'fe80::1%eth0',
    '[::1]',
    '10.0.0.0/8',
    '01.2.3.4',
    '',
  ])('refuses %j', (text) => {
    expect(thrown(() => ipToBytes(text), 'ERR_PKI_SAN').field).toBe('ip');
  });

  test.each([
    ['192.168.178.123', 'c0a8b27b'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['fe80::1', 'fe800000000000000000000000000001'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1::', '00010000000000000000000000000000'],
    ['::ffff:192.168.1.1', '00000000000000000000ffffc0a80101'],
    ['2001:DB8::A', '20010db800000000000000000000000a'],
  ])('encodes %s', (text, hex) => {
    expect(ipToBytes(text).toString('hex')).toBe(hex);
  });

  test.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:1::', '0:0:1::'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['FE80:0::1', 'fe80::1'],
  ])('writes %s as %s (RFC 5952)', (text, canonical) => {
    expect(bytesToIp(ipToBytes(text))).toBe(canonical);
  });

  test('every address survives the way to bytes and back', () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(bytes, fc.nat(8), (address, zeros) => {
        const raw = Buffer.from(address);
        raw.fill(0, 4, 4 + zeros);
        const text = bytesToIp(raw);
        expect(isIPv6(text)).toBe(true);
        expect(ipToBytes(text).equals(raw)).toBe(true);
        // an independent reading of the same text
        const list = new BlockList();
        list.addAddress(text, 'ipv6');
        expect(list.check((raw.toString('hex').match(/.{4}/g) ?? []).join(':'), 'ipv6')).toBe(true);
      }),
    );
    fc.assert(fc.property(fc.ipV4(), (text) => bytesToIp(ipToBytes(text)) === text));
  });
});
