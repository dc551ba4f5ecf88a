import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeDer, sequenceItems } from '../../src/asn1/der.js';
import { writeFileAtomic } from '../../src/files/atomic-file.js';
import {
  encryptPrivateKey,
  generatePrivateKey,
  initPki,
  issueCrl,
  KEY_ALGORITHMS,
  keySigner,
  openPki,
  parseCertificate,
  ROLES,
} from '../../src/index.js';
import { handshake } from '../support/mutual-tls.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';
import { derOf, extensionsOf, extensionValue, makeCa, tbsOf } from './support.js';

describe('pitfalls of node:crypto and files', () => {
  test('pitfall 20: JWK export is banned by a lint rule, and no source has it', async () => {
    const packages = join(import.meta.dirname, '..', '..', '..');
    const config = await readFile(join(packages, '..', 'eslint.config.mjs'), 'utf8');
    expect(config).toMatch(/selector: "Property\[key\.name='format'\]\[value\.value='jwk'\]"/);
    for (const name of await readdir(packages)) {
      const src = join(packages, name, 'src');
      const files = await readdir(src, { recursive: true }).catch(() => []);
      for (const file of files.filter((path) => path.endsWith('.ts'))) {
        const text = await readFile(join(src, file), 'utf8');
        expect([file, /\.export\([^)]*jwk/.test(text)]).toEqual([file, false]);
      }
    }
  });

  test('pitfall 21: every P-256 key has all 32 bytes of its number, leading zeros too', async () => {
    // 1 of 256 begins with a zero
    for (let n = 0; n < 1_000; n++) {
      const { pem } = await generatePrivateKey('ec-p256');
      const der = derOf(pem);
      // ECPrivateKey: version 1, OCTET STRING of 32 bytes
      expect([der.length, der.indexOf(Buffer.from('0201010420', 'hex'))]).toEqual([138, 31]);
      if (n % 100 === 0 || der[36] === 0)
        expect(createPrivateKey(pem).asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    }
  });

  test('pitfall 22: an encrypted key has 600,000 rounds of PBKDF2, not the 2,048 of Node', async () => {
    const { pem } = await generatePrivateKey('ec-p256');
    const rounds = (text: string, count: number): boolean => {
      const number = Buffer.alloc(4);
      number.writeUInt32BE(count);
      const digits = number.subarray(number.findIndex((byte) => byte !== 0));
      return derOf(text).includes(Buffer.concat([Buffer.of(2, digits.length), digits]));
    };
    const ours = await encryptPrivateKey(pem, 'correct horse');
    expect([rounds(ours, 600_000), rounds(ours, 2_048)]).toEqual([true, false]);
  });

  test.skipIf(process.platform === 'win32')('pitfall 23: a secret written over an open file is closed', async () => {
    const path = join(await tempDir(), 'a.key');
    await writeFile(path, 'old', { mode: 0o644 });
    await chmod(path, 0o644);
    await writeFileAtomic(path, 'new', { mode: 0o600, existing: 'replace' });
    expect([(await stat(path)).mode & 0o777, await readFile(path, 'utf8')]).toEqual([0o600, 'new']);
    const { paths } = await initPki({ dir: await tempDir(), chips: [] });
    for (const key of [paths.caKey, paths.deviceCaKey, paths.brokerKey, paths.otaKey, paths.operatorKey]) {
      const modes = [(await stat(key)).mode & 0o777, (await stat(join(key, '..'))).mode & 0o777];
      expect([key, ...modes]).toEqual([key, 0o600, 0o700]);
    }
  });

  test('pitfall 24: serial numbers, key identifiers and the issuer’s name are as RFC 5280 wants them', async () => {
    const { ca } = await makeCa({ subject: { C: 'SE', O: 'Räksmörgås €', CN: 'test CA' } });
    const serials = new Set<string>();
    for (let n = 0; n < 50; n++) {
      const { certificate, info } = await ca.issue({ role: 'device', subject: { CN: 'esp-001' } });
      const [, serial, , issuer] = tbsOf(certificate);
      expect(serial && encodeDer(serial).toString('hex')).toMatch(/^0210[4-7][0-9a-f]{31}$/);
      serials.add(info.serial);
      const subject = tbsOf(ca.certificate)[5];
      expect(issuer && encodeDer(issuer)).toEqual(subject && encodeDer(subject));
      const key = tbsOf(certificate)[6];
      const bits = sequenceItems(key)[1]?.value as string;
      const sha1 = createHash('sha1')
        .update(Buffer.from(bits.slice(1), 'latin1'))
        .digest('hex');
      expect(extensionValue(certificate, '2.5.29.14')).toBe(`0414${sha1}`);
      expect(extensionValue(certificate, '2.5.29.35')).toBe(`30168014${ca.info.subjectKeyId ?? ''}`);
    }
    expect(serials.size).toBe(50);
  });

  test('pitfall 25: constraints and usages are critical, exact, and no leaf outlives its issuer', async () => {
    const { ca } = await makeCa({ notAfter: new Date('2040-01-01T00:00:00Z') });
    const critical = (pem: string) => extensionsOf(pem).flatMap((one) => (one.critical ? [[one.id, one.value]] : []));
    expect(critical(ca.certificate)).toEqual([
      ['2.5.29.19', '30060101ff020100'],
      ['2.5.29.15', '03020106'],
    ]);
    for (const algorithm of KEY_ALGORITHMS) {
      const { keyObject: key } = await generatePrivateKey(algorithm);
      const { certificate } = await ca.issue({ role: 'device', subject: { CN: 'x' }, key });
      expect(critical(certificate)).toEqual([
        ['2.5.29.19', '3000'],
        ['2.5.29.15', algorithm.startsWith('ec-') ? '03020780' : '030205a0'],
      ]);
    }
    const notAfter = new Date('2040-01-01T00:00:01Z');
    for (const role of ROLES) {
      const san = role === 'broker' || role === 'ota' ? { san: { dns: ['x'] } } : {};
      const CN = 'san' in san ? role : 'x';
      await rejected(ca.issue({ role, subject: { CN }, notAfter, ...san }), 'ERR_PKI_VALIDITY');
    }
  }, 30_000);

  test('pitfall 26: a list has no empty parts, no reason that says nothing, and numbers that only go up', async () => {
    const { ca, privateKey = '', store } = await makeCa();
    const issue = () => issueCrl({ certificate: ca.certificate, signer: keySigner(privateKey), store });
    const empty = await issue();
    expect(empty.crl).toMatch(/^-----BEGIN X509 CRL-----\n/);
    // version, algorithm, issuer, two dates, extensions
    expect(tbsOf(empty.crl)).toHaveLength(6);
    const { info } = await ca.issue({ role: 'device', subject: { CN: 'a' } });
    await store.revoke(info.serial, { at: new Date(), reason: 'unspecified' });
    const one = await issue();
    expect(tbsOf(one.crl)).toHaveLength(7);
    expect(derOf(one.crl).includes(Buffer.from('551d15', 'hex'))).toBe(false);
    const other = await ca.issue({ role: 'device', subject: { CN: 'b' } });
    await store.revoke(other.info.serial, { at: new Date(), reason: 'keyCompromise' });
    const two = await issue();
    expect(derOf(two.crl).includes(Buffer.from('551d1504030a0101', 'hex'))).toBe(true);
    expect([empty, one, two].map(({ info: { number } }) => number)).toEqual([1n, 2n, 3n]);
  });

  test('pitfall 27: two roots in one file serve both generations, and a renewal changes the certificate only', async () => {
    const [old, next] = [
      await initPki({ dir: await tempDir(), chips: [] }),
      await initPki({ dir: await tempDir(), chips: [] }),
    ];
    const both = { ca: old.ca + next.ca, deviceCa: old.deviceCa + next.deviceCa };
    for (const server of [old, next]) {
      for (const device of [await old.device('esp-001'), await next.device('esp-001')]) {
        const attempt = {
          server: { cert: server.broker.cert, key: server.broker.key, ca: both.deviceCa },
          client: { cert: device.cert, key: device.key, ca: both.ca },
        };
        for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
          expect(await handshake({ ...attempt, version })).toBe('welcome esp-001');
        }
      }
    }
    const before = old.broker;
    await old.renew('broker');
    const { broker: after } = await openPki(old.dir);
    expect(after.key).toBe(before.key);
    expect(parseCertificate(after.cert).serial).not.toBe(parseCertificate(before.cert).serial);
    const spki = (pem: string): Buffer => new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
    expect(spki(after.cert)).toEqual(spki(before.cert));
  });
});
