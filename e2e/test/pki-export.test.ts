import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAsync, type IClientOptions } from 'mqtt';
import { hasTools, workspaceRoot } from './support/environment.js';
import { runCli, runProgram, startProgram, type Program } from './support/program.js';

const PASSPHRASE = 'pä€ss phrase';
const BIN = join(workspaceRoot, 'packages/cli/bin/secure-esp.js');

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'secure esp export ')); // a path with spaces is a path
  const devices = ['esp-001', 'esp-002', 'esp-003'].flatMap((id) => ['--device', id]);
  const chips = ['esp32', 'esp32s3', 'esp32c6'].flatMap((chip) => ['--chip', chip]);
  await cli('pki', 'init', '--host', 'localhost', ...devices, ...chips);
  await writeFile(join(dir, 'passphrase'), `${PASSPHRASE}\n`, { mode: 0o600 });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs a command that has to succeed. */
async function cli(...args: string[]): Promise<string> {
  const { code, output } = await runCli(args, dir);
  expect([output, code]).toEqual([output, 0]);
  return output;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(!hasTools('mosquitto', 'mosquitto_pub', 'openssl'))('what is exported, on a real Mosquitto', () => {
  let broker: Program;
  let ports: { operators: number; devices: number };

  beforeAll(async () => {
    // revoked before the broker starts, so that the list it starts with counts
    await cli('pki', 'revoke', 'esp-003');
    ports = { operators: await freePort(), devices: await freePort() };
    const listeners = ['--operator-port', String(ports.operators), '--device-port', String(ports.devices)];
    const output = await cli('broker', 'config', '--out', 'broker', ...listeners);
    const [, configuration = ''] = /mosquitto -c (.*)$/m.exec(output) ?? [];
    // root would become the user mosquitto, who may not look into a temporary folder
    if (process.getuid?.() === 0) await appendFile(join(dir, configuration), 'user root\n');
    broker = startProgram('mosquitto', ['-c', configuration], { cwd: dir });
    await broker.waitFor(new RegExp(`listen socket on port ${ports.devices}`));
    await broker.waitFor(/running/);
  });
  afterAll(() => broker.stop('SIGTERM'));

  /** One message by a client that has nothing but one exported file. */
  const publish = (bundle: string, port: number, topic: string): Promise<{ code: number; output: string }> => {
    const tls = ['--cafile', bundle, '--cert', bundle, '--key', bundle];
    const message = ['-t', topic, '-m', 'hello', '-q', '1', '-V', '5'];
    return runProgram('mosquitto_pub', ['-h', 'localhost', '-p', String(port), ...tls, ...message], { cwd: dir });
  };

  test('a device publishes with its PEM bundle', async () => {
    await cli('pki', 'export', 'esp-001', '--out', 'esp-001.pem');
    expect((await stat(join(dir, 'esp-001.pem'))).mode & 0o777).toBe(0o600);
    expect(await publish('esp-001.pem', ports.devices, '/esp/log')).toEqual({ code: 0, output: '' });
    await broker.waitFor(/New client connected from .* as esp-001 .* u'esp-001'/);
    // its own CA is not that of the operators
    expect((await publish('esp-001.pem', ports.operators, '/test')).code).not.toBe(0);
  });

  test('an operator connects with a PKCS#12 file', async () => {
    await cli(
      'pki',
      'export',
      'operator',
      '--format',
      'p12',
      '--out',
      'operator.p12',
      '--passphrase-file',
      'passphrase',
    );
    const options = { pfx: await readFile(join(dir, 'operator.p12')), passphrase: PASSPHRASE };
    // mqtt's types lack what it hands on to tls.connect
    const client = await connectAsync(`mqtts://localhost:${ports.operators}`, {
      ...options,
      reconnectPeriod: 0,
    } as IClientOptions);
    await client.publishAsync('/test', 'hello', { qos: 1 });
    await client.endAsync();
  });

  test('a device that was revoked before is refused, and one that is revoked now after SIGHUP', async () => {
    // the pair of esp-003 is not exported any more: put it together by hand
    const files = ['client.key', 'client.crt', 'ca.crt'].map((name) => join(dir, '.secure-esp/devices/esp-003', name));
    const parts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    await writeFile(join(dir, 'esp-003.pem'), parts.join(''), { mode: 0o600 });
    const refused = await publish('esp-003.pem', ports.devices, '/esp/log');
    expect([refused.code === 0, refused.output]).toEqual([false, expect.stringMatching(/Error/)]);
    await broker.waitFor(/certificate revoked|certificate verify failed|certificate unknown/);

    await cli('pki', 'export', 'esp-002', '--out', 'esp-002.pem');
    expect((await publish('esp-002.pem', ports.devices, '/esp/log')).code).toBe(0);
    await cli('pki', 'revoke', 'esp-002', '--reason', 'keyCompromise');
    broker.child.kill('SIGHUP');
    const deadline = Date.now() + 10_000;
    let code = 0;
    while (code === 0 && Date.now() < deadline) ({ code } = await publish('esp-002.pem', ports.devices, '/esp/log'));
    expect(code).not.toBe(0);
    expect((await publish('esp-001.pem', ports.devices, '/esp/log')).code).toBe(0);
    const late = await runCli(['pki', 'export', 'esp-002', '--out', 'late.pem'], dir);
    expect([late.code, late.output]).toEqual([1, expect.stringContaining('revoked')]);
  });
});

describe.skipIf(!hasTools('openssl'))('pki export', () => {
  test('PKCS#12 with the passphrase from standard input opens in openssl, and with no other', async () => {
    const argv = [
      'pki',
      'export',
      'esp-001',
      '--format',
      'p12',
      '--out',
      'esp-001.p12',
      '--passphrase-file',
      '-',
      '--json',
    ];
    const child = spawn(process.execPath, [BIN, ...argv], { cwd: dir, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(PASSPHRASE);
    let json = '';
    child.stdout.on('data', (data: Buffer) => (json += data.toString()));
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(JSON.parse(json)).toMatchObject({ name: 'esp-001', role: 'device', format: 'p12', encrypted: true });

    const open = (passphrase: string): { status: number | null; stdout: string } => {
      const env = { ...process.env, PASS: passphrase };
      const args = ['pkcs12', '-in', 'esp-001.p12', '-noenc', '-passin', 'env:PASS'];
      return spawnSync('openssl', args, { cwd: dir, env, encoding: 'utf8' });
    };
    const { stdout } = open(PASSPHRASE);
    for (const name of ['client.key', 'client.crt', 'ca.crt']) {
      expect(stdout).toContain(await readFile(join(dir, '.secure-esp/devices/esp-001', name), 'utf8'));
    }
    expect(open('wrong passphrase').status).not.toBe(0);
  });

  test('a PEM bundle with a passphrase from the environment has an encrypted key', async () => {
    const env = { ...process.env, SECURE_ESP_PASSPHRASE: PASSPHRASE };
    const argv = [BIN, 'pki', 'export', 'operator', '--out', 'locked.pem'];
    expect((await runProgram(process.execPath, argv, { cwd: dir, env })).code).toBe(0);
    const pkey = (passphrase: string): { status: number | null; stdout: string } =>
      spawnSync('openssl', ['pkey', '-in', 'locked.pem', '-passin', 'env:PASS'], {
        ...{ cwd: dir, encoding: 'utf8' },
        env: { ...process.env, PASS: passphrase },
      });
    expect(pkey(PASSPHRASE).stdout).toBe(await readFile(join(dir, '.secure-esp/ca/keys/client.key'), 'utf8'));
    expect(pkey('wrong passphrase').status).not.toBe(0);
  });

  test('no passphrase is taken from the command line, and no file is replaced unasked', async () => {
    for (const option of ['--passphrase', '--password']) {
      const { code, output } = await runCli(['pki', 'export', 'esp-001', '--out', 'x.pem', option, 'secret1234'], dir);
      expect([code, output]).toEqual([2, expect.stringContaining('unknown option')]);
    }
    await writeFile(join(dir, 'mine.pem'), 'mine');
    expect((await runCli(['pki', 'export', 'esp-001', '--out', 'mine.pem'], dir)).code).toBe(1);
    expect(await readFile(join(dir, 'mine.pem'), 'utf8')).toBe('mine');
  });
});

const candidates = [
  process.env['SECURE_ESP_ESPSECURE'],
  ...['espsecure', 'espsecure.py'].map((name) => join(workspaceRoot, '.venv/bin', name)),
];
const espsecure = candidates.find((path) => path !== undefined && path !== '' && existsSync(path));
const inCi = process.env['CI'] !== undefined;
const title = espsecure === undefined ? 'espsecure (skipped: not found, set SECURE_ESP_ESPSECURE)' : 'espsecure';

describe.skipIf(espsecure === undefined && !inCi)(title, () => {
  test('has the same eFuse digests as `pki keys`', async () => {
    interface Keys {
      readonly firmware: readonly { readonly scheme: string; readonly key: string; readonly efuseDigest?: string }[];
    }
    const { firmware } = JSON.parse(await cli('pki', 'keys', '--json')) as Keys;
    expect(firmware.map(({ scheme }) => scheme)).toEqual(['v1-ecdsa-p256', 'v2-rsa-3072', 'v2-ecdsa-p256']);
    // version 4 spells its commands with underscores
    const command = espsecure?.endsWith('.py') === true ? 'digest_sbv2_public_key' : 'digest-sbv2-public-key';
    for (const { scheme, key, efuseDigest } of firmware.filter(({ scheme }) => scheme.startsWith('v2'))) {
      const out = join(dir, `${scheme}.digest`);
      await promisify(execFile)(espsecure ?? 'espsecure', [command, '--keyfile', join(dir, key), '--output', out]);
      expect([scheme, (await readFile(out)).toString('hex')]).toEqual([scheme, efuseDigest]);
    }
  });
});
