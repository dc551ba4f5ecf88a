import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCsr, encryptPrivateKey, KEY_ALGORITHMS, type Role } from '../../src/index.js';
import { type Everything, issueEverything, type IssuedFile } from './issued.js';
import { describeWithMbedtls } from './mbedtls.js';

let everything: Everything;

beforeAll(async () => {
  everything = await issueEverything();
}, 120_000);
afterAll(() => everything.remove());

const isServer = (role: Role): boolean => role === 'broker' || role === 'ota';
/** What mbedTLS compares the expected name with: the host names of a server, the common name of a client. */
const nameOf = ({ role, commonName }: IssuedFile): string => (isServer(role) ? 'broker.example' : commonName);

const NOT_TRUSTED = 'The certificate is not correctly signed by the trusted CA';
const REVOKED = 'The certificate has been revoked (is on a CRL)';
const OTHER_NAME = 'The certificate Common Name (CN) does not match with the expected CN';

describeWithMbedtls('files that the PKI writes', (mbedtls) => {
  test('every certificate is trusted with its CA, its list and its name', async () => {
    for (const issued of everything.certificates) {
      const verdict = await mbedtls.run('verify', issued.ca, issued.path, issued.crl, nameOf(issued));
      expect([issued.what, ...verdict]).toEqual([
        issued.what,
        ...(issued.revoked ? ['refused', REVOKED] : ['trusted']),
      ]);
    }
  }, 60_000);

  test('none is trusted with another CA or under another name', async () => {
    for (const issued of everything.certificates.filter(({ revoked }) => !revoked)) {
      const other = everything.authorities.find(({ path }) => path !== issued.ca)?.path ?? '';
      const stranger = await mbedtls.run('verify', other, issued.path, '-', nameOf(issued));
      expect([issued.what, ...stranger]).toEqual([issued.what, 'refused', NOT_TRUSTED]);
      for (const name of [`${nameOf(issued)}x`, `x.${nameOf(issued)}`, 'evil.example']) {
        const verdict = await mbedtls.run('verify', issued.ca, issued.path, issued.crl, name);
        expect([issued.what, name, ...verdict]).toEqual([issued.what, name, 'refused', OTHER_NAME]);
      }
    }
  }, 60_000);

  test('pitfall 1: an address in a server’s certificate counts from mbedTLS 3.5 on', async () => {
    const { ca, crl, path } = everything.certificates.find(({ role }) => role === 'broker') ?? {};
    const verdict = await mbedtls.run('verify', ca ?? '', path ?? '', crl ?? '', '192.168.178.123');
    expect(verdict).toEqual(mbedtls.isAtLeast(3, 5) ? ['trusted'] : ['refused', OTHER_NAME]);
    expect(await mbedtls.run('verify', ca ?? '', path ?? '', crl ?? '', '192.168.178.124')).toEqual([
      'refused',
      OTHER_NAME,
    ]);
  });

  test('every certificate is good for the uses of its role and for no other', async () => {
    for (const { what, role, path, keyAlgorithm } of everything.certificates) {
      const uses = [
        isServer(role) ? 'serverAuth' : 'clientAuth',
        'digitalSignature',
        ...(keyAlgorithm.startsWith('rsa-') ? ['keyEncipherment'] : []),
      ];
      expect([what, ...(await mbedtls.run('uses', path))]).toEqual([what, ...uses]);
    }
  }, 60_000);

  test('every authority only signs certificates and lists', async () => {
    for (const { what, path } of everything.authorities) {
      const uses = await mbedtls.run('uses', path);
      // without the extension every extended use is allowed, which is what an issuer needs
      expect([what, ...uses]).toEqual([what, 'serverAuth', 'clientAuth', 'keyCertSign', 'cRLSign']);
    }
  });

  test('dates are read as they were meant, up to the end of 9999', async () => {
    const ends: [string, string][] = [
      ['notAfter in 2070', '2070-01-01'],
      ['notAfter in 9999', '9999-12-31'],
      ['the last second of UTCTime', '2049-12-31'],
      ['the first second of GeneralizedTime', '2050-01-01'],
    ];
    for (const [what, end] of ends) {
      const authority = everything.authorities.find((one) => one.what === `a CA, ${what}`);
      const [line] = await mbedtls.run('chain', authority?.path ?? '');
      expect(line).toContain(`1970-01-01..${end}`);
      expect(await mbedtls.run('crl', authority?.crl ?? '')).toEqual([`parsed 0 revoked, until ${end}`]);
    }
  });

  test('revocation lists are read with all their entries', async () => {
    const { paths } = everything.tree;
    expect((await mbedtls.run('crl', paths.deviceCaCrl))[0]).toMatch(/^parsed 2 revoked, until /);
    expect((await mbedtls.run('crl', paths.caCrl))[0]).toMatch(/^parsed 0 revoked, until /);
  });

  test('both roots in one file are read, as a rollover needs it', async () => {
    const { ca, deviceCa } = everything.tree;
    const path = join(everything.dir, 'both.crt');
    await writeFile(path, ca + deviceCa);
    expect(await mbedtls.run('chain', path)).toHaveLength(2);
    for (const issued of everything.certificates.filter(({ what }) => what.startsWith('the tree’s'))) {
      expect(await mbedtls.run('verify', path, issued.path, '-', nameOf(issued))).toEqual(['trusted']);
    }
  });

  describe('keys and requests', () => {
    test.each(KEY_ALGORITHMS)('%s', async (algorithm) => {
      const { pem } = everything.keys[algorithm];
      const bits = /\d+$/.exec(algorithm)?.[0] ?? '';
      const kind = algorithm.startsWith('ec-') ? 'EC' : 'RSA';
      const keyPath = join(everything.dir, `${algorithm}.key`);
      await writeFile(keyPath, pem, { mode: 0o600 });
      expect(await mbedtls.run('key', keyPath)).toEqual([`parsed ${kind} ${bits.replace(/^p/, '')}`]);
      const csrPath = join(everything.dir, `${algorithm}.csr`);
      await writeFile(csrPath, await createCsr({ key: pem, subject: { O: 'secure-esp', CN: 'esp-001' } }));
      expect(await mbedtls.run('csr', csrPath)).toEqual([`parsed O=secure-esp, CN=esp-001, ${kind} ${bits}`]);
    });

    test('firmware keys', async () => {
      expect(await mbedtls.run('key', everything.tree.paths.firmwareKeys['v1-ecdsa-p256'])).toEqual(['parsed EC 256']);
      const path = everything.tree.paths.firmwareKeys['v2-rsa-3072'];
      expect(await mbedtls.run('key', path)).toEqual(['parsed RSA 3072']);
    });

    test('pitfall 3: an encrypted key is not readable before mbedTLS 3.5', async () => {
      const path = join(everything.dir, 'encrypted.key');
      const { pem } = everything.keys['ec-p256'];
      await writeFile(path, await encryptPrivateKey(pem, 'correct horse', { iterations: 100_000 }), { mode: 0o600 });
      const [line = ''] = await mbedtls.run('key', path, 'correct horse');
      if (mbedtls.isAtLeast(3, 6)) expect(line).toBe('parsed EC 256');
      else expect(line).toMatch(/^error -0x[0-9a-f]{4} key: /);
      expect((await mbedtls.run('key', path, 'wrong horse'))[0]).toMatch(/^error /);
    });
  });
});
