import { createECDH, generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  context,
  decodeDer,
  type DerNode,
  DerType,
  integer,
  nullValue,
  oid,
  sequence,
  time,
  unsignedInteger,
} from '../../src/asn1/der.js';
import { basicConstraints, keyUsage } from '../../src/asn1/extensions.js';
import { writeTlv } from '../../src/crl/tlv.js';
import {
  CertificateAuthority,
  type IssueOptions,
  keySigner,
  MemoryPkiStore,
  parseCertificate,
  type PkiErrorCode,
  ROLES,
} from '../../src/index.js';
import { extensionsOf, makeCa, tbsOf } from '../pitfalls/support.js';
import { rejected, thrown } from '../support/thrown.js';
import {
  CA_EXTENSIONS as CA,
  type CertificateParts,
  craftCa,
  craftLeaf,
  extension,
  keyPair,
  LEAF_EXTENSIONS as LEAF,
} from './crafted.js';
import { type Everything, issueEverything } from './issued.js';

/*
 * Cases of the x509-limbo suite (https://github.com/C2SP/x509-limbo) that say something about who issues certificates
 * and reads them, by their names there. The suite judges chains; what it calls invalid, an issuer must not produce. The
 * certificates are made here.
 */

const having = (extensions: Record<string, ReturnType<typeof extension>>): CertificateParts => ({
  extensions: Object.values(extensions),
});
const without = <T extends object>(extensions: T, name: keyof T): CertificateParts =>
  having(Object.fromEntries(Object.entries(extensions).filter(([key]) => key !== name)));

const timeText = (type: number, text: string): DerNode => decodeDer(writeTlv(type, Buffer.from(text)));
const ecdsa = (hash: number): DerNode => sequence(oid(`1.2.840.10045.4.3.${hash}`));
const rsaSha256 = (): DerNode => sequence(oid('1.2.840.113549.1.1.11'), nullValue());
const rsa = (modulusLength: number): CertificateParts => ({
  key: generateKeyPairSync('rsa', { modulusLength }).privateKey,
  algorithms: [rsaSha256(), rsaSha256()],
});
const UNKNOWN = '1.3.6.1.4.1.55738.666.1';
const end = new Date('2046-01-01T00:00:00Z');

describe('a CA certificate that x509-limbo calls invalid is not opened', () => {
  test.each<[id: string, code: PkiErrorCode, parts: CertificateParts]>([
    ['rfc5280::serial::too-long', 'ERR_PKI_NOT_CA', { serial: unsignedInteger(Buffer.alloc(22, 0x41)) }],
    [
      'rfc5280::serial::too-long, 21 octets with the sign',
      'ERR_PKI_NOT_CA',
      { serial: unsignedInteger(Buffer.alloc(20, 0x81)) },
    ],
    ['rfc5280::serial::zero', 'ERR_PKI_NOT_CA', { serial: integer(0) }],
    ['rfc5280::serial::negative', 'ERR_PKI_NOT_CA', { serial: { ...integer(1), value: '\xff' } }],
    ['rfc5280::ca-empty-subject', 'ERR_PKI_NOT_CA', { subject: sequence() }],
    [
      'rfc5280::unknown-critical-extension-root',
      'ERR_PKI_CERTIFICATE',
      having({ ...CA, x: extension(UNKNOWN, '0500', true) }),
    ],
    ['rfc5280::root-missing-basic-constraints', 'ERR_PKI_NOT_CA', without(CA, 'basicConstraints')],
    [
      'rfc5280::intermediate-ca-without-ca-bit',
      'ERR_PKI_NOT_CA',
      having({ ...CA, basicConstraints: basicConstraints(false) }),
    ],
    ['rfc5280::root-inconsistent-ca-extensions', 'ERR_PKI_NOT_CA', having({ ...CA, keyUsage: keyUsage(['cRLSign']) })],
    ['rfc5280::no-keyusage', 'ERR_PKI_NOT_CA', without(CA, 'keyUsage')],
    ['rfc5280::ski::root-missing-ski', 'ERR_PKI_NOT_CA', without(CA, 'subjectKeyId')],
    [
      'rfc5280::ski::root-missing-ski, empty',
      'ERR_PKI_NOT_CA',
      having({ ...CA, subjectKeyId: extension('2.5.29.14', '0400') }),
    ],
    ['rfc5280::duplicate-extensions', 'ERR_PKI_CERTIFICATE', having({ ...CA, again: CA.subjectKeyId })],
    ['rfc5280::mismatching-signature-algorithm', 'ERR_PKI_CERTIFICATE', { algorithms: [ecdsa(2), ecdsa(3)] }],
    [
      'rfc5280::nc::* (mbedTLS refuses critical name constraints)',
      'ERR_PKI_CERTIFICATE',
      having({ ...CA, x: extension('2.5.29.30', '300ea00c300a82086c6f63616c646f6d', true) }),
    ],
    ['rfc5280::pc::*', 'ERR_PKI_CERTIFICATE', having({ ...CA, x: extension('2.5.29.36', '3003800100', true) })],
    [
      'pathlen: negative',
      'ERR_PKI_CERTIFICATE',
      having({ ...CA, basicConstraints: extension('2.5.29.19', '30060101ff0201ff', true) }),
    ],
    ['webpki::v1-cert', 'ERR_PKI_NOT_CA', { version: null, extensions: null }],
    ['webpki::v1-cert, with extensions', 'ERR_PKI_CERTIFICATE', { version: null }],
    ['webpki::v1-cert, version 2 with extensions', 'ERR_PKI_CERTIFICATE', { version: context(0, integer(1)) }],
    ['webpki::v1-cert, version 4', 'ERR_PKI_CERTIFICATE', { version: context(0, integer(3)) }],
    [
      'webpki::forbidden-p192-root',
      'ERR_PKI_KEY',
      { key: generateKeyPairSync('ec', { namedCurve: 'prime192v1' }).privateKey },
    ],
    ['webpki::forbidden-weak-rsa-key-in-root', 'ERR_PKI_KEY', rsa(1024)],
    ['webpki::forbidden-rsa-not-divisible-by-8-in-root', 'ERR_PKI_KEY', rsa(2052)],
    ['rfc5280::ca-as-leaf: a leaf in the place of a CA', 'ERR_PKI_NOT_CA', having(LEAF)],
  ])('x509-limbo %s', (_id, code, parts) => {
    const certificate = craftCa(parts);
    const { privateKey } = parts.key === undefined ? keyPair : { privateKey: parts.key };
    thrown(() => {
      const open = { certificate, roles: ROLES, store: new MemoryPkiStore() };
      const info = parseCertificate(certificate);
      CertificateAuthority.open({ ...open, signer: keySigner(privateKey) });
      throw new Error(`opened ${info.serial}`);
    }, code);
  });

  test.each<[id: string, parts: CertificateParts]>([
    ['the crafted CA itself', {}],
    ['rfc5280::aki::self-signed-root-missing-aki', having(CA)],
    [
      'webpki::eku::root-has-eku: is for TLS clients to judge',
      having({ ...CA, x: extension('2.5.29.37', '300a06082b06010505070302') }),
    ],
    [
      'rfc5280::root-non-critical-basic-constraints: ours are critical',
      having({ ...CA, basicConstraints: { ...CA.basicConstraints, critical: false } }),
    ],
    [
      'rfc5280::ski::critical-ski: ours are not',
      having({ ...CA, subjectKeyId: { ...CA.subjectKeyId, critical: true } }),
    ],
    ['PKITS 4.16.1 Valid Unknown Not Critical Certificate Extension', having({ ...CA, x: extension(UNKNOWN, '0500') })],
  ])('and opened is what it allows or leaves open: %s', (_id, parts) => {
    const certificate = craftCa(parts);
    const signer = keySigner(keyPair.privateKey);
    const { info } = CertificateAuthority.open({ certificate, signer, roles: ROLES, store: new MemoryPkiStore() });
    expect(info.role).toBe('ca');
  });

  test('x509-limbo rfc5280::validity::expired-root issues nothing, nor does one whose dates are swapped', async () => {
    const swapped = sequence(time(end), time(new Date('2026-01-01T00:00:00Z')));
    const past = sequence(time(new Date('2016-01-01T00:00:00Z')), time(new Date('2017-01-01T00:00:00Z')));
    for (const validity of [swapped, past]) {
      const signer = keySigner(keyPair.privateKey);
      const open = { certificate: craftCa({ validity }), signer, roles: ROLES, store: new MemoryPkiStore() };
      const ca = CertificateAuthority.open(open);
      await rejected(ca.issue({ role: 'device', subject: { CN: 'esp-001' } }), 'ERR_PKI_EXPIRED');
    }
  });
});

describe('a leaf that x509-limbo calls invalid is refused when it is read, or shows what is wrong with it', () => {
  const point = createECDH('secp224r1').generateKeys();

  test.each<[id: string, code: PkiErrorCode, parts: CertificateParts]>([
    [
      'rfc5280::san::malformed',
      'ERR_PKI_CERTIFICATE',
      having({ ...LEAF, x: extension('2.5.29.17', '6578616d706c652e636f6d') }),
    ],
    [
      'rfc5280::unknown-critical-extension-ee',
      'ERR_PKI_CERTIFICATE',
      having({ ...LEAF, x: extension(UNKNOWN, '0500', true) }),
    ],
    [
      'rfc5280::ee-critical-aia-invalid',
      'ERR_PKI_CERTIFICATE',
      having({ ...LEAF, x: extension('1.3.6.1.5.5.7.1.1', '3000', true) }),
    ],
    ['rfc5280::duplicate-extensions', 'ERR_PKI_CERTIFICATE', having({ ...LEAF, x: LEAF.extKeyUsage })],
    ['rfc5280::mismatching-signature-algorithm', 'ERR_PKI_CERTIFICATE', { algorithms: [ecdsa(2), ecdsa(4)] }],
    ['webpki::forbidden-weak-rsa-in-leaf', 'ERR_PKI_KEY', rsa(1024)],
    ['webpki::forbidden-dsa-leaf', 'ERR_PKI_KEY', dsa()],
    [
      'rfc5280::validity: fractions of a second',
      'ERR_PKI_CERTIFICATE',
      { validity: sequence(timeText(DerType.GENERALIZEDTIME, '20260101000000.5Z'), time(end)) },
    ],
    [
      'rfc5280::validity: a time zone',
      'ERR_PKI_CERTIFICATE',
      { validity: sequence(timeText(DerType.UTCTIME, '260101000000+0100'), time(end)) },
    ],
    [
      'rfc5280::validity: no seconds',
      'ERR_PKI_CERTIFICATE',
      { validity: sequence(timeText(DerType.UTCTIME, '2601010000Z'), time(end)) },
    ],
    [
      'rfc5280::validity: the 30th of February',
      'ERR_PKI_CERTIFICATE',
      { validity: sequence(timeText(DerType.UTCTIME, '260230000000Z'), time(end)) },
    ],
    ['a third date', 'ERR_PKI_CERTIFICATE', { validity: sequence(time(new Date(0)), time(end), time(end)) }],
    ['bytes after the certificate', 'ERR_PKI_CERTIFICATE', { trailing: Buffer.of(0) }],
    ['a member after the signature', 'ERR_PKI_CERTIFICATE', { after: [nullValue()] }],
    [
      'an address of five octets',
      'ERR_PKI_CERTIFICATE',
      having({ ...LEAF, x: extension('2.5.29.17', '300787050102030405') }),
    ],
    [
      'a point that is not on the curve',
      'ERR_PKI_CERTIFICATE',
      {
        spki: sequence(sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')), {
          ...integer(0),
          type: DerType.BITSTRING,
          value: `\0${point.toString('latin1')}`,
        }),
      },
    ],
  ])('x509-limbo %s', (_id, code, parts) => {
    thrown(() => parseCertificate(craftLeaf(parts)), code);
  });

  test('x509-limbo webpki::eku::ee-anyeku and rfc5280::eku::ee-eku-empty, ee-without-eku: none is good for TLS', () => {
    for (const parts of [
      having({ ...LEAF, extKeyUsage: extension('2.5.29.37', '30060604551d2500') }),
      having({ ...LEAF, extKeyUsage: extension('2.5.29.37', '3000') }),
      without(LEAF, 'extKeyUsage'),
    ]) {
      expect(parseCertificate(craftLeaf(parts)).extKeyUsage).toEqual([]);
    }
  });

  test('x509-limbo webpki::ee-basicconstraints-ca, rfc5280::leaf-ku-keycertsign: a leaf with powers of a CA is seen', () => {
    const ca = parseCertificate(craftLeaf(having({ ...LEAF, basicConstraints: basicConstraints(true) })));
    expect([ca.role, ca.isCa]).toEqual(['ca', true]);
    const signs = parseCertificate(craftLeaf(having({ ...LEAF, keyUsage: keyUsage(['keyCertSign']) })));
    expect(signs.keyUsage).toEqual(['keyCertSign']);
  });
});

describe('nothing that x509-limbo calls invalid is issued', () => {
  let everything: Everything;
  let all: { what: string; pem: string; isCa: boolean }[];
  beforeAll(async () => {
    everything = await issueEverything();
    const files = [...everything.certificates, ...everything.authorities];
    all = await Promise.all(
      files.map(async (file) => ({ what: file.what, pem: await readFile(file.path, 'utf8'), isCa: !('role' in file) })),
    );
  }, 120_000);
  afterAll(() => everything.remove());

  const hex = (pem: string, part: number): string => {
    const node = tbsOf(pem)[part];
    return Buffer.from(typeof node?.value === 'string' ? node.value : '', 'latin1').toString('hex');
  };

  test('x509-limbo rfc5280::serial::*: serial numbers are positive, of 16 octets, and none comes twice', () => {
    for (const { pem } of all) expect(hex(pem, 1)).toMatch(/^[4-7][0-9a-f]{31}$/);
    expect(new Set(all.map(({ pem }) => hex(pem, 1))).size).toBe(all.length);
  });

  test('x509-limbo webpki::v1-cert: all are of version 3', () => {
    for (const { pem } of all) expect(tbsOf(pem)[0]).toMatchObject({ type: 0, value: [{ value: '\x02' }] });
  });

  test('x509-limbo rfc5280::ee-empty-issuer, ca-empty-subject, san::noncritical-with-empty-subject: no name is empty', () => {
    for (const { pem } of all) {
      const { subject, issuer } = parseCertificate(pem);
      expect([subject.CN, issuer.CN].every((name) => name !== undefined && name !== '')).toBe(true);
    }
  });

  test('x509-limbo rfc5280::aki::*, ski::*, no-keyusage, no-basicconstraints: extensions are all there, once and as they must be', () => {
    for (const { what, pem, isCa } of all) {
      const flags = extensionsOf(pem).map(({ id, critical }) => `${id}${critical ? '!' : ''}`);
      const rest = flags.filter((flag) => flag !== '2.5.29.17');
      const expected = isCa
        ? ['2.5.29.19!', '2.5.29.15!', '2.5.29.14']
        : ['2.5.29.19!', '2.5.29.15!', '2.5.29.37', '2.5.29.14', '2.5.29.35'];
      expect([what, rest]).toEqual([what, expected]);
      expect(new Set(flags).size).toBe(flags.length);
    }
  });

  test('x509-limbo rfc5280::leaf-ku-keycertsign, root-inconsistent-ca-extensions: keyCertSign and cA go together', () => {
    for (const { pem, isCa } of all) {
      const { keyUsage: uses, isCa: says, pathLength } = parseCertificate(pem);
      expect([says, uses.includes('keyCertSign'), pathLength]).toEqual([isCa, isCa, isCa ? 0 : undefined]);
    }
  });

  test('x509-limbo webpki::eku::ee-anyeku, ee-critical-eku, ee-without-eku: exactly one use, not critical', () => {
    for (const { pem, isCa } of all.filter((one) => !one.isCa)) {
      expect(isCa).toBe(false);
      const value = extensionsOf(pem).find(({ id }) => id === '2.5.29.37')?.value;
      expect(value).toMatch(/^300a06082b0601050507030[12]$/);
    }
  });

  const names: [id: string, san: NonNullable<IssueOptions['san']>][] = [
    ['rfc5280::san::underscore-dns', { dns: ['ex_ample.com'] }],
    ['rfc5280::san::ip-in-dns', { dns: ['127.0.0.1'] }],
    ['webpki::san::unicode-emoji-san', { dns: ['😜.example.com'] }],
    ['webpki::san::san-wildcard-only', { dns: ['*'] }],
    ['webpki::san::san-wildcard-only-tld', { dns: ['*.com'] }],
    ['webpki::san::leftmost-wildcard-san', { dns: ['*.example.com'] }],
    ['webpki::san::wildcard-embedded-leftmost-san', { dns: ['ba*.example.com'] }],
    ['webpki::san::wildcard-embedded-ulabel-san', { dns: ['xn--*-1b3c148a.example.com'] }],
    ['webpki::san::no-san', {}],
    ['webpki::cn::ipv4-leading-zeros-mismatch', { ip: ['127.00.0.1'] }],
    ['webpki::cn::ipv4-hex-mismatch', { ip: ['0x7f000001'] }],
    ['a leading dot', { dns: ['.example.com'] }],
    ['a trailing dot', { dns: ['example.com.'] }],
    ['an empty name', { dns: [''] }],
    ['an empty label', { dns: ['a..example.com'] }],
    ['NUL', { dns: ['example.com\0.evil.com'] }],
    ['an address with a mask', { ip: ['10.0.0.0/8'] }],
  ];
  test.each(names)('x509-limbo %s: such a name is not certified', async (_id, san) => {
    const { ca } = await makeCa();
    await rejected(ca.issue({ role: 'broker', subject: { CN: 'broker' }, san }), 'ERR_PKI_SAN');
  });

  test('x509-limbo webpki::cn::ipv6-*-mismatch: addresses are written in one form', async () => {
    const { ca } = await makeCa();
    const san = { ip: ['FE80::0001', 'fe80:0:0:0:0:0:0:1'], dns: ['BROKER.Example'] };
    const { info } = await ca.issue({ role: 'broker', subject: { CN: 'broker' }, san });
    expect(info.san).toEqual({ ip: ['fe80::1'], dns: ['broker.example'] });
  });

  test.each([
    ['webpki::forbidden-p192-leaf', () => generateKeyPairSync('ec', { namedCurve: 'prime192v1' }).publicKey],
    ['webpki::forbidden-weak-rsa-in-leaf', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey],
    [
      'webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf',
      () => generateKeyPairSync('rsa', { modulusLength: 2052 }).publicKey,
    ],
    [
      'webpki::explicit-curve',
      () => generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey,
    ],
    ['an exponent of 3', () => generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey],
    ['Ed25519, which mbedTLS does not know', () => generateKeyPairSync('ed25519').publicKey],
  ])('x509-limbo %s: such a key is not certified', async (_id, key) => {
    const { ca } = await makeCa();
    await rejected(ca.issue({ role: 'device', subject: { CN: 'esp-001' }, key: key() }), 'ERR_PKI_KEY');
  });

  test('x509-limbo rfc5280::validity::*: no certificate ends before it begins, or before its first second', async () => {
    const { ca } = await makeCa();
    const at = new Date(Date.now() + 86_400_000);
    for (const [notBefore, notAfter] of [
      [at, at],
      [at, new Date(at.getTime() - 1000)],
      [at, new Date(at.getTime() + 999 - at.getMilliseconds())],
    ]) {
      const dates = { ...(notBefore && { notBefore }), ...(notAfter && { notAfter }) };
      await rejected(ca.issue({ role: 'device', subject: { CN: 'esp-001' }, ...dates }), 'ERR_PKI_VALIDITY');
    }
  });
});

function dsa(): CertificateParts {
  const { publicKey } = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 });
  return { spki: decodeDer(publicKey.export({ type: 'spki', format: 'der' })) };
}
