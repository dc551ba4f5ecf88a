import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  bitString,
  boolean,
  context,
  contextPrimitive,
  encodeDer,
  integer,
  nullValue,
  octetString,
  oid,
  printableString,
  sequence,
  set,
  type DerNode,
  unsignedInteger,
  utf8String,
} from '../../src/asn1/der.js';
import { basicConstraints, encodeExtensionList, keyUsage } from '../../src/asn1/extensions.js';
import { type CsrField, generatePrivateKey, parseCsr } from '../../src/index.js';
import {
  EXTENSION_REQUEST,
  CHALLENGE_PASSWORD,
  extension,
  attribute,
  request,
  san,
  names,
  csrOf,
  spkiNode,
  type CsrParts,
} from '../support/csr-parts.js';
import { thrown } from '../support/thrown.js';

let key: KeyObject;
beforeAll(async () => {
  key = (await generatePrivateKey('ec-p256')).keyObject;
});

const weakRsa = (modulusLength: number, publicExponent: number): CsrParts => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  return rsaParts(privateKey, 'sha256', '1.2.840.113549.1.1.11');
};
const rsaParts = (privateKey: KeyObject, digest: string, algorithm: string): CsrParts => ({
  key: spkiNode(privateKey),
  algorithm: sequence(oid(algorithm), nullValue()),
  sign: (bytes) => sign(digest, bytes, privateKey),
});
const rsaNumbers = (exponent: number): DerNode => {
  const modulus = unsignedInteger(Buffer.alloc(256, 0xc5));
  const numbers = encodeDer(sequence(modulus, integer(exponent)));
  return sequence(sequence(oid('1.2.840.113549.1.1.1'), nullValue()), bitString(numbers));
};
const otherCurve = (namedCurve: string): CsrParts => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  return { key: spkiNode(privateKey), sign: (bytes) => sign('sha256', bytes, privateKey) };
};
const ecdsa = (digest: string, algorithm: string): CsrParts => ({
  algorithm: sequence(oid(algorithm)),
  sign: (bytes) => sign(digest, bytes, key),
});

/** The same key as a compressed point, which OpenSSL reads all the same. */
function compressed(from: KeyObject): DerNode {
  const point = from.export({ type: 'pkcs8', format: 'der' }).subarray(-65);
  const short = Buffer.concat([Buffer.of(2 + (point.readUInt8(64) & 1)), point.subarray(1, 33)]);
  return sequence(sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')), bitString(short));
}

describe('a malformed or weak request is refused, naming the part', () => {
  const rows: [what: string, field: CsrField, parts: () => CsrParts][] = [
    ['version 2', 'version', () => ({ version: integer(1) })],
    ['a version that is no INTEGER', 'version', () => ({ version: octetString(Buffer.of(0)) })],
    ['a fifth field', 'der', () => ({ more: [nullValue()] })],
    ['a fourth part after the signature', 'der', () => ({ after: [nullValue()] })],
    ['RSA-1024', 'publicKey', () => weakRsa(1024, 65_537)],
    ['RSA-2048 with exponent 3', 'publicKey', () => weakRsa(2048, 3)],
    ['RSA of an odd size', 'publicKey', () => weakRsa(2056, 65_537)],
    ['RSA with exponent 1, which signs nothing', 'publicKey', () => ({ key: rsaNumbers(1) })],
    ['RSA with an even exponent', 'publicKey', () => ({ key: rsaNumbers(65_536) })],
    ['P-521', 'publicKey', () => otherCurve('secp521r1')],
    ['secp256k1', 'publicKey', () => otherCurve('secp256k1')],
    ['P-224', 'publicKey', () => otherCurve('secp224r1')],
    ['Ed25519', 'publicKey', () => ({ key: spkiNode(generateKeyPairSync('ed25519').privateKey) })],
    [
      'an RSA-PSS key',
      'publicKey',
      () => ({ key: spkiNode(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey) }),
    ],
    ['a compressed point', 'publicKey', () => ({ key: compressed(key) })],
    ['a key that is no key', 'publicKey', () => ({ key: sequence(nullValue()) })],
    [
      'another key than the one that signed',
      'signature',
      () => ({ key: spkiNode(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey) }),
    ],
    ['ECDSA with SHA-1', 'signatureAlgorithm', () => ecdsa('sha1', '1.2.840.10045.4.1')],
    [
      'ECDSA with parameters',
      'signatureAlgorithm',
      () => ({ algorithm: sequence(oid('1.2.840.10045.4.3.2'), nullValue()) }),
    ],
    ['an algorithm that is no SEQUENCE', 'signatureAlgorithm', () => ({ algorithm: nullValue() })],
    [
      'an RSA algorithm for an EC key',
      'signatureAlgorithm',
      () => ({ algorithm: sequence(oid('1.2.840.113549.1.1.11'), nullValue()) }),
    ],
    [
      'a SHA-384 label on a SHA-256 signature',
      'signature',
      () => ({ algorithm: sequence(oid('1.2.840.10045.4.3.3')) }),
    ],
    ['a signature over other bytes', 'signature', () => ({ sign: () => sign('sha256', Buffer.from('x'), key) })],
    ['an empty signature', 'signature', () => ({ signature: bitString(Buffer.alloc(0)) })],
    ['a signature of zeros', 'signature', () => ({ signature: bitString(Buffer.from('3006020100020100', 'hex')) })],
    ['a signature of 7 bits less', 'signature', () => ({ signature: bitString(Buffer.of(0x80), 7) })],
    ['a signature that is an OCTET STRING', 'signature', () => ({ signature: octetString(Buffer.of(0)) })],
    ['no attributes field', 'attributes', () => ({ attributes: set() })],
    ['attributes under another tag', 'attributes', () => ({ attributes: context(1) })],
    ['an attribute without a value', 'attributes', () => ({ attributes: context(0, attribute(CHALLENGE_PASSWORD)) })],
    [
      'an attribute twice',
      'attributes',
      () => ({ attributes: context(0, attribute('1.2.3', nullValue()), attribute('1.2.3', nullValue())) }),
    ],
    [
      'the extension request twice',
      'attributes',
      () => {
        const one = attribute(EXTENSION_REQUEST, encodeExtensionList([san(contextPrimitive(2, Buffer.from('a')))]));
        return { attributes: context(0, one, one) };
      },
    ],
    [
      '17 attributes',
      'attributes',
      () => ({
        attributes: context(0, ...Array.from({ length: 17 }, (_, i) => attribute(`1.2.${i + 3}`, nullValue()))),
      }),
    ],
    [
      'two values of the extension request',
      'extensions',
      () => {
        const list = encodeExtensionList([extension('1.2.3', Buffer.of(5, 0))]);
        return { attributes: context(0, attribute(EXTENSION_REQUEST, list, list)) };
      },
    ],
    [
      'an extension list that is no SEQUENCE',
      'extensions',
      () => ({ attributes: context(0, attribute(EXTENSION_REQUEST, nullValue())) }),
    ],
    ['an empty extension list', 'extensions', () => ({ attributes: request() })],
    [
      'an extension twice',
      'extensions',
      () => ({ attributes: request(extension('1.2.3', Buffer.of(5, 0)), extension('1.2.3', Buffer.of(5, 0))) }),
    ],
    [
      'an unknown critical extension',
      'extensions',
      () => ({ attributes: request(extension('1.2.3', Buffer.of(5, 0), true)) }),
    ],
    [
      'critical written as FALSE',
      'extensions',
      () => {
        const list = sequence(sequence(oid('1.2.3'), boolean(false), octetString(Buffer.of(5, 0))));
        return { attributes: context(0, attribute(EXTENSION_REQUEST, list)) };
      },
    ],
    ['a request for a CA', 'extensions', () => ({ attributes: request(basicConstraints(true)) })],
    ['a request to sign certificates', 'extensions', () => ({ attributes: request(keyUsage(['keyCertSign'])) })],
    ['a request to sign CRLs', 'extensions', () => ({ attributes: request(keyUsage(['cRLSign'])) })],
    [
      'a basicConstraints that is neither TRUE nor FALSE',
      'extensions',
      () => ({ attributes: request(extension('2.5.29.19', Buffer.from('3003010101', 'hex'))) }),
    ],
    [
      'a keyUsage that is no BIT STRING',
      'extensions',
      () => ({ attributes: request(extension('2.5.29.15', Buffer.of(5, 0))) }),
    ],
    ['no names in subjectAltName', 'subjectAltName', () => ({ attributes: request(san()) })],
    [
      '101 names',
      'subjectAltName',
      () => ({ attributes: request(san(...Array.from({ length: 101 }, () => contextPrimitive(2, Buffer.from('a'))))) }),
    ],
    [
      'a host name with a NUL',
      'subjectAltName',
      () => ({ attributes: request(san(contextPrimitive(2, Buffer.from('a\0.b')))) }),
    ],
    [
      'an empty host name',
      'subjectAltName',
      () => ({ attributes: request(san(contextPrimitive(2, Buffer.alloc(0)))) }),
    ],
    [
      'a host name in Latin-1',
      'subjectAltName',
      () => ({ attributes: request(san(contextPrimitive(2, Buffer.from('å', 'latin1')))) }),
    ],
    [
      'an address of 5 bytes',
      'subjectAltName',
      () => ({ attributes: request(san(contextPrimitive(7, Buffer.alloc(5)))) }),
    ],
    ['a constructed host name', 'subjectAltName', () => ({ attributes: request(san(context(2, utf8String('a')))) })],
    ['a name of kind 9', 'subjectAltName', () => ({ attributes: request(san(contextPrimitive(9, Buffer.from('a')))) })],
    ['a name of the universal class', 'subjectAltName', () => ({ attributes: request(san(utf8String('a'))) })],
    [
      'trailing bytes in subjectAltName',
      'subjectAltName',
      () => ({ attributes: request(extension('2.5.29.17', Buffer.from('3003820161ff', 'hex'))) }),
    ],
    [
      'two common names',
      'subject',
      () => ({ subject: names(['2.5.4.3', utf8String('esp-001')], ['2.5.4.3', utf8String('operator')]) }),
    ],
    ['a common name with a NUL', 'subject', () => ({ subject: names(['2.5.4.3', utf8String('esp\0')]) })],
    [
      'a common name that is not UTF-8',
      'subject',
      () => ({ subject: names(['2.5.4.3', { ...utf8String(''), value: '\xff\xfe' }]) }),
    ],
    ['an "@" in a PrintableString', 'subject', () => ({ subject: names(['2.5.4.3', printableString('a@b')]) })],
    ['an empty common name', 'subject', () => ({ subject: names(['2.5.4.3', utf8String('')]) })],
    [
      'a common name of 129 characters',
      'subject',
      () => ({ subject: names(['2.5.4.3', utf8String('a'.repeat(129))]) }),
    ],
    [
      'a common name of another type',
      'subject',
      () => ({ subject: names(['2.5.4.3', octetString(Buffer.from('a'))]) }),
    ],
    ['a subject part without a value', 'subject', () => ({ subject: sequence(set(sequence(oid('2.5.4.3')))) })],
    ['an empty subject part', 'subject', () => ({ subject: sequence(set()) })],
    [
      '21 subject parts',
      'subject',
      () => ({ subject: names(...Array.from({ length: 21 }, (): [string, DerNode] => ['2.5.4.5', utf8String('1')])) }),
    ],
    ['a subject that is a SET', 'subject', () => ({ subject: set() })],
  ];

  test.each(rows)('%s: %s', (_what, field, parts) => {
    const error = thrown(() => parseCsr(csrOf(key, parts())), 'ERR_PKI_CSR');
    expect([error.field, error.message]).toEqual([field, error.message]);
  });

  test.each([
    ['sha1', '1.2.840.113549.1.1.5'],
    ['md5', '1.2.840.113549.1.1.4'],
  ])('RSA with %s: signatureAlgorithm', (digest, algorithm) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const csr = csrOf(privateKey, rsaParts(privateKey, digest, algorithm));
    expect(thrown(() => parseCsr(csr), 'ERR_PKI_CSR').field).toBe('signatureAlgorithm');
    const good = csrOf(privateKey, rsaParts(privateKey, 'sha512', '1.2.840.113549.1.1.13'));
    expect(parseCsr(good).signatureAlgorithm).toBe('rsa-sha512');
  });

  test('a curve written out as numbers: publicKey', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1', paramEncoding: 'explicit' });
    const csr = csrOf(privateKey);
    expect(thrown(() => parseCsr(csr), 'ERR_PKI_CSR').field).toBe('publicKey');
  });
});
