import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  context,
  contextPrimitive,
  encodeDer,
  nullValue,
  octetString,
  printableString,
  sequence,
  utf8String,
  type DerNode,
} from '../../src/asn1/der.js';
import { basicConstraints, encodeExtensionList, keyUsage } from '../../src/asn1/extensions.js';
import { createCsr, generatePrivateKey, KEY_ALGORITHMS, keySigner, parseCsr } from '../../src/index.js';
import { decodePem, encodePem } from '../../src/pem.js';
import {
  EXTENSION_REQUEST,
  CHALLENGE_PASSWORD,
  extension,
  attribute,
  request,
  san,
  names,
  csrOf,
} from '../support/csr-parts.js';
import { rejected, thrown } from '../support/thrown.js';

let key: KeyObject;
beforeAll(async () => {
  key = (await generatePrivateKey('ec-p256')).keyObject;
});

describe('a certificate request', () => {
  test.each(KEY_ALGORITHMS)(
    'of %s made here reads back',
    async (keyAlgorithm) => {
      const made = await generatePrivateKey(keyAlgorithm);
      const pem = await createCsr({
        key: made.pem,
        subject: { C: 'SE', O: 'Räksmörgås €', CN: 'broker' },
        san: { dns: ['Broker.local'], ip: ['192.168.178.123', 'fe80::1'] },
      });
      const info = parseCsr(pem);
      expect(info).toMatchObject({
        subject: { C: 'SE', O: 'Räksmörgås €', CN: 'broker' },
        requestedSan: { dns: ['broker.local'], ip: ['192.168.178.123', 'fe80::1'], others: 0 },
        keyAlgorithm,
        signatureAlgorithm:
          { 'ec-p256': 'ecdsa-sha256', 'ec-p384': 'ecdsa-sha384' }[keyAlgorithm as string] ?? 'rsa-sha256',
      });
      expect(info.spki.equals(keySigner(made.keyObject).spki)).toBe(true);
      expect(info.publicKey.type).toBe('public');
      expect(pem).not.toContain('PRIVATE');
      expect(parseCsr(decodePem(pem, ['CERTIFICATE REQUEST']).der).subject).toEqual(info.subject);
      expect(parseCsr(new Uint8Array(decodePem(pem, ['CERTIFICATE REQUEST']).der)).subject).toEqual(info.subject);
    },
    60_000,
  );

  test('may have no subject, no names and the label of older tools', () => {
    const info = parseCsr(encodePem('NEW CERTIFICATE REQUEST', csrOf(key, { subject: sequence() })));
    expect([info.subject, info.requestedSan]).toEqual([{}, { dns: [], ip: [], others: 0 }]);
  });

  test('may ask for more than is read: other attributes, harmless extensions, names of other kinds', () => {
    const extensions = [
      san(contextPrimitive(6, Buffer.from('urn:x')), contextPrimitive(2, Buffer.from('*.Example.com'))),
      basicConstraints(false),
      keyUsage(['digitalSignature']),
      extension('1.2.3.4', Buffer.of(5, 0)),
    ];
    const attributes = context(
      0,
      attribute(CHALLENGE_PASSWORD, utf8String('secret')),
      attribute(EXTENSION_REQUEST, encodeExtensionList(extensions)),
    );
    const subject = names(['2.5.4.5', printableString('42')], ['2.5.4.3', printableString('esp-001')]);
    const info = parseCsr(csrOf(key, { attributes, subject }));
    expect(info.requestedSan).toEqual({ dns: ['*.example.com'], ip: [], others: 1 });
    expect(info.subject).toEqual({ CN: 'esp-001' });
    expect(JSON.stringify(info)).not.toContain('secret');
  });
});

describe('bytes that are no request are refused', () => {
  test('cut off anywhere, as DER and as PEM', () => {
    const der = csrOf(key, { attributes: request(san(contextPrimitive(2, Buffer.from('broker.local')))) });
    for (let length = 0; length < der.length; length += 1) {
      expect(thrown(() => parseCsr(der.subarray(0, length)), 'ERR_PKI_CSR').field).toBe('der');
    }
    const pem = encodePem('CERTIFICATE REQUEST', der);
    // the final line end is not part of the block
    for (let length = 0; length < pem.length - 1; length += 1) {
      expect(thrown(() => parseCsr(pem.slice(0, length)), 'ERR_PKI_CSR').field).toBe('pem');
    }
  });

  test.each([
    ['a byte too many', (der: Buffer) => Buffer.concat([der, Buffer.of(0)])],
    ['an indefinite length', (der: Buffer) => Buffer.concat([Buffer.of(0x30, 0x80), der.subarray(3), Buffer.of(0, 0)])],
    [
      'a length in one byte more than needed',
      (der: Buffer) => Buffer.concat([Buffer.from('308200', 'hex'), der.subarray(2)]),
    ],
    ['a length of 4 GiB', (der: Buffer) => Buffer.concat([Buffer.from('3084ffffffff', 'hex'), der.subarray(3)])],
    ['a length of 2^64', (der: Buffer) => Buffer.concat([Buffer.from('3088ffffffffffffffff', 'hex'), der.subarray(3)])],
    [
      'a length field of 126 bytes',
      (der: Buffer) => Buffer.concat([Buffer.of(0x30, 0xfe), Buffer.alloc(126, 0xff), der]),
    ],
    ['another outer tag', (der: Buffer) => Buffer.concat([Buffer.of(0x31), der.subarray(1)])],
    ['a primitive SEQUENCE', (der: Buffer) => Buffer.concat([Buffer.of(0x10), der.subarray(1)])],
    ['a certificate request inside another SEQUENCE', (der: Buffer) => encodeDer(sequence(octetString(der)))],
  ])('%s', (_what, change) => {
    expect(thrown(() => parseCsr(change(csrOf(key))), 'ERR_PKI_CSR').field).toBe('der');
  });

  test('more than 16 KiB, in either form, before anything is read', () => {
    expect(thrown(() => parseCsr(Buffer.alloc(16_385)), 'ERR_PKI_CSR').field).toBe('csr');
    for (const size of [16_385, 1_000_000]) {
      const pem = encodePem('CERTIFICATE REQUEST', Buffer.alloc(size));
      expect(thrown(() => parseCsr(pem), 'ERR_PKI_CSR').field).toBe('csr');
    }
  });

  test('deep nesting', () => {
    let nested: DerNode = nullValue();
    for (let depth = 0; depth < 2000; depth += 1) nested = sequence(nested);
    expect(thrown(() => parseCsr(encodeDer(nested)), 'ERR_PKI_CSR').field).toBe('der');
  });

  test('values of other types', () => {
    for (const value of [undefined, null, 1, {}, [1, 2], new ArrayBuffer(4)]) {
      expect(thrown(() => parseCsr(value as string), 'ERR_PKI_CSR').field).toBe('csr');
    }
  });

  test('another label, two blocks, or text around the block', () => {
    const der = csrOf(key);
    const pem = encodePem('CERTIFICATE REQUEST', der);
    for (const text of [
      encodePem('CERTIFICATE', der),
      pem + pem,
      `hello\n${pem}`,
      `${pem}hello`,
      '',
      pem.replace('\n', ''),
    ]) {
      expect(thrown(() => parseCsr(text), 'ERR_PKI_CSR').field).toBe('pem');
    }
    expect(parseCsr(pem.replaceAll('\n', '\r\n')).subject.CN).toBe('esp-001');
  });
});

describe('createCsr', () => {
  test('signs through a signer, and does not let a broken one out', async () => {
    const signer = keySigner(key);
    expect(parseCsr(await createCsr({ key: signer, subject: { CN: 'a' } })).spki.equals(signer.spki)).toBe(true);
    const wrong = { ...signer, sign: (): Promise<Buffer> => Promise.resolve(Buffer.from('nonsense')) };
    await rejected(createCsr({ key: wrong, subject: { CN: 'a' } }), 'ERR_PKI_SIGNER');
    const failing = { ...signer, sign: (): Promise<Buffer> => Promise.reject(new Error('HSM is gone')) };
    const error = await rejected(createCsr({ key: failing, subject: { CN: 'a' } }), 'ERR_PKI_SIGNER');
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('checks names and key before it signs', async () => {
    await rejected(createCsr({ key, subject: { CN: '' } }), 'ERR_PKI_NAME');
    await rejected(createCsr({ key, subject: { CN: 'a' }, san: { dns: ['a b'] } }), 'ERR_PKI_SAN');
    await rejected(createCsr({ key, subject: { CN: 'a' }, san: {} }), 'ERR_PKI_SAN');
    await rejected(createCsr({ key: 'no key', subject: { CN: 'a' } }), 'ERR_PKI_KEY');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp521r1' });
    await rejected(createCsr({ key: privateKey, subject: { CN: 'a' } }), 'ERR_PKI_KEY');
  });
});
