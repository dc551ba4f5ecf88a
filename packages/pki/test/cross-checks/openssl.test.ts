import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithOpenssl, openssl } from '../support/tools.js';
import { type Everything, issueEverything, type IssuedFile } from './issued.js';

let everything: Everything;

beforeAll(async () => {
  everything = await issueEverything();
}, 120_000);
afterAll(() => everything.remove());

const STRICT = ['verify', '-x509_strict', '-check_ss_sig', '-crl_check'];
const PURPOSES = ['sslclient', 'sslserver', 'crlsign', 'smimesign', 'smimeencrypt', 'timestampsign'];

const purposeOf = ({ role }: IssuedFile): string =>
  role === 'device' || role === 'operator' ? 'sslclient' : 'sslserver';

function verified({ path, crl }: IssuedFile, ca: string, ...more: string[]): boolean {
  return openssl([...STRICT, ...more, '-CAfile', ca, '-CRLfile', crl, path]).ok;
}

describeWithOpenssl('openssl verify -x509_strict, with the revocation list', () => {
  test('accepts everything that is issued for its purpose and for no other', () => {
    for (const issued of everything.certificates.filter(({ revoked }) => !revoked)) {
      const accepted = PURPOSES.filter((purpose) => verified(issued, issued.ca, '-purpose', purpose));
      expect([issued.what, accepted]).toEqual([issued.what, [purposeOf(issued)]]);
    }
  }, 120_000);

  test('accepts nothing with another CA', () => {
    const cas = everything.authorities.map(({ path }) => path);
    for (const issued of everything.certificates) {
      const other = cas.find((ca) => ca !== issued.ca) ?? '';
      expect([issued.what, verified(issued, other)]).toEqual([issued.what, false]);
    }
  }, 60_000);

  test('refuses what is revoked', () => {
    const revoked = everything.certificates.filter((issued) => issued.revoked);
    expect(revoked).toHaveLength(1);
    for (const issued of revoked) {
      const { output } = openssl([...STRICT, '-CAfile', issued.ca, '-CRLfile', issued.crl, issued.path]);
      expect(output).toContain('error 23');
    }
  });

  test('knows servers by each of their names and addresses, and by no other', () => {
    const servers = everything.certificates.filter((issued) => purposeOf(issued) === 'sslserver');
    for (const issued of servers) {
      const good = [
        ['-verify_hostname', 'localhost'],
        ['-verify_hostname', 'broker.example'],
        ['-verify_ip', '192.168.178.123'],
        ['-verify_ip', 'fe80::1'],
      ];
      const bad = [
        ['-verify_hostname', issued.commonName],
        ['-verify_hostname', 'x.broker.example'],
        ['-verify_ip', '192.168.178.124'],
      ];
      const accepts = (name: string[]): boolean => verified(issued, issued.ca, ...name);
      expect([issued.what, good.map(accepts), bad.map(accepts)]).toEqual([
        issued.what,
        [true, true, true, true],
        [false, false, false],
      ]);
    }
  }, 60_000);

  test('verifies every authority by itself, and its revocation list', () => {
    for (const { what, path, crl } of everything.authorities) {
      const own = openssl(['verify', '-x509_strict', '-check_ss_sig', '-purpose', 'crlsign', '-CAfile', path, path]);
      const list = openssl(['crl', '-in', crl, '-CAfile', path, '-noout']);
      expect([what, own.ok, list.output]).toEqual([what, true, 'verify OK\n']);
    }
  }, 60_000);
});
