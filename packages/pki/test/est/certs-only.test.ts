import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCertificateAuthority, isPkiError, MemoryPkiStore } from '../../src/index.js';
import { context, decodeDer, encodeDer, integer, octetString, oid, sequence, set } from '../../src/asn1/der.js';
import { decodeCertsOnly, encodeCertsOnly } from '../../src/est/cms/certs-only.js';
import { mutationsOf } from '../support/mutations.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected, thrown } from '../support/thrown.js';
import { describeWithOpenssl, openssl } from '../support/tools.js';

async function certificates(count: number): Promise<Buffer[]> {
  const store = new MemoryPkiStore();
  const { ca } = await createCertificateAuthority({ subject: { CN: 'CA' }, roles: ['device'], store });
  const made = [ca.certificate];
  while (made.length < count) {
    made.push((await ca.issue({ role: 'device', subject: { CN: `esp-${made.length}` } })).certificate);
  }
  return made.map((pem) => new X509Certificate(pem).raw);
}

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const DATA = '1.2.840.113549.1.7.1';

describe('certs-only messages', () => {
  test('what was encoded is decoded, in the order of its bytes', async () => {
    const ders = await certificates(5);
    const sorted = [...ders].sort((a, b) => Buffer.compare(a, b));
    expect(decodeCertsOnly(encodeCertsOnly(ders))).toEqual(sorted);
    expect(encodeCertsOnly(ders.toReversed())).toEqual(encodeCertsOnly(ders));
  });

  test('no mutation is anything but a message with certificates, or a PkiError', async () => {
    const message = encodeCertsOnly(await certificates(2));
    fc.assert(
      fc.property(mutationsOf(message), (mutated) => {
        try {
          for (const der of decodeCertsOnly(mutated)) expect(new X509Certificate(der).raw.equals(der)).toBe(true);
        } catch (error) {
          if (!isPkiError(error)) throw error;
          expect(error.code).toBe('ERR_PKI_CERTIFICATE');
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('other messages are refused', async () => {
    const [der = Buffer.alloc(0)] = await certificates(1);
    const node = decodeDer(der);
    const message = (...parts: Parameters<typeof sequence>): Buffer =>
      encodeDer(sequence(oid(SIGNED_DATA), context(0, sequence(...parts))));
    const good = [integer(1), set(), sequence(oid(DATA)), context(0, node), set()] as const;
    expect(decodeCertsOnly(message(...good))).toEqual([der]);
    const [version, digests, data, certs, signers] = good;
    expect(decodeCertsOnly(message(version, digests, data, certs, context(1), signers))).toEqual([der]);
    const refused = [
      encodeDer(sequence(oid(DATA), context(0, octetString(der)))),
      encodeDer(sequence(oid(SIGNED_DATA), context(0, sequence(...good)), set())),
      encodeDer(sequence(oid(SIGNED_DATA), context(0, sequence(...good), set()))),
      message(integer(2), digests, data, certs, signers),
      message(version, digests, sequence(oid(DATA), context(0, octetString(der))), certs, signers),
      message(version, digests, sequence(oid(SIGNED_DATA)), certs, signers),
      message(version, digests, data, context(0), signers),
      message(version, digests, data, signers),
      message(version, digests, data, context(0, ...Array.from({ length: 33 }, () => node)), signers),
      message(version, digests, data, certs, set(sequence())),
      message(version, digests, data, context(0, sequence()), signers),
      message(version, digests, data, certs, context(1), context(1), signers),
      message(version, digests, data, certs, context(2), signers),
      der,
      Buffer.alloc(0),
    ];
    for (const [index, bytes] of refused.entries()) {
      expect([index, thrown(() => decodeCertsOnly(bytes), 'ERR_PKI_CERTIFICATE').code]).toEqual([
        index,
        'ERR_PKI_CERTIFICATE',
      ]);
    }
    await rejected(
      Promise.resolve().then(() => encodeCertsOnly([Buffer.from('x')])),
      'ERR_PKI_CERTIFICATE',
    );
  });
});

describeWithOpenssl('certs-only messages and OpenSSL', () => {
  test('openssl pkcs7 prints the certificates, and what it writes is read', async () => {
    const ders = await certificates(3);
    const dir = await tempDir();
    const path = join(dir, 'certs.p7');
    await writeFile(path, encodeCertsOnly(ders));
    const printed = openssl(['pkcs7', '-inform', 'DER', '-print_certs', '-in', path]);
    expect(printed.output.match(/^subject=/gm)).toHaveLength(3);
    const pem = join(dir, 'certs.pem');
    await writeFile(pem, ders.map((der) => new X509Certificate(der).toString()).join(''));
    const theirs = join(dir, 'theirs.p7');
    expect(openssl(['crl2pkcs7', '-nocrl', '-certfile', pem, '-outform', 'DER', '-out', theirs]).ok).toBe(true);
    expect(decodeCertsOnly(await readFile(theirs))).toHaveLength(3);
  });
});
