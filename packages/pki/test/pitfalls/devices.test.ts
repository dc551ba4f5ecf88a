import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hostsToSan } from '../../src/asn1/subject-alt-name.js';
import { createCertificateAuthority, initPki, MemoryPkiStore, parseCertificate, ROLES } from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected, thrown } from '../support/thrown.js';
import { derOf, extensionOids, makeCa } from './support.js';

describe('pitfalls of devices', () => {
  test('pitfall 1: an address is never passed off as a host name; users of old mbedTLS are told to use a name', async () => {
    expect(hostsToSan(['broker.local', '192.168.178.123', 'fe80::1'])).toEqual({
      dns: ['broker.local'],
      ip: ['192.168.178.123', 'fe80::1'],
    });
    const { ca } = await makeCa();
    for (const dns of ['192.168.178.123', 'fe80::1', '1', 'a.1']) {
      await rejected(ca.issue({ role: 'broker', subject: { CN: 'broker' }, san: { dns: [dns] } }), 'ERR_PKI_SAN');
    }
    const readme = await readFile(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
    expect(readme).toMatch(/mbedTLS before 3\.5\) does not match IP addresses[^.]*: give the broker a DNS name/);
  });

  test('pitfall 2: certificates start a day back, and at 1970 for devices without a clock when asked', async () => {
    const now = new Date('2030-01-02T03:04:05Z');
    const { ca } = await makeCa({ now: () => now });
    const { info } = await ca.issue({ role: 'device', subject: { CN: 'esp-001' } });
    // never before its issuer, which starts a day back itself
    expect(info.notBefore).toEqual(new Date('2030-01-01T03:04:05Z'));
    const old = await makeCa({ notBefore: new Date(0), notAfter: new Date('9999-12-31T23:59:59Z') });
    const san = { dns: ['broker.local'] };
    const broker = await old.ca.issue({ role: 'broker', subject: { CN: 'broker' }, san, notBefore: new Date(0) });
    expect([old.ca.info.notBefore, broker.info.notBefore]).toEqual([new Date(0), new Date(0)]);
    expect(old.ca.info.notAfter).toEqual(new Date('9999-12-31T23:59:59Z'));
  });

  test('pitfall 3: a device’s key is plain PKCS#8, which every mbedTLS reads', async () => {
    const dir = await tempDir();
    const { paths } = await initPki({ dir, chips: [] });
    for (const path of [paths.device('esp-001').key, paths.mqttClientKey]) {
      expect(await readFile(path, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    }
  });

  test('pitfall 4: no certificate has name constraints, or any other extension than these', async () => {
    const { ca } = await makeCa();
    expect(extensionOids(ca.certificate)).toEqual(['2.5.29.19', '2.5.29.15', '2.5.29.14']);
    for (const role of ROLES) {
      const isServer = role === 'broker' || role === 'ota';
      const san = isServer ? { san: { dns: ['broker.local'] } } : {};
      const { certificate } = await ca.issue({ role, subject: { CN: isServer ? role : `${role}-1` }, ...san });
      const names = isServer ? ['2.5.29.17'] : [];
      const expected = ['2.5.29.19', '2.5.29.15', '2.5.29.37', ...names, '2.5.29.14', '2.5.29.35'];
      expect(extensionOids(certificate)).toEqual(expected);
    }
  });

  test('pitfall 5: a device’s certificate is small and hangs directly below the CA that brokers trust', async () => {
    const tree = await initPki({ dir: await tempDir(), chips: [] });
    const { cert, key } = await tree.device('esp-001');
    expect(derOf(cert).length).toBeLessThanOrEqual(640);
    expect(key.length).toBeLessThanOrEqual(241);
    expect(cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
    expect(parseCertificate(tree.deviceCa).pathLength).toBe(0);
    const root = new X509Certificate(tree.deviceCa);
    expect(new X509Certificate(cert).checkIssued(root)).toBe(true);
    expect(root.checkIssued(root)).toBe(true);
  });

  test('pitfall 6: a common name is a user name of Mosquitto: 1 to 64 harmless characters, and unique', async () => {
    const { ca } = await makeCa();
    for (const CN of ['', 'a'.repeat(65), 'a+', '#', 'a/b', '%u', '%c', 'a b', 'a.b', 'ä', 'a\n', '$SYS']) {
      await rejected(ca.issue({ role: 'device', subject: { CN } }), 'ERR_PKI_NAME');
    }
    await ca.issue({ role: 'device', subject: { CN: 'a'.repeat(64) } });
    await ca.issue({ role: 'device', subject: { CN: 'esp-001' } });
    await rejected(ca.issue({ role: 'operator', subject: { CN: 'esp-001' } }), 'ERR_PKI_NAME');
    await rejected(ca.issue({ role: 'device', subject: { CN: 'ESP-001' } }), 'ERR_PKI_NAME');
    await rejected(
      createCertificateAuthority({ subject: { CN: '' }, roles: ROLES, store: new MemoryPkiStore() }),
      'ERR_PKI_NAME',
    );
    expect(thrown(() => hostsToSan([]), 'ERR_PKI_SAN').field).toBe('san');
  });
});
