import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPki } from '@secure-esp/pki';
import { expect, test } from 'vitest';
import { hasTools, temporaryFolder } from './support/environment.js';
import { runCli, runProgram, startCli } from './support/program.js';

/** 500 in every run, 10,000 in a deep one. */
const DEVICES = Number(process.env['SECURE_ESP_BATCH_DEVICES'] ?? 500);
const KILLS = 5;
const SAMPLE = 20;

interface Summary {
  devices: number;
  issued: number;
  existing: number;
  revoked: string[];
}

/** Device folders that are there, whole or not. */
const folders = async (dir: string): Promise<string[]> =>
  (await readdir(join(dir, '.secure-esp/devices')).catch(() => [])).filter((name) => !name.startsWith('.'));

/** Every pair matches, every certificate is recorded, no serial number and no key is there twice. */
async function checkFleet(dir: string, count: number): Promise<string[]> {
  const tree = await openPki(join(dir, '.secure-esp'));
  const names = await tree.devices();
  expect(names).toHaveLength(count);
  const certificates = new Set<string>();
  const keys = new Set<string>();
  for (const name of names) {
    // throws unless the key is the certificate's and the CA has signed it for this name
    const { cert, key } = await tree.device(name);
    certificates.add(cert);
    keys.add(key);
  }
  expect([certificates.size, keys.size]).toEqual([count, count]);
  const serials = new Set<string>();
  for await (const { serial, certificate, commonName } of tree.inventory({ role: 'device' })) {
    serials.add(serial);
    expect(certificates).toContain(certificate);
    expect(names).toContain(commonName);
  }
  expect(serials.size).toBe(count);
  return [...names];
}

test(`a batch of ${DEVICES} devices that is killed ${KILLS} times is completed by the next run`, async () => {
  const dir = await temporaryFolder();
  expect((await runCli(['pki', 'init', '--host', 'localhost'], dir)).code).toBe(0);
  // `pki init` has made one device
  const [first] = await folders(dir);
  const command = ['pki', 'issue', '--count', String(DEVICES), '--json'];
  let killed = 0;
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const { child, ended } = startCli(command, dir);
    const enough = Math.floor((DEVICES * kill) / (KILLS + 1));
    const run = { ended: false };
    void ended.then(() => (run.ended = true));
    // groups come all at once: this hits the writing of a later one, wherever it is then
    while (!run.ended && (await folders(dir)).length < enough) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    if ((await ended) === 128) killed += 1;
    for (const name of await folders(dir)) {
      expect((await readdir(join(dir, '.secure-esp/devices', name))).sort()).toEqual([
        'ca.crt',
        'client.crt',
        'client.key',
      ]);
    }
  }
  expect(killed).toBeGreaterThan(1);
  const last = await runCli(command, dir);
  expect([last.code, last.output]).toEqual([0, expect.stringContaining('"devices"')]);
  const summary = JSON.parse(last.output.slice(last.output.indexOf('{'))) as Summary;
  expect(summary).toMatchObject({ devices: DEVICES, revoked: [] });
  expect(summary.issued + summary.existing).toBe(DEVICES);
  const names = await checkFleet(dir, DEVICES + 1);
  expect(names).toContain(first);
  expect(names).toContain(`esp-${String(DEVICES).padStart(5, '0')}`);

  const left = await readdir(join(dir, '.secure-esp'), { recursive: true });
  // the lock of a killed run goes when somebody wants it; the last run may have had nothing to write
  expect(left.filter((name) => /tmp|issuing/.test(name))).toEqual([]);
  const again = await runCli(command, dir);
  expect(JSON.parse(again.output.slice(again.output.indexOf('{')))).toMatchObject({ issued: 0, existing: DEVICES });
}, 600_000);

const OPENSSL = hasTools('openssl');

test.skipIf(!OPENSSL)(
  'openssl verifies a sample of a batch, strictly',
  async () => {
    const dir = await temporaryFolder();
    await runCli(['pki', 'init', '--host', 'localhost'], dir);
    expect((await runCli(['pki', 'issue', '--count', '300', '--prefix', 'line-7_'], dir)).code).toBe(0);
    const tree = join(dir, '.secure-esp');
    for (let index = 1; index <= 300; index += Math.floor(300 / SAMPLE)) {
      const certificate = join(tree, 'devices', `line-7_${String(index).padStart(5, '0')}`, 'client.crt');
      const argv = ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile'];
      const { code, output } = await runProgram('openssl', [
        ...argv,
        join(tree, 'device-ca/certs/device-ca.crt'),
        certificate,
      ]);
      expect([code, output]).toEqual([0, `${certificate}: OK\n`]);
      expect(new X509Certificate(await readFile(certificate)).subject).toContain(
        `CN=line-7_${String(index).padStart(5, '0')}`,
      );
    }
  },
  120_000,
);

test('Ctrl-C ends a batch between two groups, with what to do next', async () => {
  const dir = await temporaryFolder();
  await runCli(['pki', 'init', '--host', 'localhost'], dir);
  const program = startCli(['pki', 'issue', '--count', '20000'], dir);
  while ((await folders(dir)).length < 50) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await program.stop('SIGINT')).toBe(130);
  expect(program.output()).toContain('the same command makes the rest');
  const names = await folders(dir);
  expect(names.length).toBeLessThan(20_000);
  await checkFleet(dir, names.length);
  expect((await readdir(join(dir, '.secure-esp'))).filter((name) => name.includes('lock'))).toEqual([]);
}, 120_000);
