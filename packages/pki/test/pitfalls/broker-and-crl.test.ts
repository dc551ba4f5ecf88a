import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { initPki, issueCrl, keySigner, openPki, type Pem, type PkiTree, verifyCrl } from '../../src/index.js';
import { handshake } from '../support/mutual-tls.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected, thrown } from '../support/thrown.js';
import { extensionOids, makeCa } from './support.js';

const DAY_MS = 86_400_000;

const treeOf = async (devices: string[], now?: () => Date): Promise<PkiTree> =>
  initPki({ dir: await tempDir(), devices, chips: [], ...(now === undefined ? {} : { now }) });

describe('pitfalls of brokers and revocation lists', () => {
  test('pitfall 7: whoever reads the list at any moment reads a whole and verified one', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    const tree = await treeOf(ids);
    const read = async (): Promise<Pem> => readFile(tree.paths.deviceCaCrl, 'utf8');
    const done = new AbortController();
    const writing = (): boolean => !done.signal.aborted;
    let reads = 0;
    const reading = (async () => {
      while (writing()) {
        verifyCrl(await read(), tree.deviceCa);
        reads++;
      }
    })();
    for (const commonName of ids) {
      const { revoked, crls } = await tree.revoke({ commonName });
      const onDisk = verifyCrl(await read(), tree.deviceCa);
      expect(onDisk.number).toBe(crls.devices?.info.number);
      for (const { serial } of revoked) expect(onDisk.revoked.has(serial)).toBe(true);
    }
    done.abort();
    await reading;
    expect(reads).toBeGreaterThan(ids.length);
  });

  test('pitfall 8: a list that is over, or of another CA, refuses everybody: neither is ever written', async () => {
    const start = Date.now();
    let now = start;
    const tree = await treeOf(['a'], () => new Date(now));
    const { paths } = tree;
    const opened = await openPki(tree.dir, { now: () => new Date(now) });
    const before = (await opened.crls()).devices?.info;
    now = start + 14 * DAY_MS;
    expect((await opened.refreshCrls()).devices?.info.number).toBe(before?.number);
    now = start + 16 * DAY_MS;
    const renewed = (await opened.refreshCrls()).devices?.info;
    expect(renewed?.number).toBeGreaterThan(before?.number ?? 0n);
    expect(renewed?.nextUpdate.getTime()).toBeGreaterThan(now + 29 * DAY_MS);

    thrown(() => verifyCrl('', tree.deviceCa), 'ERR_PKI_PEM');
    const list = await readFile(paths.deviceCaCrl, 'utf8');
    thrown(() => verifyCrl(list, tree.ca), 'ERR_PKI_CRL');
    const { ca, privateKey = '', store } = await makeCa();
    const past = { certificate: ca.certificate, signer: keySigner(privateKey), store, nextUpdate: new Date(start - 1) };
    await rejected(issueCrl(past), 'ERR_PKI_VALIDITY');
  });

  test('pitfall 9: revocation ends no open connection by itself, and users are told (measured end to end)', async () => {
    const readme = await readFile(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
    expect(readme).toContain('Open connections survive a revocation: end them.');
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'pitfall 10: the list of the one CA that a listener trusts is all that %s needs; another’s refuses everybody',
    async (version) => {
      const tree = await treeOf(['a']);
      const { servers, devices } = await tree.crls();
      const client = await tree.device('a');
      const server = { cert: tree.broker.cert, key: tree.broker.key, ca: tree.deviceCa };
      const visit = (crl: Pem | undefined): Promise<string> =>
        handshake({ server: { ...server, ...(crl === undefined ? {} : { crl }) }, client, version });
      expect(await visit(devices?.crl)).toBe('welcome a');
      expect(await visit(servers?.crl)).toMatch(/^refused/);
    },
  );

  test.skipIf(process.platform === 'win32')(
    'pitfall 11: a broker’s key belongs to who made it, and nobody else reads it; users are told',
    async () => {
      const tree = await treeOf(['a']);
      const { mode, uid } = await stat(tree.broker.keyPath);
      expect([mode & 0o777, uid]).toEqual([0o600, process.getuid?.()]);
      const root = join(import.meta.dirname, '..', '..', '..');
      const advice = await readFile(join(root, 'cli', 'src', 'commands', 'broker-config.ts'), 'utf8');
      expect(advice).toContain('must be able to read');
    },
  );

  test('pitfall 12: no certificate points to an OCSP responder or promises a stapled answer', async () => {
    const tree = await treeOf(['a']);
    const all = [tree.ca, tree.deviceCa, tree.broker.cert, tree.ota.cert, tree.operator.cert];
    for (const certificate of [...all, (await tree.device('a')).cert]) {
      // authorityInfoAccess and tlsfeature
      for (const id of ['1.3.6.1.5.5.7.1.1', '1.3.6.1.5.5.7.1.24']) {
        expect(extensionOids(certificate)).not.toContain(id);
      }
    }
  });
});
