import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import forge from 'node-forge';
import { describe, expect, test } from 'vitest';
import {
  bitString,
  decodeDer,
  encodeDer,
  integer,
  sequence,
  sequenceItems,
  unsignedInteger,
} from '../../src/asn1/der.js';
import { ipToBytes } from '../../src/asn1/ip-address.js';
import { issueCrl, keySigner, parseCertificate } from '../../src/index.js';
import { rejected, thrown } from '../support/thrown.js';
import { derOf, makeCa, tbsOf } from './support.js';

describe('pitfalls of node-forge', () => {
  test.each([
    ...['256.1.1.1', '1.2.3.4abc', '-1.2.3.4', '1.2.3', '01.2.3.4', '1.2.3.4/24', '0x7f.1', ' 1.2.3.4', ''],
    ...['g::1', '1:2', ':::', '1:2:3:4:5:6:7:8:9', '12345::1', 'fe80::1%eth0', '[::1]', '::1::'],
  ])('pitfall 13: %j is not taken for an address', async (text) => {
    expect(thrown(() => ipToBytes(text), 'ERR_PKI_SAN').field).toBe('ip');
    const { ca } = await makeCa();
    await rejected(ca.issue({ role: 'broker', subject: { CN: 'broker' }, san: { ip: [text] } }), 'ERR_PKI_SAN');
  });

  test('pitfall 13: an IPv4 address inside IPv6 keeps all its bits', () => {
    expect(ipToBytes('::ffff:192.168.1.1').toString('hex')).toBe('00000000000000000000ffffc0a80101');
  });

  test('pitfall 14: names are UTF8String, whatever is in them; only the country is PrintableString', async () => {
    const subject = { C: 'SE', O: 'Räksmörgås €', L: 'esp_01@x', CN: 'test CA' };
    const { ca } = await makeCa({ subject });
    expect(parseCertificate(ca.certificate).subject).toEqual(subject);
    const der = derOf(ca.certificate);
    const encoded = (tag: number, text: string): Buffer => {
      const bytes = Buffer.from(text, 'utf8');
      return Buffer.concat([Buffer.of(tag, bytes.length), bytes]);
    };
    expect(der.includes(encoded(0x13, 'SE'))).toBe(true);
    for (const text of ['Räksmörgås €', 'esp_01@x', 'test CA']) expect(der.includes(encoded(0x0c, text))).toBe(true);
  });

  test('pitfall 15: a host name is ASCII before it gets to the encoder', async () => {
    const { ca } = await makeCa();
    const issue = (dns: string) => ca.issue({ role: 'broker', subject: { CN: 'broker' }, san: { dns: [dns] } });
    for (const dns of ['räksmörgås.se', 'a\u0000.se', 'ａ.se', '\u202eabc', 'a b']) {
      await rejected(issue(dns), 'ERR_PKI_SAN');
    }
    expect((await issue('xn--rksmrgs-5wao1o.se')).info.san.dns).toEqual(['xn--rksmrgs-5wao1o.se']);
  });

  test('pitfall 16: numbers of any size are positive and minimal', async () => {
    const hex = (node: ReturnType<typeof integer>): string => encodeDer(node).toString('hex');
    expect(hex(unsignedInteger(Buffer.from('ff01', 'hex')))).toBe('020300ff01');
    expect(hex(unsignedInteger(Buffer.from('000000ab', 'hex')))).toBe('020200ab');
    expect(hex(integer(2n ** 31n))).toBe('02050080000000');
    expect(hex(integer(0x1_ff00_0000_00))).toBe('020601ff00000000');
    const { ca, privateKey = '', store } = await makeCa();
    const issuer = ca.info.subjectKeyId ?? '';
    for (let n = 0; n < 3; n++) await store.nextCrlNumber(issuer);
    const { info } = await issueCrl({ certificate: ca.certificate, signer: keySigner(privateKey), store });
    expect(info.number).toBe(4n);
    expect((await makeCa({})).ca.info.pathLength).toBe(0);
  });

  test('pitfall 17: dates are checked before node-forge writes them, and change their form at 2050', async () => {
    const { ca } = await makeCa({ notAfter: new Date('9999-12-31T23:59:59Z') });
    const issue = (notAfter: Date) => ca.issue({ role: 'device', subject: { CN: 'x' }, notAfter });
    for (const bad of [new Date(Number.NaN), new Date(Date.UTC(10_000, 0)), new Date('1949-12-31T23:59:59Z')]) {
      await rejected(issue(bad), 'ERR_PKI_VALIDITY');
    }
    const ends = async (at: string): Promise<string> => {
      const { certificate } = await issue(new Date(at));
      const [, notAfter] = sequenceItems(tbsOf(certificate)[4]);
      return notAfter === undefined ? '' : encodeDer(notAfter).toString('latin1').slice(2);
    };
    expect(await ends('2049-12-31T23:59:59Z')).toBe('491231235959Z');
    expect(await ends('2050-01-01T00:00:00Z')).toBe('20500101000000Z');
    expect(await ends('9999-12-31T23:59:59Z')).toBe('99991231235959Z');
  });

  test('pitfall 18: a point that looks like ASN.1 stays a BIT STRING', () => {
    // 0x04 begins an uncompressed point, and an OCTET STRING
    const point = Buffer.concat([Buffer.of(0x04, 0x3f), Buffer.alloc(63, 0x05)]);
    const der = encodeDer(sequence(bitString(point)));
    const [node] = sequenceItems(decodeDer(der));
    expect(node?.value).toBe(`\0${point.toString('latin1')}`);
    expect(encodeDer(decodeDer(der))).toEqual(der);
  });

  test('pitfall 19: node-forge is imported in one way, for DER only, and its process-wide options are left alone', async () => {
    // not in the published types
    const { options } = forge as unknown as { options: { usePureJavaScript: boolean } };
    expect(options.usePureJavaScript).toBe(false);
    const src = join(import.meta.dirname, '..', '..', 'src');
    const files = (await readdir(src, { recursive: true })).filter((file) => file.endsWith('.ts'));
    for (const file of files) {
      const text = await readFile(join(src, file), 'utf8');
      expect([file, text.match(/node-forge\//)]).toEqual([file, null]);
      expect([file, text.match(/forge\.(?!asn1\b)\w+|usePureJavaScript/)]).toEqual([file, null]);
    }
  });
});
