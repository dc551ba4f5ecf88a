import 'reflect-metadata';
import * as peculiar from '@peculiar/x509';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { createCsr, generatePrivateKey, parseCsr, type PrivateKey, type Subject } from '../../src/index.js';

const RUNS = Number(process.env['SECURE_ESP_RANDOM_CERTIFICATES'] ?? 200);

let keys: PrivateKey[];
beforeAll(async () => {
  keys = await Promise.all(
    (['ec-p256', 'ec-p384', 'rsa-2048'] as const).map((algorithm) => generatePrivateKey(algorithm)),
  );
});

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((value) => !/[\p{Cc}\p{Cs}]/u.test(value) && Array.from(value).length <= 64);
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
const dns = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));

const wishes = fc.record({
  key: fc.nat(2),
  subject: fc.record(
    { C: fc.stringMatching(/^[A-Z]{2}$/), ST: text, L: text, O: text, OU: text, CN: text },
    { requiredKeys: ['CN'] },
  ),
  names: fc.uniqueArray(dns, { maxLength: 4 }),
  addresses: fc.uniqueArray(fc.ipV4(), { maxLength: 4 }),
});

test(`${RUNS} random requests read back as they were written, here and in @peculiar/x509`, async () => {
  await fc.assert(
    fc.asyncProperty(wishes, async ({ key: index, subject, names, addresses }) => {
      const key = keys[index];
      if (!key) throw new Error('no such key');
      const wanted = names.length + addresses.length > 0;
      const pem = await createCsr({
        key: key.keyObject,
        subject,
        ...(wanted ? { san: { dns: names, ip: addresses } } : {}),
      });

      const info = parseCsr(pem);
      expect(info.subject).toEqual(subject);
      expect(info.requestedSan).toEqual({ dns: names, ip: addresses, others: 0 });
      expect(info.keyAlgorithm).toBe(key.algorithm);
      expect(info.publicKey.equals(parseCsr(pem).publicKey)).toBe(true);

      const other = new peculiar.Pkcs10CertificateRequest(pem);
      expect(await other.verify()).toBe(true);
      for (const [field, value] of Object.entries(subject) as [keyof Subject, string][]) {
        expect(other.subjectName.getField(field)).toEqual([value]);
      }
      const seen = other.extensions.flatMap((extension) =>
        extension instanceof peculiar.SubjectAlternativeNameExtension ? extension.names.items : [],
      );
      expect(seen.map(({ value }) => value)).toEqual([...names, ...addresses]);
      expect(Buffer.from(other.publicKey.rawData).equals(info.spki)).toBe(true);
    }),
    { numRuns: RUNS },
  );
}, 120_000);
