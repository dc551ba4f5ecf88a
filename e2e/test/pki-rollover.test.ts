import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasTools, temporaryFolder } from './support/environment.js';
import {
  asks,
  cli,
  type ClientFiles,
  install,
  openssl,
  type PkiServers,
  publishes,
  startServers,
  tlsArguments,
} from './support/pki-servers.js';
import { runCli, startProgram, type Program } from './support/program.js';

const available = hasTools('mosquitto', 'mosquitto_pub', 'mosquitto_sub', 'openssl', 'curl', 'stdbuf');

interface Status {
  readonly status: readonly { state: string; next: string; remaining: number; superseded: number }[];
}

const deviceFiles = (dir: string, id: string): ClientFiles => ({
  ca: join(dir, 'devices', id, 'ca.crt'),
  cert: join(dir, 'devices', id, 'client.crt'),
  key: join(dir, 'devices', id, 'client.key'),
});
const operatorFiles = (dir: string): ClientFiles => ({
  ca: join(dir, 'ca/certs/ca.crt'),
  cert: join(dir, 'ca/certs/client.crt'),
  key: join(dir, 'ca/keys/client.key'),
});

/** Every certificate and list in the tree, by OpenSSL: chain, purpose, strictness and revocation. */
async function verifyTree(dir: string): Promise<void> {
  const verify = ['verify', '-x509_strict', '-check_ss_sig', '-crl_check'];
  const ca = join(dir, 'ca/certs/ca.crt');
  const servers = [...verify, '-CAfile', ca, '-CRLfile', join(dir, 'ca/crl/ca.crl')];
  for (const name of ['server.crt', 'update_cert.pem']) {
    await openssl(...servers, '-purpose', 'sslserver', '-verify_hostname', 'localhost', join(dir, 'ca/certs', name));
  }
  await openssl(...servers, '-purpose', 'sslclient', join(dir, 'ca/certs/client.crt'));
  const deviceCa = join(dir, 'device-ca/certs/device-ca.crt');
  const devices = [...verify, '-CAfile', deviceCa, '-CRLfile', join(dir, 'device-ca/crl/device-ca.crl')];
  for (const id of await readdir(join(dir, 'devices'))) {
    await openssl(...devices, '-purpose', 'sslclient', deviceFiles(dir, id).cert);
    expect(await readFile(deviceFiles(dir, id).ca, 'utf8')).toBe(await readFile(ca, 'utf8'));
  }
  expect(await readFile(join(dir, 'main/mqtt_certs/ca.crt'), 'utf8')).toBe(await readFile(ca, 'utf8'));
}

/** A device that stays connected, however often its connection ends, and prints the commands it hears. */
async function listening(servers: PkiServers, files: ClientFiles, id: string): Promise<Program> {
  const args = ['-h', 'localhost', '-p', servers.devicePort, '-i', id, '-q', '1', '-t', '/esp/update/interval', '-d'];
  const program = startProgram('stdbuf', ['-oL', 'mosquitto_sub', ...args, ...tlsArguments(files)]);
  onTestFinished(async () => {
    await program.stop();
  });
  await program.waitFor(/Subscribed/);
  return program;
}

describe.skipIf(!available)('rollover on running servers', () => {
  test('of both CAs: whoever is kept up to date works at every moment, and what is left behind is refused at the end', async () => {
    const cwd = await temporaryFolder();
    const dir = join(cwd, '.secure-esp');
    await cli(cwd, 'pki', 'init', '--device', 'a', '--device', 'b');
    const servers = await startServers(cwd);
    const { operatorPort, devicePort, otaPort } = servers;
    const rollover = (...args: string[]): Promise<string> => cli(cwd, 'pki', 'rollover', ...args);
    const loaded = (pattern: RegExp): Promise<unknown> =>
      Promise.all([servers.broker.waitFor(pattern), servers.ota.waitFor(/certificates_loaded/)]);
    const deviceWorks = async (files: ClientFiles, id: string): Promise<void> => {
      await expect.poll(() => publishes(files, devicePort, id), { timeout: 15_000 }).toBe(true);
      await expect.poll(() => asks(files, otaPort), { timeout: 15_000 }).toBe('404');
    };
    let oldOperator = await install(cwd, operatorFiles(dir), 'operator');
    const operatorWorks = async (files: ClientFiles): Promise<void> => {
      await expect
        .poll(() => publishes(files, operatorPort, 'op', '/esp/update/interval'), { timeout: 15_000 })
        .toBe(true);
    };
    const oldA = await install(cwd, deviceFiles(dir, 'a'), 'a-old');
    const listener = await listening(servers, await install(cwd, deviceFiles(dir, 'b'), 'b'), 'b');
    /** the device that was connected all the time hears what an operator says now */
    const heard = async (): Promise<void> => {
      const before = listener.output().match(/^600$/gm)?.length ?? 0;
      await expect
        .poll(
          async () => {
            await publishes(operatorFiles(dir), operatorPort, 'op', '/esp/update/interval');
            return listener.output().match(/^600$/gm)?.length ?? 0;
          },
          { timeout: 30_000 },
        )
        .toBeGreaterThan(before);
    };
    const everybody = async (): Promise<void> => {
      await verifyTree(dir);
      await deviceWorks(oldA, 'a');
      await operatorWorks(oldOperator);
      await heard();
    };
    await everybody();

    // the devices' CA
    await rollover('device-ca', '--prepare');
    await loaded(/"certificates_loaded".*"secure-esp device CA G2"/);
    await everybody();
    await rollover('device-ca', '--switch');
    await cli(cwd, 'pki', 'issue', 'c');
    await everybody();
    await deviceWorks(deviceFiles(dir, 'c'), 'c');
    await cli(cwd, 'pki', 'renew', 'a');
    const newA = await install(cwd, deviceFiles(dir, 'a'), 'a');
    await deviceWorks(newA, 'a');
    await everybody();

    const early = await runCli(['pki', 'rollover', 'device-ca', '--finish', '--revoke-superseded'], cwd);
    expect(early.code).toBe(1);
    expect(early.output).toMatch(/1 good certificate of the old root .*first device "b"/);
    expect(early.output).toContain('pki rollover status');
    await everybody();
    await cli(cwd, 'pki', 'renew', 'b');
    await install(cwd, deviceFiles(dir, 'b'), 'b'); // mosquitto_sub reads its files again when it reconnects
    const { status } = JSON.parse(await rollover('device-ca', '--json')) as Status;
    expect(status).toMatchObject([{ state: 'switched', next: 'finish', remaining: 2, superseded: 2 }]);
    await rollover('device-ca', '--finish', '--revoke-superseded');
    await expect.poll(() => publishes(oldA, devicePort, 'a'), { timeout: 15_000 }).toBe(false);
    expect(await asks(oldA, otaPort)).not.toBe('404');
    await deviceWorks(newA, 'a');
    await deviceWorks(deviceFiles(dir, 'c'), 'c');
    await operatorWorks(oldOperator);
    await verifyTree(dir);
    await expect.poll(() => asks(oldA, otaPort), { timeout: 15_000 }).toBe('refused');

    // the servers' and operators' CA: now the field has to learn the new root, before the switch
    const oldRootOnly = await install(cwd, deviceFiles(dir, 'a'), 'a-old-root');
    await rollover('ca', '--prepare');
    await servers.broker.waitFor(/"certificates_loaded".*"secure-esp CA G2"/);
    await verifyTree(dir);
    await deviceWorks(oldRootOnly, 'a');
    const bothRoots = await install(cwd, deviceFiles(dir, 'a'), 'a');
    await install(cwd, deviceFiles(dir, 'b'), 'b');
    await deviceWorks(bothRoots, 'a');
    oldOperator = await install(cwd, operatorFiles(dir), 'operator');
    await operatorWorks(oldOperator);
    await rollover('ca', '--switch');
    // the broker shows its certificate of the new root without a restart
    const newRoot = join(cwd, 'new-root.crt');
    const [first = ''] = (await readFile(join(dir, 'ca/certs/ca.crt'), 'utf8')).split(
      /(?<=-----END CERTIFICATE-----\n)/,
    );
    await writeFile(newRoot, first);
    await deviceWorks({ ...bothRoots, ca: newRoot }, 'a');
    await deviceWorks(bothRoots, 'a');
    await operatorWorks(oldOperator);
    await operatorWorks({ ...operatorFiles(dir), ca: newRoot });
    await heard();
    await verifyTree(dir);
    expect(await publishes(oldRootOnly, devicePort, 'a')).toBe(false);
    await rollover('ca', '--finish', '--revoke-superseded');
    await expect
      .poll(() => publishes(oldOperator, operatorPort, 'op', '/esp/update/interval'), { timeout: 15_000 })
      .toBe(false);
    await operatorWorks(operatorFiles(dir));
    await deviceWorks(bothRoots, 'a');
    await deviceWorks(deviceFiles(dir, 'c'), 'c');
    await heard();
    await verifyTree(dir);
    expect(existsSync(join(dir, 'ca/keys/ca.key.retired'))).toBe(false);
    expect(servers.broker.output()).not.toContain('revocation_failed');
    expect(servers.ota.output()).not.toContain('certificates_failed');
  }, 240_000);

  test('killed at any time, again and again, is completed by repeating the phase', async () => {
    const cwd = await temporaryFolder();
    const dir = join(cwd, '.secure-esp');
    const devices = Array.from({ length: 12 }, (_, index) => ['--device', `d${index}`]).flat();
    await cli(cwd, 'pki', 'init', ...devices);
    for (const authority of ['ca', 'device-ca']) {
      for (const phase of ['--prepare', '--switch', '--finish']) {
        const args = ['pki', 'rollover', authority, phase, '--dangerously-strand', '100'];
        let kills = 0;
        for (const afterMs of [350, 450, 520, 600]) {
          const program = startProgram(
            process.execPath,
            [join(import.meta.dirname, '../../packages/cli/bin/secure-esp.js'), ...args],
            { cwd },
          );
          const timer = setTimeout(() => program.child.kill('SIGKILL'), afterMs);
          const code = await program.ended;
          clearTimeout(timer);
          if (code === 0) break;
          expect([code, program.output()]).toEqual([128, expect.any(String)]);
          kills += 1;
        }
        expect(kills).toBeLessThan(5);
        // after a finish that was completed there is nothing to do; every other phase may be repeated as well
        await cli(cwd, ...args);
        expect(await cli(cwd, ...args)).toContain('nothing was changed');
        if (phase !== '--finish' || authority === 'ca') await verifyTree(dir);
      }
    }
    const { status } = JSON.parse(await cli(cwd, 'pki', 'rollover', '--json')) as Status;
    expect(status).toMatchObject([{ state: 'none' }, { state: 'none' }]);
    expect((await readdir(join(dir, 'ca/keys'))).sort()).toEqual([
      'ca.key',
      'client.key',
      'server.key',
      'update_key.pem',
    ]);
  }, 240_000);
});
