// What every contestant serves, and the certificates it serves it with: one folder, the same for all.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCertificateAuthority, MemoryPkiStore } from '@secure-esp/pki';

const CACHE = join(import.meta.dirname, '../.cache');

/** Bytes of each file. Random ones, as compressed or signed firmware nearly is. `tiny` is for requests that are not about bytes. */
const FILES = { tiny: 1, brief: 20_000, slow: 400_000, small: 1_500_000, large: 4_000_000 };

/** { folder, www, files: { name: { path, size, sha256 } }, tls: paths of PEM files } */
export async function makeFixture() {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'ota-'));
  const www = join(folder, 'www');
  mkdirSync(www);
  const files = Object.fromEntries(
    Object.entries(FILES).map(([name, size]) => {
      const bytes = randomBytes(size);
      writeFileSync(join(www, `${name}.bin`), bytes);
      return [name, { path: `/${name}.bin`, size, sha256: createHash('sha256').update(bytes).digest('hex') }];
    }),
  );
  return { folder, www, files, tls: await writeCertificates(folder) };
}

/** ECDSA P-256 throughout. */
async function writeCertificates(folder) {
  const { ca } = await createCertificateAuthority({
    subject: { CN: 'bench' },
    roles: ['ota', 'device'],
    store: new MemoryPkiStore(),
  });
  const san = { dns: ['localhost'], ip: ['127.0.0.1'] };
  const server = await ca.issue({ role: 'ota', subject: { CN: 'localhost' }, san });
  const client = await ca.issue({ role: 'device', subject: { CN: 'esp-001' } });
  const write = (name, text) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    ca: write('ca.crt', ca.certificate),
    cert: write('server.crt', server.certificate),
    key: write('server.key', server.privateKey),
    clientCert: write('client.crt', client.certificate),
    clientKey: write('client.key', client.privateKey),
  };
}
