import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { isBrokerError, type BrokerTls } from '../src/index.js';
import { checkTls } from '../src/tls.js';
import { createTestCertificates, type TestCertificates } from './support/certificates.js';
import { temporaryFolder } from './support/temporary.js';
import { describeWith } from './support/tools.js';

const dir = temporaryFolder();
let certificates: TestCertificates;
let tls: BrokerTls;

describeWith(['openssl'], 'TLS material', () => {
  beforeAll(() => {
    certificates = createTestCertificates(join(dir, 'pki'));
    tls = { ...certificates.broker, operatorCa: certificates.ca, deviceCa: certificates.deviceCa };
  });

  test('is accepted with one or more certificates per CA and with revocation lists', () => {
    checkTls(tls);
    checkTls({ ...tls, cert: `${tls.cert}\n${certificates.ca}`, deviceCrl: certificates.deviceCrl([]) });
  });

  test.each<[string, string, () => Partial<BrokerTls>]>([
    ['an empty operators’ CA: Node would trust the public CAs', 'operatorCa', () => ({ operatorCa: '' })],
    ['an empty devices’ CA', 'deviceCa', () => ({ deviceCa: '\n' })],
    ['a CA that is no PEM', 'deviceCa', () => ({ deviceCa: 'no certificate' })],
    ['a damaged CA', 'deviceCa', () => ({ deviceCa: certificates.deviceCa.replace(/\n[^-\n]{10}/, '\n!!!!!!!!!!') })],
    [
      'a device’s certificate in the place of a CA',
      'deviceCa',
      () => ({ deviceCa: certificates.device('esp-001').cert }),
    ],
    ['one CA for both roles', 'different', () => ({ deviceCa: certificates.ca })],
    ['CAs that overlap', 'different', () => ({ deviceCa: `${certificates.deviceCa}\n${certificates.ca}` })],
    ['a key of another certificate', 'cert and key', () => ({ key: certificates.operator.key })],
    ['a key that is none', 'cert and key', () => ({ key: 'secret' })],
    ['an empty revocation list', 'deviceCrl', () => ({ deviceCrl: '' })],
    [
      'a truncated revocation list',
      'operatorCrl',
      () => ({ operatorCrl: `${certificates.deviceCrl([]).slice(0, 120)}\n-----END X509 CRL-----` }),
    ],
  ])('is refused: %s', (_what, named, change) => {
    let failure: unknown;
    try {
      checkTls({ ...tls, ...change() });
    } catch (error) {
      failure = error;
    }
    expect(isBrokerError(failure) && failure.code).toBe('bad_tls');
    expect((failure as Error).message).toContain(named);
    expect((failure as Error).message).not.toMatch(/BEGIN|secret/);
  });
});
