import { keyDigestFromPem } from '@secure-esp/firmware-image/node';
import { decryptPrivateKey, openPki } from '@secure-esp/pki';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { createSecureContext } from 'node:tls';
import { beforeAll, describe, expect, test } from 'vitest';
import { main } from '../src/index.js';
import { runMain, temporaryFolder } from './run-main.js';

const PASSPHRASE = 'pä€ss phrase';

async function made(): Promise<string> {
  const dir = await temporaryFolder();
  const { exitCode } = await runMain(dir, ['pki', 'init', '--device', 'a', '--device', 'b']);
  expect(exitCode).toBe(0);
  await writeFile(join(dir, 'pass'), `${PASSPHRASE}\n`);
  return dir;
}

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('pki export', () => {
  test('writes key, certificate and trusted CA of everybody, 0600', async () => {
    const dir = await made();
    const tree = await openPki(join(dir, '.secure-esp'));
    for (const pair of [await tree.device('b'), tree.operator, tree.broker, tree.ota]) {
      const out = `${pair.cn}.pem`;
      const { exitCode, stdout } = await runMain(dir, ['pki', 'export', pair.cn, '--out', out]);
      expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^made .*not encrypted/)]);
      expect(await readFile(join(dir, out), 'utf8')).toBe(pair.key + pair.cert + pair.ca);
      expect(await modeOf(join(dir, out))).toBe(0o600);
    }
  });

  test('encrypts with a passphrase from a file', async () => {
    const dir = await made();
    const argv = ['pki', 'export', 'a', '--passphrase-file', 'pass', '--json'];
    const pem = await runMain(dir, [...argv, '--out', 'a.pem']);
    const { cert, key } = await (await openPki(join(dir, '.secure-esp'))).device('a');
    const { serialNumber } = new X509Certificate(cert);
    expect(JSON.parse(pem.stdout)).toMatchObject({ name: 'a', role: 'device', encrypted: true, serial: serialNumber });
    const [block = ''] = (await readFile(join(dir, 'a.pem'), 'utf8')).split(/(?<=\n)(?=-----BEGIN)/);
    expect(await decryptPrivateKey(block, PASSPHRASE)).toBe(key);

    const p12 = await runMain(dir, [...argv, '--format', 'p12', '--out', 'a.p12']);
    expect(JSON.parse(p12.stdout)).toMatchObject({ format: 'p12', encrypted: true, out: 'a.p12' });
    const pfx = await readFile(join(dir, 'a.p12'));
    expect(() => createSecureContext({ pfx, passphrase: PASSPHRASE })).not.toThrow();
    expect(await modeOf(join(dir, 'a.p12'))).toBe(0o600);
  }, 60_000);

  test('takes the passphrase from standard input or the environment', async () => {
    const dir = await made();
    const run = async (out: string, argv: readonly string[], more: object): Promise<void> => {
      const sink = new PassThrough();
      const context = { cwd: dir, stdout: sink, stderr: sink, signal: new AbortController().signal, ...more };
      expect(await main(['pki', 'export', 'a', '--format', 'p12', '--out', out, ...argv], context)).toBe(0);
      const pfx = await readFile(join(dir, out));
      expect(() => createSecureContext({ pfx, passphrase: PASSPHRASE })).not.toThrow();
    };
    await run('1.p12', ['--passphrase-file', '-'], { stdin: Readable.from([Buffer.from(`${PASSPHRASE}\r\n`)]) });
    await run('2.p12', [], { env: { SECURE_ESP_PASSPHRASE: PASSPHRASE } });
  }, 60_000);

  test('a command that waits for standard input ends with Ctrl-C', async () => {
    const dir = await made();
    const controller = new AbortController();
    const sink = new PassThrough();
    const stdin = new Readable({
      read: () =>
        setImmediate(() => {
          controller.abort();
        }),
    });
    const context = { cwd: dir, stdout: sink, stderr: sink, signal: controller.signal, stdin };
    expect(await main(['pki', 'export', 'a', '--out', 'a.pem', '--passphrase-file', '-'], context)).toBe(1);
    await expect(stat(join(dir, 'a.pem'))).rejects.toThrow('ENOENT');
  });

  test('refuses what is no passphrase', async () => {
    const dir = await made();
    const refused = async (content: string | Uint8Array): Promise<string> => {
      await writeFile(join(dir, 'bad'), content);
      const argv = ['pki', 'export', 'a', '--format', 'p12', '--out', 'a.p12', '--passphrase-file', 'bad'];
      const { exitCode, stderr } = await runMain(dir, argv);
      expect(exitCode).toBe(1);
      return stderr;
    };
    expect(await refused('two\nlines of it\n')).toContain('one line');
    expect(await refused('zero\0 octet inside')).toContain('one line');
    expect(await refused(Buffer.from('café au lait', 'latin1'))).toContain('UTF-8');
    expect(await refused('x'.repeat(5000))).toContain('one line');
    expect(await refused('short')).toContain('ERR_PKI_PASSPHRASE');
    expect(await refused('')).toContain('ERR_PKI_PASSPHRASE');
    const none = await runMain(dir, ['pki', 'export', 'a', '--format', 'p12', '--out', 'a.p12']);
    expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining('--passphrase-file')]);
    await expect(stat(join(dir, 'a.p12'))).rejects.toThrow('ENOENT');
  });

  test('never overwrites a file without --force, nor one of the tree with it', async () => {
    const dir = await made();
    await writeFile(join(dir, 'a.pem'), 'mine');
    const argv = ['pki', 'export', 'a', '--out'];
    const refused = await runMain(dir, [...argv, 'a.pem']);
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('--force')]);
    expect(await readFile(join(dir, 'a.pem'), 'utf8')).toBe('mine');
    expect((await runMain(dir, [...argv, 'a.pem', '--force'])).exitCode).toBe(0);
    expect(await readFile(join(dir, 'a.pem'), 'utf8')).toContain('BEGIN PRIVATE KEY');

    const key = '.secure-esp/ca/keys/ca.key';
    const before = await readFile(join(dir, key), 'utf8');
    await symlink(join(dir, '.secure-esp'), join(dir, 'link'));
    for (const out of [key, 'link/ca/keys/ca.key', '.secure-esp/devices/a/client.key', '.secure-esp/ca/new.pem']) {
      const { exitCode, stderr } = await runMain(dir, [...argv, out, '--force']);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining('is in the certificate tree')]);
    }
    expect(await readFile(join(dir, key), 'utf8')).toBe(before);
  });

  test('says what is wrong with a name, and with a folder', async () => {
    const dir = await made();
    const refused = async (...argv: string[]): Promise<string> => {
      const { exitCode, stderr } = await runMain(dir, ['pki', 'export', ...argv]);
      expect(exitCode).toBe(1);
      return stderr;
    };
    expect(await refused('nobody', '--out', 'x.pem')).toContain('ERR_PKI_UNKNOWN_DEVICE');
    expect(await refused('a', '--out', 'no/such/folder/x.pem')).toContain('ERR_PKI_IO');
    await runMain(dir, ['pki', 'revoke', 'b']);
    expect(await refused('b', '--out', 'x.pem')).toMatch(/revoked.*\n.*pki renew/);
  });
});

describe('pki keys', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'secure-esp-cli-'));
    await runMain(dir, ['pki', 'init', '--device', 'a', '--chip', 'esp32', '--chip', 'esp32c6']);
    return () => rm(dir, { recursive: true, force: true });
  });

  test('shows the digests that devices and manifests have', async () => {
    const tree = await openPki(join(dir, '.secure-esp'));
    const efuseDigest = keyDigestFromPem(await tree.firmwareKey('v2-ecdsa-p256'));
    const { stdout } = await runMain(dir, ['pki', 'keys', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      firmware: [
        { scheme: 'v1-ecdsa-p256', key: '.secure-esp/secure_boot_signing_key.pem' },
        { scheme: 'v2-ecdsa-p256', key: '.secure-esp/firmware-keys/v2-ecdsa-p256.pem', efuseDigest },
      ],
      release: { key: '.secure-esp/release-keys/release.pem', id: tree.releaseKeyId },
    });
    const text = (await runMain(dir, ['pki', 'keys'])).stdout;
    for (const part of [efuseDigest, tree.releaseKeyId, 'none: v1']) expect(text).toContain(part);
    expect(text).not.toContain('PRIVATE');
  });
});

describe('broker config', () => {
  test('for Mosquitto has the revocation lists, and says when to reload', async () => {
    const dir = await made();
    const { exitCode, stdout } = await runMain(dir, ['broker', 'config', '--out', 'broker']);
    expect(exitCode).toBe(0);
    const text = await readFile(join(dir, 'broker/mosquitto.conf'), 'utf8');
    const lists = [...text.matchAll(/^crlfile (.*)$/gm)].map(([, path]) => path);
    expect(lists).toEqual(
      ['ca/crl/ca.crl', 'device-ca/crl/device-ca.crl'].map((path) => join(dir, '.secure-esp', path)),
    );
    for (const part of ['SIGHUP', 'pki revoke', ...lists]) expect(stdout).toContain(part);
  });

  test('for EMQX has the operators that were issued, and the caveats', async () => {
    const dir = await made();
    const { exitCode, stdout } = await runMain(dir, ['broker', 'config', '--kind', 'emqx', '--out', 'emqx']);
    expect(exitCode).toBe(0);
    const text = await readFile(join(dir, 'emqx/secure_esp.conf'), 'utf8');
    expect(text).toContain(`path = ${JSON.stringify(join(dir, 'emqx/emqx_acl.conf'))}`);
    expect(await readFile(join(dir, 'emqx/emqx_acl.conf'), 'utf8')).toContain(`{'or', [{username, "operator"}]}`);
    for (const part of ['No test runs it', 'does not read revocation lists']) expect(stdout).toContain(part);
  });
});
