import { describe, expect, test } from 'vitest';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createCsr,
  generatePrivateKey,
  keySigner,
  MemoryPkiStore,
  type Role,
} from '../../src/index.js';
import { sequence } from '../../src/asn1/der.js';
import { decodePem } from '../../src/pem.js';
import { csrOf } from '../support/csr-parts.js';
import { rejected } from '../support/thrown.js';

const now = (): Date => new Date('2030-01-02T03:04:05Z');

async function makeCa(roles: readonly Role[] = ['device', 'broker']): Promise<CertificateAuthority> {
  const store = new MemoryPkiStore();
  const { ca } = await createCertificateAuthority({ subject: { CN: 'test CA' }, roles, store, now });
  return ca;
}

describe('a certificate for a request', () => {
  test.each(['ec-p256', 'ec-p384', 'rsa-2048'] as const)(
    'has the %s key of the request and the names of the caller',
    async (algorithm) => {
      const ca = await makeCa();
      const { keyObject, pem } = await generatePrivateKey(algorithm);
      const csr = await createCsr({
        key: pem,
        subject: { C: 'SE', O: 'Wished', OU: 'operator', CN: 'admin' },
        san: { dns: ['bank.example'] },
      });
      const issued = await ca.issueFromCsr({ csr, role: 'device', subject: { CN: 'esp-001' }, days: 30 });
      expect(issued.privateKey).toBeUndefined();
      expect(issued.info).toMatchObject({
        subject: { CN: 'esp-001', OU: 'device' },
        san: { dns: [], ip: [] },
        role: 'device',
        keyAlgorithm: algorithm,
        keyUsage: algorithm === 'rsa-2048' ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'],
        extKeyUsage: ['clientAuth'],
        notAfter: new Date('2030-02-01T03:04:05Z'),
      });
      const der = decodePem(issued.certificate, ['CERTIFICATE']).der;
      for (const wished of ['Wished', 'bank.example', 'admin', 'operator']) expect(der.includes(wished)).toBe(false);
      expect(der.includes(keySigner(keyObject).spki)).toBe(true);
    },
  );

  test('may take the common name, after the rules of the role', async () => {
    const ca = await makeCa();
    const { keyObject: key } = await generatePrivateKey('ec-p256');
    const request = (CN: string): Promise<string> => createCsr({ key, subject: { O: 'Wished', CN } });
    const taken = await ca.issueFromCsr({ csr: await request('esp-001'), role: 'device', takeCommonName: true });
    expect(taken.info.subject).toEqual({ CN: 'esp-001', OU: 'device' });
    const organised = await ca.issueFromCsr({
      csr: await request('esp-001'),
      role: 'device',
      takeCommonName: true,
      subject: { O: 'Acme' },
    });
    expect(organised.info.subject).toEqual({ CN: 'esp-001', O: 'Acme', OU: 'device' });
    for (const CN of ['operator', 'a/b', '#', 'ESP-001']) {
      const csr = await request(CN);
      await rejected(ca.issueFromCsr({ csr, role: 'device', takeCommonName: true }), 'ERR_PKI_NAME');
    }
  });

  test('never has a name nobody decided on', async () => {
    const ca = await makeCa();
    const { keyObject: key } = await generatePrivateKey('ec-p256');
    const csr = await createCsr({ key, subject: { CN: 'esp-001' } });
    const undecided = await rejected(ca.issueFromCsr({ csr, role: 'device' }), 'ERR_PKI_OPTION');
    expect(undecided.field).toBe('subject');
    const both = ca.issueFromCsr({ csr, role: 'device', subject: { CN: 'esp-002' }, takeCommonName: true });
    expect((await rejected(both, 'ERR_PKI_OPTION')).field).toBe('takeCommonName');
    const nameless = csrOf(key, { subject: sequence() });
    const none = ca.issueFromCsr({ csr: nameless, role: 'device', takeCommonName: true });
    expect((await rejected(none, 'ERR_PKI_CSR')).field).toBe('subject');
  });

  test('names hosts only when the caller does, and a server must name some', async () => {
    const ca = await makeCa();
    const { keyObject: key } = await generatePrivateKey('ec-p256');
    const csr = await createCsr({ key, subject: { CN: 'broker' }, san: { dns: ['bank.example'] } });
    await rejected(ca.issueFromCsr({ csr, role: 'broker', takeCommonName: true }), 'ERR_PKI_SAN');
    const san = { dns: ['broker.local'] };
    const issued = await ca.issueFromCsr({ csr, role: 'broker', takeCommonName: true, san });
    expect(issued.info.san).toEqual({ dns: ['broker.local'], ip: [] });
    await rejected(ca.issueFromCsr({ csr, role: 'device', subject: { CN: 'x' }, san }), 'ERR_PKI_SAN');
    await rejected(ca.issueFromCsr({ csr, role: 'operator', subject: { CN: 'x' } }), 'ERR_PKI_ROLE');
  });

  test('is refused, and not recorded, for a bad request or the CA’s own key', async () => {
    const store = new MemoryPkiStore();
    const { ca, privateKey = '' } = await createCertificateAuthority({
      subject: { CN: 'test CA' },
      roles: ['device'],
      store,
      now,
    });
    const subject = { CN: 'esp-001' };
    const own = await createCsr({ key: privateKey, subject });
    expect((await rejected(ca.issueFromCsr({ csr: own, role: 'device', subject }), 'ERR_PKI_CSR')).field).toBe(
      'publicKey',
    );
    const damaged = Buffer.from(decodePem(own, ['CERTIFICATE REQUEST']).der);
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
    expect((await rejected(ca.issueFromCsr({ csr: damaged, role: 'device', subject }), 'ERR_PKI_CSR')).field).toBe(
      'signature',
    );
    await store.claimName('esp-001', 'operator');
    const records = [];
    for await (const record of store.list({ role: 'device' })) records.push(record);
    expect(records).toEqual([]);
  });
});
