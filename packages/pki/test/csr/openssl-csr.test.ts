import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createCsr,
  type CsrField,
  encryptPrivateKey,
  generatePrivateKey,
  decryptPrivateKey,
  KEY_ALGORITHMS,
  MemoryPkiStore,
  parseCsr,
} from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { thrown } from '../support/thrown.js';
import { describeWithOpenssl, openssl } from '../support/tools.js';

const STRICT = ['verify', '-x509_strict', '-check_ss_sig'];
const SAN = ['-addext', 'subjectAltName=DNS:wished.example,IP:10.0.0.1,email:a@b.example'];

async function makeCa(keyAlgorithm: 'ec-p256' | 'ec-p384' = 'ec-p256'): Promise<CertificateAuthority> {
  const store = new MemoryPkiStore();
  const roles = ['device', 'operator', 'broker'] as const;
  const { ca } = await createCertificateAuthority({ subject: { CN: 'test CA' }, roles, store, keyAlgorithm });
  return ca;
}

/** The text of a request made by `openssl req`. */
async function opensslRequest(newKey: string[], ...more: string[]): Promise<string> {
  const dir = await tempDir();
  const path = join(dir, 'req.pem');
  const args = ['req', '-new', '-nodes', '-subj', '/C=SE/O=Acme/CN=esp-001', '-keyout', join(dir, 'key.pem')];
  const made = openssl([...args, '-out', path, ...newKey, ...more]);
  if (!made.ok) throw new Error(`openssl req failed: ${made.output}`);
  return readFile(path, 'utf8');
}

const EC = (curve: string): string[] => ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${curve}`];

describeWithOpenssl('requests made by openssl req', () => {
  test.each([
    ['P-256', EC('P-256'), 'ec-p256', 'ecdsa-sha256'],
    ['P-384', [...EC('P-384'), '-sha384'], 'ec-p384', 'ecdsa-sha384'],
    ['RSA-2048', ['-newkey', 'rsa:2048'], 'rsa-2048', 'rsa-sha256'],
    ['RSA-3072', ['-newkey', 'rsa:3072', '-sha512'], 'rsa-3072', 'rsa-sha512'],
  ])(
    'of %s become certificates that verify for their purpose and no other',
    async (_what, newKey, algorithm, signature) => {
      const ca = await makeCa(algorithm === 'ec-p384' ? 'ec-p384' : 'ec-p256');
      const csr = await opensslRequest(newKey, ...SAN, '-addext', 'keyUsage=critical,digitalSignature');
      expect(parseCsr(csr)).toMatchObject({
        subject: { C: 'SE', O: 'Acme', CN: 'esp-001' },
        requestedSan: { dns: ['wished.example'], ip: ['10.0.0.1'], others: 1 },
        keyAlgorithm: algorithm,
        signatureAlgorithm: signature,
      });
      const device = await ca.issueFromCsr({ csr, role: 'device', takeCommonName: true });
      const san = { dns: ['broker.local'], ip: ['192.168.178.123'] };
      const broker = await ca.issueFromCsr({ csr, role: 'broker', subject: { CN: 'broker' }, san });
      const dir = await tempDir();
      const [caPath, devicePath, brokerPath] = [join(dir, 'ca.crt'), join(dir, 'device.crt'), join(dir, 'broker.crt')];
      await writeFile(caPath, ca.certificate);
      await writeFile(devicePath, device.certificate);
      await writeFile(brokerPath, broker.certificate);
      const verify = (path: string, ...more: string[]): string =>
        openssl([...STRICT, '-CAfile', caPath, ...more, path]).output.trim();
      expect(verify(caPath)).toBe(`${caPath}: OK`);
      expect(verify(devicePath, '-purpose', 'sslclient')).toBe(`${devicePath}: OK`);
      expect(verify(devicePath, '-purpose', 'sslserver')).toContain('error 26');
      expect(verify(brokerPath, '-purpose', 'sslserver', '-verify_hostname', 'broker.local')).toBe(`${brokerPath}: OK`);
      expect(verify(brokerPath, '-verify_hostname', 'wished.example')).toContain('error 62');
      expect(verify(brokerPath, '-purpose', 'sslclient')).toContain('error 26');
    },
    60_000,
  );

  test('with a challenge password and other attributes are accepted', async () => {
    const dir = await tempDir();
    const config = join(dir, 'req.cnf');
    await writeFile(
      config,
      [
        '[req]',
        'prompt = no',
        'distinguished_name = dn',
        'attributes = attrs',
        'req_extensions = ext',
        '[dn]',
        'CN = esp-001',
        'emailAddress = a@b.example',
        '[attrs]',
        'challengePassword = let me in',
        'unstructuredName = Acme',
        '[ext]',
        'basicConstraints = CA:FALSE',
        'extendedKeyUsage = clientAuth',
        'subjectKeyIdentifier = hash',
        '',
      ].join('\n'),
    );
    const path = join(dir, 'req.pem');
    const args = ['req', '-new', '-nodes', '-config', config, '-keyout', join(dir, 'key.pem'), '-out', path];
    expect(openssl([...args, ...EC('P-256')]).ok).toBe(true);
    expect(openssl(['req', '-in', path, '-noout', '-text']).output).toContain('challengePassword');
    const info = parseCsr(await readFile(path, 'utf8'));
    expect([info.subject, info.requestedSan]).toEqual([{ CN: 'esp-001' }, { dns: [], ip: [], others: 0 }]);
    // the same request as DER
    expect(openssl(['req', '-in', path, '-outform', 'DER', '-out', `${path}.der`]).ok).toBe(true);
    expect(parseCsr(await readFile(`${path}.der`)).spki.equals(info.spki)).toBe(true);
  });

  const refused: [what: string, field: CsrField, newKey: string[], more: string[]][] = [
    ['RSA-1024', 'publicKey', ['-newkey', 'rsa:1024'], []],
    ['secp256k1', 'publicKey', EC('secp256k1'), []],
    ['explicit curve parameters', 'publicKey', [...EC('P-256'), '-pkeyopt', 'ec_param_enc:explicit'], []],
    ['Ed25519', 'signatureAlgorithm', ['-newkey', 'ed25519'], []],
    ['SHA-1', 'signatureAlgorithm', EC('P-256'), ['-sha1']],
    ['MD5', 'signatureAlgorithm', ['-newkey', 'rsa:2048'], ['-md5']],
    ['RSA-PSS signatures', 'signatureAlgorithm', ['-newkey', 'rsa:2048'], ['-sigopt', 'rsa_padding_mode:pss']],
    ['a CA', 'extensions', EC('P-256'), ['-addext', 'basicConstraints=critical,CA:TRUE']],
    ['an unknown critical extension', 'extensions', EC('P-256'), ['-addext', '1.2.3.4=critical,DER:0500']],
  ];
  test.each(refused)('with %s are refused: %s', async (_what, field, newKey, more) => {
    const csr = await opensslRequest(newKey, ...more);
    expect(thrown(() => parseCsr(csr), 'ERR_PKI_CSR').field).toBe(field);
  });

  test('openssl req -verify accepts ours, of every key', async () => {
    const dir = await tempDir();
    for (const algorithm of KEY_ALGORITHMS) {
      const { pem } = await generatePrivateKey(algorithm);
      const key = await decryptPrivateKey(await encryptPrivateKey(pem, 'at least eight'), 'at least eight');
      for (const san of [undefined, { dns: ['a.example'], ip: ['::1'] }]) {
        const path = join(dir, `${algorithm}.csr`);
        await writeFile(path, await createCsr({ key, subject: { CN: 'esp-001', O: 'Åå €' }, ...(san ? { san } : {}) }));
        const { output } = openssl(['req', '-in', path, '-verify', '-noout', '-text']);
        expect(output).toContain('verify OK');
        expect(output.includes('DNS:a.example, IP Address:0:0:0:0:0:0:0:1')).toBe(san !== undefined);
      }
    }
  }, 60_000);
});
