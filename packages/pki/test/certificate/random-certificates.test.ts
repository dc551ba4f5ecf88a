import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import * as peculiar from '@peculiar/x509';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type CertificateAuthority, createCertificateAuthority, MemoryPkiStore } from '../../src/index.js';

const RUNS = Number(process.env['SECURE_ESP_RANDOM_CERTIFICATES'] ?? 200);

let authorities: { ca: CertificateAuthority; key: KeyObject }[];
let rsaKey: KeyObject;

beforeAll(async () => {
  rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  authorities = await Promise.all(
    (['ec-p256', 'rsa-2048'] as const).map(async (keyAlgorithm) => {
      const subject = { C: 'SE', O: 'Räksmörgås €', CN: 'random CA' };
      const store = new MemoryPkiStore();
      const notAfter = new Date('2070-01-01T00:00:00Z');
      const roles = ['device', 'operator', 'broker', 'ota'] as const;
      const { ca } = await createCertificateAuthority({ subject, store, roles, keyAlgorithm, notAfter });
      return { ca, key: createPublicKey(ca.certificate) };
    }),
  );
});

const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((value) => {
    return !/[\p{Cc}\p{Cs}]/u.test(value) && Array.from(value).length <= maxLength;
  });
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
const dns = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const seconds = (from: string, to: string): fc.Arbitrary<Date> =>
  fc.integer({ min: Date.parse(from) / 1000, max: Date.parse(to) / 1000 }).map((time) => new Date(time * 1000));

const request = fc.record({
  authority: fc.nat(1),
  role: fc.constantFrom('device', 'operator', 'broker', 'ota'),
  name: fc.stringMatching(/^[A-Za-z0-9_-]{1,50}$/),
  organisation: fc.option(text(64), { nil: undefined }),
  names: fc.array(dns, { minLength: 1, maxLength: 4 }),
  addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 4 }),
  notBefore: seconds('1951-01-01T00:00:00Z', '2040-01-01T00:00:00Z'),
  notAfter: seconds('2040-01-01T00:00:01Z', '2069-12-31T23:59:59Z'),
  rsa: fc.boolean(),
});

test(`${RUNS} random certificates read the same in OpenSSL and in @peculiar/x509`, async () => {
  await fc.assert(
    fc.asyncProperty(request, async (want) => {
      const authority = authorities[want.authority];
      if (!authority) throw new Error('no such authority');
      const server = want.role === 'broker' || want.role === 'ota';
      const issued = await authority.ca.issue({
        role: want.role,
        // one prefix per role, so that no two roles draw the same name
        subject: {
          CN: `${want.role}_${want.name}`.toLowerCase(),
          ...(want.organisation ? { O: want.organisation } : {}),
        },
        notBefore: want.notBefore,
        notAfter: want.notAfter,
        ...(server ? { san: { dns: want.names, ip: want.addresses } } : {}),
        ...(want.rsa ? { key: rsaKey } : {}),
      });

      const x509 = new X509Certificate(issued.certificate);
      expect(x509.verify(authority.key)).toBe(true);
      expect(x509.checkIssued(new X509Certificate(authority.ca.certificate))).toBe(true);
      expect(x509.ca).toBe(false);
      expect(new Date(x509.validFrom)).toEqual(want.notBefore);
      expect(new Date(x509.validTo)).toEqual(want.notAfter);
      if (server) for (const name of want.names) expect(x509.checkHost(name)).toBe(name);
      if (server) for (const address of want.addresses) expect(x509.checkIP(address)).toBe(address);

      const other = new peculiar.X509Certificate(issued.certificate);
      expect(other.serialNumber.toUpperCase()).toBe(issued.info.serial);
      expect([other.notBefore, other.notAfter]).toEqual([want.notBefore, want.notAfter]);
      expect(other.subjectName.getField('CN')).toEqual([issued.info.subject.CN]);
      expect(other.subjectName.getField('OU')).toEqual([want.role]);
      expect(other.subjectName.getField('O')).toEqual(want.organisation === undefined ? [] : [want.organisation]);
      expect(other.getExtension(peculiar.BasicConstraintsExtension)).toMatchObject({ ca: false, critical: true });
      const usage = want.rsa
        ? peculiar.KeyUsageFlags.digitalSignature | peculiar.KeyUsageFlags.keyEncipherment
        : peculiar.KeyUsageFlags.digitalSignature;
      expect(other.getExtension(peculiar.KeyUsagesExtension)).toMatchObject({ usages: usage, critical: true });
      const extended = server ? peculiar.ExtendedKeyUsage.serverAuth : peculiar.ExtendedKeyUsage.clientAuth;
      expect(other.getExtension(peculiar.ExtendedKeyUsageExtension)?.usages).toEqual([extended]);
      const names = other.getExtension(peculiar.SubjectAlternativeNameExtension)?.names.items ?? [];
      expect(names.filter(({ type }) => type === 'dns').map(({ value }) => value)).toEqual([...issued.info.san.dns]);
      expect(names.filter(({ type }) => type === 'ip')).toHaveLength(issued.info.san.ip.length);
      const issuerId = other.getExtension(peculiar.AuthorityKeyIdentifierExtension)?.keyId;
      expect(issuerId).toBe(authority.ca.info.subjectKeyId);
    }),
    { numRuns: RUNS },
  );
}, 120_000);
