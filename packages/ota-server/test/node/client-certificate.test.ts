import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { clientOfCertificate, readCertificates } from '../../src/index.js';
import * as certificates from '../fixtures/certificates.js';

const authorities = {
  device: readCertificates(certificates.deviceCa, 'device'),
  operator: readCertificates(certificates.serverCa, 'operator'),
};
const clientOf = (pem: string) => clientOfCertificate(new X509Certificate(pem), authorities);

describe('who a certificate is', () => {
  it('takes the role that its CA may give', () => {
    const { cert } = certificates.device;
    const { issuer, serialNumber, validTo } = new X509Certificate(cert);
    const expected = { cn: 'esp-001', role: 'device', issuer, serial: serialNumber, notAfter: new Date(validTo) };
    expect(clientOf(cert)).toEqual(expected);
    expect(clientOf(certificates.operator.cert)).toMatchObject({ cn: 'alice', role: 'operator' });
    expect(clientOf(certificates.broker.cert)).toMatchObject({ role: 'broker' });
    expect(clientOf(certificates.server.cert)).toMatchObject({ role: 'ota' });
  });

  it.each(['deviceAsOperator', 'operatorAsDevice', 'stranger'] as const)(
    'is nobody when the CA may not: %s',
    (name) => {
      expect(clientOf(certificates[name].cert)).toBeUndefined();
    },
  );

  it('is nobody without exactly one name and role', () => {
    expect(clientOf(certificates.deviceCa)).toBeUndefined();
  });

  it('reads bundles, for rotation', () => {
    const bundle = `# two\n${certificates.deviceCa}\n${certificates.serverCa}`;
    expect(readCertificates(bundle, 'ca')).toHaveLength(2);
    for (const pem of ['', 'nothing', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']) {
      expect(() => readCertificates(pem, 'tls.deviceCa')).toThrow('tls.deviceCa');
    }
  });
});
