import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  CertificateAuthority,
  createCertificateAuthority,
  initPki,
  keySigner,
  MemoryPkiStore,
} from '../../src/index.js';
import { treePaths } from '../../src/tree/tree-paths.js';
import { tempDir } from '../support/temp-dir.js';
import { contents } from '../support/tree-files.js';
import { rejected } from '../support/thrown.js';
import { describeWithOpenssl, openssl } from '../support/tools.js';

const STRICT = ['verify', '-x509_strict', '-check_ss_sig'];

describeWithOpenssl('openssl verify -x509_strict', () => {
  test('the tree’s certificates are good for their purpose and for nothing else', async () => {
    const dir = await tempDir();
    const { paths } = await initPki({ dir, hosts: ['localhost', '192.168.178.123', 'fe80::1'], chips: [] });
    const device = paths.device('esp-001').cert;
    const verify = (ca: string, certificate: string, ...more: string[]): boolean =>
      openssl([...STRICT, ...more, '-CAfile', ca, certificate]).ok;

    const rows: [certificate: string, ca: string, purpose: string, good: boolean][] = [];
    for (const server of [paths.brokerCert, paths.otaCert]) {
      rows.push([server, paths.caCert, 'sslserver', true], [server, paths.caCert, 'sslclient', false]);
      rows.push([server, paths.caCert, 'crlsign', false], [server, paths.deviceCaCert, 'sslserver', false]);
    }
    rows.push(
      [paths.operatorCert, paths.caCert, 'sslclient', true],
      [paths.operatorCert, paths.caCert, 'sslserver', false],
    );
    rows.push([paths.operatorCert, paths.deviceCaCert, 'sslclient', false], [device, paths.caCert, 'sslclient', false]);
    rows.push([device, paths.deviceCaCert, 'sslclient', true], [device, paths.deviceCaCert, 'sslserver', false]);
    rows.push([device, paths.deviceCaCert, 'crlsign', false]);
    for (const [certificate, ca, purpose, good] of rows) {
      expect([certificate, purpose, verify(ca, certificate, '-purpose', purpose)]).toEqual([
        certificate,
        purpose,
        good,
      ]);
    }
    expect(verify(paths.caCert, paths.caCert, '-purpose', 'crlsign')).toBe(true);
    expect(verify(paths.deviceCaCert, paths.deviceCaCert)).toBe(true);
    for (const good of ['192.168.178.123', 'fe80::1']) {
      expect(verify(paths.caCert, paths.brokerCert, '-verify_ip', good)).toBe(true);
    }
    expect(verify(paths.caCert, paths.brokerCert, '-verify_hostname', 'localhost')).toBe(true);
    expect(
      openssl([...STRICT, '-verify_ip', '192.168.178.124', '-CAfile', paths.caCert, paths.brokerCert]).output,
    ).toContain('error 64');
    expect(verify(paths.caCert, paths.brokerCert, '-verify_hostname', 'broker')).toBe(false);
  });

  test('RSA authorities and leaves, and dates past 2049, are good too', async () => {
    const dir = await tempDir();
    const store = new MemoryPkiStore();
    const notAfter = new Date('2070-01-01T00:00:00Z');
    const made = await createCertificateAuthority({
      subject: { CN: 'RSA CA' },
      keyAlgorithm: 'rsa-2048',
      roles: ['device'],
      store,
      notAfter,
    });
    const ca = CertificateAuthority.open({
      certificate: made.ca.certificate,
      signer: keySigner(made.privateKey ?? ''),
      roles: ['device'],
      store,
    });
    const leaf = await ca.issue({ role: 'device', subject: { CN: 'x' }, keyAlgorithm: 'rsa-2048', notAfter });
    await writeFile(join(dir, 'ca.crt'), ca.certificate);
    await writeFile(join(dir, 'x.crt'), leaf.certificate);
    const args = [...STRICT, '-purpose', 'sslclient', '-CAfile', join(dir, 'ca.crt'), join(dir, 'x.crt')];
    expect(openssl(args).output).toContain('OK');
  });

  test('openssl reads every key in the encoding its user needs', async () => {
    const dir = await tempDir();
    const { paths } = await initPki({ dir, chips: ['esp32', 'esp32s3', 'esp32c6'] });
    for (const path of [paths.caKey, paths.brokerKey, paths.releaseKey, paths.device('esp-001').key]) {
      expect(openssl(['pkey', '-in', path, '-check', '-noout']).output).toContain('valid');
    }
    for (const scheme of ['v1-ecdsa-p256', 'v2-ecdsa-p256'] as const) {
      expect(openssl(['ec', '-in', paths.firmwareKeys[scheme], '-check', '-noout']).output).toContain('EC Key valid');
    }
    const rsa = openssl(['rsa', '-in', paths.firmwareKeys['v2-rsa-3072'], '-check', '-noout', '-text']).output;
    expect(rsa).toContain('RSA key ok');
    expect(rsa).toContain('3072 bit');
  }, 60_000);

  test('a CA of the kind openssl makes without configuration is refused, and stays as it is', async () => {
    const dir = await tempDir();
    const { caCert, caKey } = treePaths(dir);
    await mkdir(join(dir, 'ca', 'certs'), { recursive: true });
    await mkdir(join(dir, 'ca', 'keys'));
    const args = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=10.0.0.1',
      '-keyout',
      caKey,
      '-out',
      caCert,
    ];
    expect(openssl(args).ok).toBe(true);
    const before = await contents(dir);
    const error = await rejected(initPki({ dir }), 'ERR_PKI_NOT_CA');
    expect(error.path).toBe(caCert);
    expect(await contents(dir)).toEqual(before);
  });

  test('a firmware key made by `openssl ecparam` is taken over', async () => {
    const dir = await tempDir();
    const path = join(dir, 'secure_boot_signing_key.pem');
    expect(openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path]).ok).toBe(true);
    const key = await readFile(path, 'utf8');
    const tree = await initPki({ dir });
    expect(await tree.firmwareKey('v1-ecdsa-p256')).toBe(key);
  });
});
