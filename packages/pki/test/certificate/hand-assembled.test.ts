import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import forge from 'node-forge';
import { expect, test } from 'vitest';
import {
  bitString,
  context,
  decodeDer,
  encodeDer,
  integer,
  sequence,
  time,
  unsignedInteger,
} from '../../src/asn1/der.js';
import type { Subject } from '../../src/asn1/distinguished-name.js';
import {
  authorityKeyIdentifier,
  basicConstraints,
  encodeExtensionList,
  extKeyUsage,
  keyUsage,
  subjectKeyIdentifier,
} from '../../src/asn1/extensions.js';
import { keyIdentifier } from '../../src/certificate/certificate-builder.js';
import { verifyIssued } from '../../src/certificate/verify-issued.js';
import { leafKeyUsage, LEAF_PROFILES } from '../../src/certificate/profiles.js';
import {
  CertificateAuthority,
  createCertificateAuthority,
  generatePrivateKey,
  keySigner,
  MemoryPkiStore,
  parseCertificate,
  type Signer,
} from '../../src/index.js';
import { decodePem } from '../../src/pem.js';
import { signatureAlgorithm } from '../../src/keys/signature-algorithm.js';
import { thrown } from '../support/thrown.js';

const FIELDS = { C: '2.5.4.6', ST: '2.5.4.8', L: '2.5.4.7', O: '2.5.4.10', OU: '2.5.4.11', CN: '2.5.4.3' } as const;

/** The name by node-forge alone. */
function forgeName(subject: Subject): forge.asn1.Asn1 {
  const { asn1 } = forge;
  const { Class, Type } = asn1;
  const pairs = Object.entries(FIELDS).flatMap(([field, id]) => {
    const value = subject[field as keyof Subject];
    if (value === undefined) return [];
    const text = asn1.create(
      Class.UNIVERSAL,
      field === 'C' ? Type.PRINTABLESTRING : Type.UTF8,
      false,
      forge.util.encodeUtf8(value),
    );
    const type = asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(id).getBytes());
    const pair = asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [type, text]);
    return [asn1.create(Class.UNIVERSAL, Type.SET, true, [pair])];
  });
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, pairs);
}

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((value) => !/[\p{Cc}\p{Cs}]/u.test(value) && Array.from(value).length <= 64);
const seconds = (from: string, to: string): fc.Arbitrary<Date> =>
  fc.integer({ min: Date.parse(from) / 1000, max: Date.parse(to) / 1000 }).map((time_) => new Date(time_ * 1000));

const wanted = fc.record({
  C: fc.option(fc.stringMatching(/^[A-Z]{2}$/), { nil: undefined }),
  ST: fc.option(text, { nil: undefined }),
  L: fc.option(text, { nil: undefined }),
  O: fc.option(text, { nil: undefined }),
  serial: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  notBefore: seconds('1951-01-01T00:00:00Z', '2045-01-01T00:00:00Z'),
  notAfter: seconds('2046-01-01T00:00:00Z', '2069-12-31T23:59:59Z'),
  role: fc.constantFrom('device', 'operator'),
  key: fc.nat(2),
});

test('a certificate assembled by hand is, byte for byte, the one of node-forge, and its fields those that are read', async () => {
  const keys = await Promise.all((['ec-p256', 'ec-p384', 'rsa-2048'] as const).map((kind) => generatePrivateKey(kind)));
  const { ca, privateKey } = await createCertificateAuthority({
    subject: { O: 'Räksmörgås €', CN: 'CA' },
    roles: ['device'],
    store: new MemoryPkiStore(),
    notAfter: new Date('2070-01-01T00:00:00Z'),
  });
  const real = keySigner(privateKey ?? '');
  let signed: { tbs: Buffer; signature: Buffer } = { tbs: Buffer.alloc(0), signature: Buffer.alloc(0) };
  const signer: Signer = {
    ...real,
    sign: async (tbs) => {
      signed = { tbs, signature: await real.sign(tbs) };
      return signed.signature;
    },
  };
  let count = 0;
  await fc.assert(
    fc.asyncProperty(wanted, async ({ serial, role, key: index, notBefore, notAfter, ...names }) => {
      const authority = CertificateAuthority.open({
        certificate: ca.certificate,
        signer,
        roles: ['device', 'operator'],
        store: new MemoryPkiStore(),
        random: () => Buffer.from(serial),
      });
      const key = keys[index];
      if (key === undefined) throw new Error('no key');
      const present = Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined));
      const subject = { ...present, CN: `${role}-${(count += 1)}` };
      const issued = await authority.issue({ role, subject, key: key.keyObject, notBefore, notAfter });

      const spki = createPublicKey(key.keyObject).export({ type: 'spki', format: 'der' });
      const number = Buffer.from(serial);
      number[0] = 0x40 | ((number[0] ?? 0) & 0x3f);
      const tbs = sequence(
        context(0, integer(2)),
        unsignedInteger(number),
        signatureAlgorithm('ec-p256'),
        forgeName({ O: 'Räksmörgås €', CN: 'CA' }),
        sequence(time(notBefore), time(notAfter)),
        forgeName({ ...subject, OU: role }),
        decodeDer(spki),
        context(
          3,
          encodeExtensionList([
            basicConstraints(false),
            keyUsage(leafKeyUsage(key.algorithm)),
            extKeyUsage(LEAF_PROFILES[role].extendedKeyUsage),
            subjectKeyIdentifier(keyIdentifier(spki)),
            authorityKeyIdentifier(Buffer.from(authority.info.subjectKeyId ?? '', 'hex')),
          ]),
        ),
      );
      expect(signed.tbs).toEqual(encodeDer(tbs));
      const whole = encodeDer(sequence(tbs, signatureAlgorithm('ec-p256'), bitString(signed.signature)));
      expect(decodePem(issued.certificate, ['CERTIFICATE']).der).toEqual(whole);
      expect(issued.info).toEqual(parseCertificate(issued.certificate));
    }),
    { numRuns: Number(process.env['SECURE_ESP_RANDOM_CERTIFICATES'] ?? 200) },
  );
}, 120_000);

test('the read-back refuses a certificate in which any one bit was changed', async () => {
  const { ca, privateKey } = await createCertificateAuthority({
    subject: { CN: 'CA' },
    roles: ['device'],
    store: new MemoryPkiStore(),
  });
  const issued = await ca.issue({ role: 'device', subject: { CN: 'esp-001' } });
  const der = decodePem(issued.certificate, ['CERTIFICATE']).der;
  const tbs = decodeDer(der).value[0] as forge.asn1.Asn1;
  const parts = (tbs.value as forge.asn1.Asn1[]).map((node) => encodeDer(node));
  const extensions = encodeDer(((tbs.value as forge.asn1.Asn1[])[7]?.value as forge.asn1.Asn1[])[0] ?? tbs);
  const content = {
    serial: Buffer.from(issued.info.serial, 'hex'),
    issuer: parts[3] ?? der,
    subject: parts[5] ?? der,
    spki: parts[6] ?? der,
    validity: issued.info,
    // without the header of the SEQUENCE: tag, 0x81 and one octet of length
    extensions: extensions.subarray((extensions[1] ?? 0) < 0x80 ? 2 : 3),
  };
  const issuer = { publicKey: createPublicKey(privateKey ?? ''), algorithm: 'ec-p256' } as const;
  verifyIssued(der, content, issuer);
  const other = { ...issuer, publicKey: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey };
  thrown(() => {
    verifyIssued(der, content, other);
  }, 'ERR_PKI_SIGNER');
  for (let bit = 0; bit < der.length * 8; bit += 1) {
    const changed = Buffer.from(der);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => {
      verifyIssued(changed, content, issuer);
    }).toThrow(expect.objectContaining({ name: 'PkiError' }) as Error);
  }
}, 60_000);
