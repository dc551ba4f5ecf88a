import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  isPkiError,
  issueCrl,
  type KeyAlgorithm,
  keySigner,
  MemoryPkiStore,
  parseCrl,
  type PkiStore,
  REVOCATION_REASONS,
  type Signer,
  verifyCrl,
} from '../../src/index.js';
import { parseCertificatePem } from '../../src/certificate/certificate-info.js';
import { signCrl } from '../../src/crl/crl-builder.js';
import { parseCrlDer } from '../../src/crl/parse-crl.js';
import { decodePem, encodePem } from '../../src/pem.js';
import { handshake } from '../support/mutual-tls.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected, thrown } from '../support/thrown.js';
import { describeWithOpenssl, openssl } from '../support/tools.js';

interface House {
  readonly ca: CertificateAuthority;
  readonly signer: Signer;
  readonly store: PkiStore;
}

const NOW = new Date('2026-06-01T12:00:00Z');
const at = (text: string): (() => Date) => {
  const date = new Date(text);
  return () => date;
};

async function house(keyAlgorithm: KeyAlgorithm = 'ec-p256', now = () => NOW, days = 7300): Promise<House> {
  const store = new MemoryPkiStore();
  const subject = { CN: 'CA' };
  const made = await createCertificateAuthority({ subject, roles: ['device'], store, keyAlgorithm, now, days });
  return { ca: made.ca, signer: keySigner(made.privateKey ?? ''), store };
}

const listOf = (
  { ca, signer, store }: House,
  more: Partial<Parameters<typeof issueCrl>[0]> = {},
): ReturnType<typeof issueCrl> => issueCrl({ certificate: ca.certificate, signer, store, now: () => NOW, ...more });

describe('issueCrl', () => {
  test('lists what was revoked, with reason and date; numbers go up; an empty list has no entries', async () => {
    const my = await house();
    const empty = await listOf(my);
    expect(empty.info).toMatchObject({
      issuer: { CN: 'CA' },
      issuerKeyId: my.ca.info.subjectKeyId,
      number: 1n,
      thisUpdate: new Date('2026-06-01T11:55:00Z'),
      nextUpdate: new Date('2026-07-01T12:00:00Z'),
    });
    expect(empty.info.revoked.size).toBe(0);
    const expected = new Map();
    for (const reason of REVOCATION_REASONS) {
      const { info } = await my.ca.issue({ role: 'device', subject: { CN: reason } });
      expected.set(info.serial, await my.store.revoke(info.serial, { reason, at: NOW }));
    }
    await my.ca.issue({ role: 'device', subject: { CN: 'good' } });
    const { crl, info } = await listOf(my, { nextUpdate: new Date('2051-01-01T00:00:00Z') });
    expect(info.number).toBe(2n);
    expect(info.nextUpdate).toEqual(new Date('2051-01-01T00:00:00Z'));
    expect(info.revoked).toEqual(expected);
    expect(parseCrl(crl)).toEqual(info);
    expect(verifyCrl(crl, my.ca.certificate)).toEqual(info);
    expect(await my.store.latestCrl(info.issuerKeyId)).toEqual({ issuerKeyId: info.issuerKeyId, number: 2n, crl });
  });

  test('of several CAs in one store lists its own certificates only', async () => {
    const my = await house();
    const other = await createCertificateAuthority({ subject: { CN: 'CA' }, roles: ['device'], store: my.store });
    const issued = await other.ca.issue({ role: 'device', subject: { CN: 'x' } });
    await my.store.revoke(issued.info.serial, { reason: 'superseded', at: NOW });
    expect((await listOf(my)).info.revoked.size).toBe(0);
    const theirs = await issueCrl({
      certificate: other.ca.certificate,
      signer: keySigner(other.privateKey ?? ''),
      store: my.store,
    });
    expect([...theirs.info.revoked.keys()]).toEqual([issued.info.serial]);
    thrown(() => verifyCrl(theirs.crl, my.ca.certificate), 'ERR_PKI_CRL');
  });

  test('drops an expired certificate only after it was on one list beyond its end', async () => {
    const my = await house();
    const { info } = await my.ca.issue({
      role: 'device',
      subject: { CN: 'x' },
      notAfter: new Date('2026-07-10T00:00:00Z'),
    });
    await my.store.revoke(info.serial, { reason: 'keyCompromise', at: NOW });
    const has = async (now: string): Promise<boolean> =>
      (await listOf(my, { now: at(now) })).info.revoked.has(info.serial);
    expect(await has('2026-06-02T00:00:00Z')).toBe(true);
    expect(await has('2026-07-11T00:00:00Z')).toBe(true); // the first beyond the end
    expect(await has('2026-07-12T00:00:00Z')).toBe(false);
    expect(await has('2026-07-13T00:00:00Z')).toBe(false);
    // one that is revoked after its end is shown once, too
    const late = await my.ca.issue({
      role: 'device',
      subject: { CN: 'y' },
      notAfter: new Date('2026-06-10T00:00:00Z'),
    });
    await my.store.revoke(late.info.serial, { reason: 'keyCompromise', at: new Date('2026-07-14T00:00:00Z') });
    const lists = [];
    for (const day of ['15', '16', '17']) {
      lists.push((await listOf(my, { now: at(`2026-07-${day}T00:00:00Z`) })).info.revoked.has(late.info.serial));
    }
    expect(lists).toEqual([true, false, false]);
  });

  test('never uses a number again, also after a signer that failed', async () => {
    const my = await house();
    const broken: Signer = { ...my.signer, sign: () => Promise.reject(new Error('HSM is gone')) };
    await rejected(listOf(my, { signer: broken }), 'ERR_PKI_SIGNER');
    const liar: Signer = { ...my.signer, sign: () => my.signer.sign(Buffer.from('something else')) };
    await rejected(listOf(my, { signer: liar }), 'ERR_PKI_SIGNER');
    expect(await my.store.latestCrl(my.ca.info.subjectKeyId ?? '')).toBeUndefined();
    const numbers = await Promise.all(Array.from({ length: 5 }, async () => (await listOf(my)).info.number));
    expect(numbers.sort()).toEqual([3n, 4n, 5n, 6n, 7n]);
  });

  test('refuses a foreign key, a leaf as issuer, an expired CA and dates that make no sense', async () => {
    const my = await house('ec-p256', () => NOW, 10);
    const { signer } = await house();
    await rejected(listOf(my, { signer }), 'ERR_PKI_KEY');
    const leaf = await my.ca.issue({ role: 'device', subject: { CN: 'x' } });
    await rejected(listOf(my, { certificate: leaf.certificate }), 'ERR_PKI_NOT_CA');
    await rejected(listOf(my, { now: at('2026-06-12T00:00:00Z') }), 'ERR_PKI_EXPIRED');
    await rejected(listOf(my, { nextUpdate: NOW }), 'ERR_PKI_VALIDITY');
    await rejected(listOf(my, { nextUpdate: new Date('10000-01-01') }), 'ERR_PKI_VALIDITY');
    await rejected(listOf(my, { days: 1, nextUpdate: new Date('2027-01-01') }), 'ERR_PKI_VALIDITY');
  });

  test('fails rather than forget a revoked certificate whose record is gone', async () => {
    const my = await house();
    const gone = { serial: '40', reason: 'keyCompromise', at: NOW } as const;
    const store: PkiStore = Object.assign(Object.create(my.store) as PkiStore, {
      latestCrl: (id: string) => my.store.latestCrl(id),
      nextCrlNumber: (id: string) => my.store.nextCrlNumber(id),
      get: (serial: string) => my.store.get(serial),
      async *revocations() {
        yield await Promise.resolve(gone);
      },
    });
    await rejected(listOf({ ...my, store }), 'ERR_PKI_STORE');
  });
});

describe('the DER of a revocation list', () => {
  let my: House;
  beforeAll(async () => {
    my = await house();
  });

  const date = fc
    .integer({ min: Date.UTC(1950, 0) / 1000, max: Date.UTC(9999, 11) / 1000 })
    .map((seconds) => new Date(seconds * 1000));
  const serial = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) =>
    Buffer.from(bytes)
      .toString('hex')
      .toUpperCase()
      .replace(/^(00)+(?=..)/, ''),
  );

  test('reads back as it was written, whatever numbers, dates and however many entries', async () => {
    const entry = fc.record({ serial, reason: fc.constantFrom(...REVOCATION_REASONS), at: date });
    await fc.assert(
      fc.asyncProperty(
        fc.record({ number: fc.bigInt({ min: 0n, max: (1n << 159n) - 1n }), thisUpdate: date, nextUpdate: date }),
        fc.uniqueArray(entry, { selector: (one) => one.serial, maxLength: 30 }),
        async (fields, revoked) => {
          const { subjectDer } = parseCertificatePem(my.ca.certificate);
          const issuerKeyId = Buffer.from(my.ca.info.subjectKeyId ?? '', 'hex');
          const der = await signCrl({ ...fields, issuer: subjectDer, issuerKeyId, revoked }, my.signer);
          const { info } = parseCrlDer(der);
          expect(info).toMatchObject(fields);
          expect([...info.revoked.values()]).toEqual(revoked);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('changed anywhere it is refused with a typed error, at once', async () => {
    for (const [index, reason] of REVOCATION_REASONS.entries()) {
      const { info } = await my.ca.issue({ role: 'device', subject: { CN: `m${index}` } });
      await my.store.revoke(info.serial, { reason, at: NOW });
    }
    const { crl } = await listOf(my);
    const { der } = decodePem(crl, ['X509 CRL']);
    const refused = (bytes: Buffer): void => {
      try {
        verifyCrl(encodePem('X509 CRL', bytes), my.ca.certificate);
      } catch (error) {
        expect(isPkiError(error) && ['ERR_PKI_CRL', 'ERR_PKI_PEM'].includes(error.code)).toBe(true);
        return;
      }
      throw new Error('a changed list was accepted');
    };
    for (let index = 0; index < der.length; index += 1) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(der);
        changed[index] = (changed[index] ?? 0) ^ flip;
        refused(changed);
      }
      refused(der.subarray(0, index));
    }
    refused(Buffer.concat([der, Buffer.of(0)]));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        refused(Buffer.from(bytes));
      }),
    );
    thrown(() => parseCrl('not PEM'), 'ERR_PKI_PEM');
    thrown(() => parseCrl(my.ca.certificate), 'ERR_PKI_PEM');
  });
});

describeWithOpenssl('OpenSSL', () => {
  test.each(['ec-p256', 'rsa-2048'] as const)(
    'with a list by an %s CA refuses the revoked certificate and accepts the good one, strictly',
    async (keyAlgorithm) => {
      // the openssl command has a clock of its own
      const now = (): Date => new Date();
      const my = await house(keyAlgorithm, now);
      const dir = await tempDir();
      const file = async (name: string, text: string): Promise<string> => {
        await writeFile(join(dir, name), text);
        return join(dir, name);
      };
      const good = await my.ca.issue({ role: 'device', subject: { CN: 'good' } });
      const bad = await my.ca.issue({ role: 'device', subject: { CN: 'bad' } });
      const plain = await my.ca.issue({ role: 'device', subject: { CN: 'plain' } });
      await my.store.revoke(bad.info.serial, { reason: 'keyCompromise', at: now() });
      await my.store.revoke(plain.info.serial, { reason: 'unspecified', at: now() });
      const ca = await file('ca.crt', my.ca.certificate);
      for (const nextUpdate of [new Date(Date.now() + 3_600_000), new Date('2055-01-01T00:00:00Z')]) {
        const { crl } = await listOf(my, { now, nextUpdate });
        const list = await file('ca.crl', crl);
        expect(openssl(['crl', '-verify', '-in', list, '-CAfile', ca, '-noout'])).toMatchObject({
          ok: true,
          output: expect.stringContaining('verify OK') as string,
        });
        const verify = async (certificate: string): Promise<string> => {
          const leaf = await file('leaf.crt', certificate);
          return openssl(['verify', '-crl_check', '-x509_strict', '-CAfile', ca, '-CRLfile', list, leaf]).output;
        };
        expect(await verify(good.certificate)).toMatch(/: OK\n$/);
        expect(await verify(bad.certificate)).toContain('certificate revoked');
        expect(await verify(plain.certificate)).toContain('certificate revoked');
        const text = openssl(['crl', '-in', list, '-noout', '-text']).output;
        expect(text).toMatch(/Version 2 \(0x1\)/);
        expect(text).toContain(`Serial Number: ${bad.info.serial}`);
        expect(text.match(/X509v3 CRL Reason Code/g)).toHaveLength(1);
        expect(text).toContain('Key Compromise');
      }
    },
    30_000,
  );

  test('prints every reason under its own name', async () => {
    const my = await house('ec-p256', () => new Date());
    for (const [index, reason] of REVOCATION_REASONS.entries()) {
      const { info } = await my.ca.issue({ role: 'device', subject: { CN: `r${index}` } });
      await my.store.revoke(info.serial, { reason, at: new Date() });
    }
    const path = join(await tempDir(), 'ca.crl');
    await writeFile(path, (await listOf(my, { now: () => new Date() })).crl);
    const { output } = openssl(['crl', '-in', path, '-noout', '-text']);
    const names = [
      'Key Compromise',
      'Affiliation Changed',
      'Superseded',
      'Cessation Of Operation',
      'Privilege Withdrawn',
    ];
    for (const name of names) expect(output).toContain(name);
  });
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'Node’s %s server with the list refuses the revoked device only',
  async (version) => {
    const now = (): Date => new Date();
    const store = new MemoryPkiStore();
    const servers = await createCertificateAuthority({ subject: { CN: 'S' }, roles: ['broker'], store });
    const devices = await createCertificateAuthority({ subject: { CN: 'D' }, roles: ['device'], store });
    const server = await servers.ca.issue({ role: 'broker', subject: { CN: 'broker' }, san: { dns: ['localhost'] } });
    const good = await devices.ca.issue({ role: 'device', subject: { CN: 'good' } });
    const bad = await devices.ca.issue({ role: 'device', subject: { CN: 'bad' } });
    await store.revoke(bad.info.serial, { reason: 'keyCompromise', at: now() });
    const { crl } = await issueCrl({
      certificate: devices.ca.certificate,
      signer: keySigner(devices.privateKey ?? ''),
      store,
    });
    const attempt = (issued: typeof good): Promise<string> =>
      handshake({
        server: { cert: server.certificate, key: server.privateKey ?? '', ca: devices.ca.certificate, crl },
        client: { cert: issued.certificate, key: issued.privateKey ?? '', ca: servers.ca.certificate },
        version,
      });
    expect(await attempt(good)).toBe('welcome good');
    expect(await attempt(bad)).toMatch(/^refused/);
  },
);
