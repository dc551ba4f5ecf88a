import { createHash, createPublicKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseCertificateDer, parseCertificatePem } from '../../src/certificate/certificate-info.js';
import { randomSerial } from '../../src/certificate/serial-number.js';
import {
  CertificateAuthority,
  createCertificateAuthority,
  type CreateAuthorityOptions,
  keySigner,
  MemoryPkiStore,
  parseCertificate,
} from '../../src/index.js';
import { decodePem } from '../../src/pem.js';
import { rejected, thrown } from '../support/thrown.js';

const now = (): Date => new Date('2030-01-02T03:04:05Z');

async function makeCa(options: Partial<CreateAuthorityOptions> = {}): ReturnType<typeof createCertificateAuthority> {
  const roles = ['device', 'broker'] as const;
  return createCertificateAuthority({
    subject: { CN: 'test CA' },
    roles,
    store: new MemoryPkiStore(),
    now,
    ...options,
  });
}

describe('a certificate authority', () => {
  test('has critical basicConstraints and keyUsage, a path length and no other powers (pitfall 25)', async () => {
    const { ca, privateKey = '' } = await makeCa();
    expect(ca.info).toMatchObject({ role: 'ca', isCa: true, pathLength: 0, keyUsage: ['keyCertSign', 'cRLSign'] });
    expect(ca.info.notAfter).toEqual(new Date('2049-12-28T03:04:05Z'));
    const der = decodePem(ca.certificate, ['CERTIFICATE']).der.toString('hex');
    expect(der).toContain('0603551d130101ff040830060101ff020100');
    expect(der).toContain('0603551d0f0101ff040403020106');
    const x509 = new X509Certificate(ca.certificate);
    expect(x509.ca).toBe(true);
    expect(x509.verify(createPublicKey(privateKey))).toBe(true);
  });

  test('refuses odd path lengths', async () => {
    for (const pathLength of [-1, 1.5, 9, Number.NaN]) await rejected(makeCa({ pathLength }), 'ERR_PKI_OPTION');
  });

  test('issues leaves that name it byte for byte (pitfall 24)', async () => {
    const { ca } = await makeCa({ subject: { C: 'SE', O: 'Räksmörgås €', CN: 'test CA' } });
    const { certificate } = await ca.issue({ role: 'device', subject: { CN: 'esp-001' } });
    const leaf = parseCertificatePem(certificate);
    const issuer = parseCertificatePem(ca.certificate);
    expect(leaf.x509.raw.includes(issuer.subjectDer)).toBe(true);
    expect(leaf.x509.checkIssued(issuer.x509)).toBe(true);
    expect(leaf.info.authorityKeyId).toBe(issuer.info.subjectKeyId);
    const point = createPublicKey(ca.certificate).export({ type: 'spki', format: 'der' }).subarray(-65);
    expect(issuer.info.subjectKeyId).toBe(createHash('sha1').update(point).digest('hex'));
  });

  test('takes the AKI from the issuer’s SKI extension, not from its key (pitfall 24)', async () => {
    const { ca, privateKey = '' } = await makeCa();
    const parsed = parseCertificatePem(ca.certificate);
    const keyId = parsed.info.subjectKeyId ?? '';
    const foreign = Buffer.from(parsed.x509.raw.toString('hex').replace(keyId, 'ab'.repeat(20)), 'hex');
    const certificate = `-----BEGIN CERTIFICATE-----\n${foreign.toString('base64')}\n-----END CERTIFICATE-----\n`;
    const store = new MemoryPkiStore();
    const other = CertificateAuthority.open({
      certificate,
      signer: keySigner(privateKey),
      roles: ['device'],
      store,
      now,
    });
    const issued = await other.issue({ role: 'device', subject: { CN: 'esp-001' } });
    expect(issued.info.authorityKeyId).toBe('ab'.repeat(20));
  });

  test('issues devices and servers by profile', async () => {
    const { ca } = await makeCa();
    const device = await ca.issue({ role: 'device', subject: { CN: 'esp-001', O: 'Acme' } });
    expect(device.info).toMatchObject({
      role: 'device',
      subject: { CN: 'esp-001', O: 'Acme', OU: 'device' },
      isCa: false,
      keyUsage: ['digitalSignature'],
      extKeyUsage: ['clientAuth'],
      san: { dns: [], ip: [] },
      notBefore: new Date('2030-01-01T03:04:05Z'),
      notAfter: new Date('2039-12-31T03:04:05Z'),
    });
    const der = decodePem(device.certificate, ['CERTIFICATE']).der.toString('hex');
    expect(der).toContain('0603551d130101ff04023000');
    expect(der).toContain('0603551d0f0101ff040403020780');

    const broker = await ca.issue({
      role: 'broker',
      subject: { CN: 'broker' },
      san: { dns: ['localhost'], ip: ['192.168.178.123', 'fe80::1'] },
    });
    expect(broker.info.extKeyUsage).toEqual(['serverAuth']);
    const x509 = new X509Certificate(broker.certificate);
    expect([x509.checkHost('localhost'), x509.checkIP('192.168.178.123'), x509.checkIP('fe80::1')]).not.toContain(
      undefined,
    );
    expect(x509.checkHost('broker')).toBeUndefined();
    expect(x509.checkIP('192.168.178.124')).toBeUndefined();
  });

  test('certifies a given key and then keeps no private key', async () => {
    const { ca } = await makeCa();
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const issued = await ca.issue({ role: 'device', subject: { CN: 'esp-001' }, key: publicKey });
    expect(issued.privateKey).toBeUndefined();
    expect(issued.info).toMatchObject({ keyAlgorithm: 'rsa-2048', keyUsage: ['digitalSignature', 'keyEncipherment'] });
    expect(new X509Certificate(issued.certificate).checkPrivateKey(privateKey)).toBe(true);
  });

  test('refuses weak or foreign keys', async () => {
    const { ca } = await makeCa();
    const keys = [
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }),
      generateKeyPairSync('ed25519'),
    ];
    for (const { publicKey } of keys) {
      await rejected(ca.issue({ role: 'device', subject: { CN: 'esp-001' }, key: publicKey }), 'ERR_PKI_KEY');
    }
  });

  test('an RSA authority works too', async () => {
    const { ca } = await makeCa({ keyAlgorithm: 'rsa-2048' });
    const { certificate } = await ca.issue({ role: 'device', subject: { CN: 'esp-001' } });
    expect(new X509Certificate(certificate).verify(createPublicKey(ca.certificate))).toBe(true);
  });

  test('issues only its own roles', async () => {
    const { ca } = await makeCa({ roles: ['device'] });
    await rejected(ca.issue({ role: 'operator', subject: { CN: 'operator' } }), 'ERR_PKI_ROLE');
    await rejected(ca.issue({ role: 'root' as never, subject: { CN: 'x' } }), 'ERR_PKI_ROLE');
  });

  test('the OU is the role and cannot be chosen', async () => {
    const { ca } = await makeCa();
    const error = await rejected(ca.issue({ role: 'device', subject: { CN: 'x', OU: 'operator' } }), 'ERR_PKI_NAME');
    expect(error.field).toBe('OU');
  });

  test('servers must name their hosts, clients must not', async () => {
    const { ca } = await makeCa();
    await rejected(ca.issue({ role: 'broker', subject: { CN: 'broker' } }), 'ERR_PKI_SAN');
    await rejected(ca.issue({ role: 'device', subject: { CN: 'x' }, san: { dns: ['localhost'] } }), 'ERR_PKI_SAN');
  });

  test('a name belongs to one role and one spelling', async () => {
    const { ca } = await makeCa();
    await ca.issue({ role: 'device', subject: { CN: 'gate' } });
    await ca.issue({ role: 'device', subject: { CN: 'gate' } });
    const san = { dns: ['gate'] };
    const error = await rejected(ca.issue({ role: 'broker', subject: { CN: 'gate' }, san }), 'ERR_PKI_NAME');
    expect(error.message).toContain('the role device');
    await rejected(ca.issue({ role: 'device', subject: { CN: 'Gate' } }), 'ERR_PKI_NAME');
  });

  test('an expired or future authority issues nothing', async () => {
    for (const clock of ['2060-01-01T00:00:00Z', '2029-01-01T00:00:00Z']) {
      let time = now();
      const { ca } = await makeCa({ now: () => time });
      time = new Date(clock);
      await rejected(ca.issue({ role: 'device', subject: { CN: 'x' } }), 'ERR_PKI_EXPIRED');
    }
  });

  test('an explicit end beyond its own is refused, past 2049 is GeneralizedTime', async () => {
    const { ca } = await makeCa({ days: 365 * 40 });
    await rejected(ca.issue({ role: 'device', subject: { CN: 'x' }, days: 365 * 41 }), 'ERR_PKI_VALIDITY');
    const { info, certificate } = await ca.issue({ role: 'device', subject: { CN: 'x' }, days: 365 * 30 });
    expect(info.notAfter.getUTCFullYear()).toBe(2059);
    const der = decodePem(certificate, ['CERTIFICATE']).der;
    expect(der.includes(Buffer.from('\x18\x0f2059'))).toBe(true);
    expect(new X509Certificate(certificate).validTo).toContain('2059');
  });

  test('a signer that signs something else is caught before anybody gets the certificate', async () => {
    const store = new MemoryPkiStore();
    const { privateKey = '' } = await makeCa({ store });
    const good = keySigner(privateKey);
    const lying = { ...good, sign: (tbs: Buffer) => good.sign(Buffer.concat([tbs, Buffer.of(0)])) };
    await rejected(makeCa({ signer: lying, store }), 'ERR_PKI_SIGNER');
    const garbage = { ...good, sign: () => Promise.resolve(Buffer.from('nonsense')) };
    await rejected(makeCa({ signer: garbage, store }), 'ERR_PKI_SIGNER');
    const reason = new Error('the token was pulled');
    const dead = { ...good, sign: () => Promise.reject(reason) };
    expect((await rejected(makeCa({ signer: dead, store }), 'ERR_PKI_SIGNER')).cause).toBe(reason);
    const serials = [];
    for await (const record of store.list()) serials.push(record.serial);
    expect(serials).toHaveLength(1);
  });

  test('does not open with a leaf, an old script’s CA or another key', async () => {
    const { ca, privateKey = '' } = await makeCa();
    const leaf = await ca.issue({ role: 'device', subject: { CN: 'x' } });
    const context = { roles: ['device'] as const, store: new MemoryPkiStore() };
    const open = (certificate: string, key: string) => () =>
      CertificateAuthority.open({ certificate, signer: keySigner(key), ...context });
    thrown(open(leaf.certificate, leaf.privateKey ?? ''), 'ERR_PKI_NOT_CA');
    thrown(open(ca.certificate, leaf.privateKey ?? ''), 'ERR_PKI_KEY');
    thrown(open('nonsense', privateKey), 'ERR_PKI_PEM');
    expect(open(ca.certificate, privateKey)().info.serial).toBe(ca.info.serial);
  });
});

describe('serial numbers (pitfall 24)', () => {
  test.each(['00', 'ff', '80', '7f'])('random bytes of 0x%s give a positive, minimal number of 16 octets', (byte) => {
    const serial = randomSerial((size) => Buffer.alloc(size, byte, 'hex'));
    expect(serial).toHaveLength(16);
    expect(serial.readUInt8(0)).toBeGreaterThanOrEqual(0x40);
    expect(serial.readUInt8(0)).toBeLessThanOrEqual(0x7f);
  });

  test('a source of the wrong length is refused', () => {
    thrown(() => randomSerial(() => Buffer.alloc(15)), 'ERR_PKI_OPTION');
  });

  test('a number that was issued is drawn again, but not for ever', async () => {
    const same = (size: number): Buffer => Buffer.alloc(size, 9);
    const draws = [same(16), same(16)];
    const { ca } = await makeCa({ random: (size) => draws.pop() ?? randomBytes(size) });
    expect(ca.info.serial).toBe('49'.padEnd(32, '09'));
    const issued = await ca.issue({ role: 'device', subject: { CN: 'x' } });
    expect(issued.info.serial).not.toBe(ca.info.serial);

    const stuck = await makeCa({ random: same });
    await rejected(stuck.ca.issue({ role: 'device', subject: { CN: 'x' } }), 'ERR_PKI_STORE');
  });
});

describe('reading certificates', () => {
  test('a certificate with any bit flipped never becomes another trusted one', async () => {
    const { ca } = await makeCa();
    const { certificate } = await ca.issue({ role: 'device', subject: { CN: 'esp-001' } });
    const der = decodePem(certificate, ['CERTIFICATE']).der;
    const issuerKey = createPublicKey(ca.certificate);
    let trusted = 0;
    for (let bit = 0; bit < der.length * 8; bit += 5) {
      const changed = Buffer.from(der);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      try {
        if (parseCertificateDer(changed).x509.verify(issuerKey)) trusted += 1;
      } catch (error) {
        expect(['ERR_PKI_CERTIFICATE', 'ERR_PKI_KEY']).toContain((error as { code?: unknown }).code);
      }
    }
    expect(trusted).toBe(0);
  });

  test('PEM with anything around or beside the block is refused', async () => {
    const { ca } = await makeCa();
    const pem = ca.certificate;
    for (const text of [
      '',
      `x\n${pem}`,
      `${pem}x`,
      pem + pem,
      pem.replace('CERTIFICATE', 'CRL'),
      pem.replace('MII', 'M*I'),
    ]) {
      thrown(() => parseCertificate(text), 'ERR_PKI_PEM');
    }
    expect(parseCertificate(pem.replace(/\n/g, '\r\n')).serial).toBe(ca.info.serial);
  });
});
