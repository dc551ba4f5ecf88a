// One contestant in a process of its own:  node contestant.mjs NAME COUNT
// Prints { count, cpuSeconds, wallSeconds, certificate, key }; the last pair, so that the caller can check it.
import { createECDH, generateKeyPairSync, sign, verify } from 'node:crypto';
import { performance } from 'node:perf_hooks';

const SUBJECT = { O: 'secure-esp', CN: 'esp' };

async function ours() {
  const pki = await import('@secure-esp/pki');
  const { ca } = await pki.createCertificateAuthority({
    subject: { CN: 'CA' },
    roles: ['device'],
    store: new pki.MemoryPkiStore(),
  });
  return { pki, ca };
}

/** What no issuer can do without, by node:crypto: a key and a signature. */
function limit({ verified }) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const tbs = Buffer.alloc(400, 7);
  return () => {
    createECDH('prime256v1').generateKeys();
    const signature = sign('sha256', tbs, privateKey);
    if (verified && !verify('sha256', tbs, publicKey, signature)) throw new Error('a signature does not verify');
    return {};
  };
}

const CONTESTANTS = {
  limit: () => limit({ verified: false }),
  'limit-verified': () => limit({ verified: true }),
  ours: async () => {
    const { ca } = await ours();
    return async (index) => {
      const { certificate, privateKey } = await ca.issue({
        role: 'device',
        subject: { ...SUBJECT, CN: `esp-${String(index)}` },
      });
      return { certificate, key: privateKey };
    };
  },
  'ours-csr': async () => {
    const { pki, ca } = await ours();
    return async (index) => {
      const subject = { ...SUBJECT, CN: `esp-${String(index)}` };
      const key = await pki.generatePrivateKey('ec-p256');
      const csr = await pki.createCsr({ key: key.keyObject, subject });
      const { certificate } = await ca.issueFromCsr({ csr, role: 'device', subject });
      return { certificate, key: key.pem };
    };
  },
  peculiar: async () => {
    await import('reflect-metadata');
    const x509 = await import('@peculiar/x509');
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const { subtle } = globalThis.crypto;
    const issuer = await subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const hours = (count) => new Date(Date.now() + count * 3_600_000);
    return async (index) => {
      const name = `O=secure-esp, OU=device, CN=esp-${String(index)}`;
      const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const csr = new x509.Pkcs10CertificateRequest(
        (await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm })).rawData,
      );
      if (!(await csr.verify())) throw new Error('a request does not verify');
      const certificate = await x509.X509CertificateGenerator.create({
        subject: csr.subject,
        issuer: 'CN=CA',
        notBefore: hours(-24),
        notAfter: hours(24 * 3650),
        publicKey: csr.publicKey,
        signingKey: issuer.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
          await x509.SubjectKeyIdentifierExtension.create(csr.publicKey),
          await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
        ],
      });
      const pkcs8 = await subtle.exportKey('pkcs8', keys.privateKey);
      return { certificate: certificate.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
    };
  },
};

const [name, text] = process.argv.slice(2);
const count = Number(text);
const issue = await CONTESTANTS[name]();
let last = {};
for (let index = 0; index < count / 5; index++) last = await issue(`warm-up-${String(index)}`);
const cpu = process.cpuUsage();
const startMs = performance.now();
for (let index = 0; index < count; index++) last = await issue(index);
const wallSeconds = (performance.now() - startMs) / 1000;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ count, cpuSeconds: (user + system) / 1e6, wallSeconds, ...last }));
