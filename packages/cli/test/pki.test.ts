import {
  CERTIFICATE_STATES,
  createCsr,
  CSR_ROLES,
  generatePrivateKey,
  openPki,
  parseCertificate,
  REVOCATION_REASONS,
  ROLES,
} from '@secure-esp/pki';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CSR_ROLES as CSR_CHOICES, PKI_REASONS, PKI_ROLES, PKI_STATES } from '../src/pki-choices.js';
import { runMain, temporaryFolder } from './run-main.js';

async function made(): Promise<string> {
  const dir = await temporaryFolder();
  await runMain(dir, ['pki', 'init', '--device', 'a', '--device', 'b']);
  return dir;
}

async function json<T>(dir: string, ...argv: string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await runMain(dir, ['pki', ...argv, '--json']);
  expect([exitCode, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as T;
}

interface Entry {
  name: string;
  role: string;
  state: string;
  serial: string;
  revocation?: { reason: string };
}

/** Every file of the tree with its content. */
async function files(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await readFile(path, 'utf8')] as const)),
  );
}

test('the choices of the options are those of the package', () => {
  expect([PKI_ROLES, PKI_STATES, PKI_REASONS]).toEqual([ROLES, CERTIFICATE_STATES, REVOCATION_REASONS]);
  expect(CSR_CHOICES).toEqual(CSR_ROLES);
});

describe('pki issue', () => {
  test('makes what is missing and says what was there', async () => {
    const dir = await made();
    const first = await runMain(dir, ['pki', 'issue', 'b', 'c']);
    expect(first.stdout).toMatch(
      /devices\/b\/client\.crt was there; nothing was changed\nmade .*devices\/c\/client\.crt/,
    );
    const before = await files(dir);
    expect(await json(dir, 'issue', 'c')).toMatchObject([{ name: 'c', issued: false }]);
    expect(await files(dir)).toEqual(before);
  });

  test('refuses a name that is none and one that belongs to another role', async () => {
    const dir = await made();
    for (const name of ['x/y', 'broker', 'operator']) {
      expect(await runMain(dir, ['pki', 'issue', name])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('ERR_PKI_NAME') as string,
      });
    }
  });
});

describe('pki list and show', () => {
  test('list by role, name, state and end', async () => {
    const dir = await made();
    expect(await json<Entry[]>(dir, 'list')).toHaveLength(7);
    expect((await json<Entry[]>(dir, 'list', '--role', 'device')).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(await json<Entry[]>(dir, 'list', '--name', 'a', '--state', 'good')).toHaveLength(1);
    expect(await json<Entry[]>(dir, 'list', '--expiring', '30d')).toEqual([]);
    expect((await json<Entry[]>(dir, 'list', '--expiring', '826')).map(({ name }) => name)).toEqual([
      'broker',
      'operator',
      'ota',
    ]);
    const { stdout } = await runMain(dir, ['pki', 'list', '--expiring', '826d']);
    expect(stdout).toMatch(/^good +until \d{4}-\d\d-\d\d +broker +broker +[0-9A-F]{32}$/m);
    expect(stdout).toContain('pki renew');
    expect((await runMain(dir, ['pki', 'list', '--state', 'expired'])).stdout).toBe('no certificate matches\n');
  });

  test('show one by name or serial number, and never a private key', async () => {
    const dir = await made();
    const [byName] = await json<(Entry & { certificate: string })[]>(dir, 'show', 'a');
    expect(byName).toMatchObject({ name: 'a', role: 'device', state: 'good' });
    expect(byName?.certificate).toContain('BEGIN CERTIFICATE');
    expect(await json(dir, 'show', byName?.serial.toLowerCase() ?? '')).toEqual([byName]);
    const { stdout } = await runMain(dir, ['pki', 'show', 'a']);
    expect(stdout).toMatch(/^state +good$/m);
    expect(stdout).not.toContain('PRIVATE KEY');
    expect(await runMain(dir, ['pki', 'show', 'nobody'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('pki list') as string,
    });
  });
});

describe('pki revoke, crl and renew', () => {
  test('revoke writes the list; again it changes nothing; issue does not bring the device back', async () => {
    const dir = await made();
    const { stdout } = await runMain(dir, ['pki', 'revoke', 'a', '--reason', 'keyCompromise']);
    expect(stdout).toMatch(/^revoked [0-9A-F]{32}: keyCompromise, since /);
    expect(stdout).toContain('.secure-esp/device-ca/crl/device-ca.crl: number 2, 1 revoked');
    const before = await files(dir);
    const again = await json<{ revoked: { reason: string }[] }>(dir, 'revoke', 'a', '--reason', 'superseded');
    expect(again.revoked).toMatchObject([{ reason: 'keyCompromise' }]);
    expect(await files(dir)).toEqual(before);
    const [entry] = await json<Entry[]>(dir, 'list', '--state', 'revoked');
    expect(entry).toMatchObject({ name: 'a', revocation: { reason: 'keyCompromise' } });
    for (const command of ['issue', 'renew']) {
      expect(await runMain(dir, ['pki', command, 'a'])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('--dangerously-replace-key') as string,
      });
    }
  });

  test('revoke one serial number leaves the renewed certificate good', async () => {
    const dir = await made();
    const [old] = await json<Entry[]>(dir, 'list', '--name', 'b');
    await json(dir, 'renew', 'b');
    await json(dir, 'revoke', '--serial', old?.serial.toLowerCase() ?? '');
    const states = (await json<Entry[]>(dir, 'list', '--name', 'b')).map(({ state }) => state);
    expect(states.sort()).toEqual(['good', 'revoked']);
  });

  test('crl shows the lists, and issues them anew when asked for a time', async () => {
    const dir = await made();
    interface List {
      path: string;
      number: string;
      nextUpdate: string;
    }
    const before = await json<List[]>(dir, 'crl');
    expect(before.map(({ path, number }) => [path, number])).toEqual([
      ['.secure-esp/ca/crl/ca.crl', '1'],
      ['.secure-esp/device-ca/crl/device-ca.crl', '1'],
    ]);
    expect(await json<List[]>(dir, 'crl')).toEqual(before);
    const after = await json<List[]>(dir, 'crl', '--days', '90d');
    expect(after.map(({ number }) => number)).toEqual(['2', '2']);
    expect((await runMain(dir, ['pki', 'crl'])).stdout).toContain('number 2, 0 revoked, renew before');
  });

  test('renew keeps keys unless told otherwise in so many words', async () => {
    const dir = await made();
    const key = join(dir, '.secure-esp/devices/a/client.key');
    const before = await readFile(key, 'utf8');
    const { stdout } = await runMain(dir, ['pki', 'renew', 'a', 'broker', '--days', '200']);
    expect(stdout).toMatch(/renewed .*a\/client\.crt, [0-9A-F]{32}, until .*\nrenewed .*server\.crt/);
    expect(await readFile(key, 'utf8')).toBe(before);
    await json(dir, 'renew', 'a', '--dangerously-replace-key', '--revoke-old');
    expect(await readFile(key, 'utf8')).not.toBe(before);
    expect(await json<Entry[]>(dir, 'list', '--name', 'a', '--state', 'revoked')).toHaveLength(1);
    expect(await runMain(dir, ['pki', 'renew', 'nobody'])).toMatchObject({ exitCode: 1 });
  });
});

test.each([
  [['revoke']],
  [['revoke', 'a', '--serial', '40']],
  [['revoke', 'a', '--reason', 'certificateHold']],
  [['list', '--expiring', '0d']],
  [['list', '--expiring', '30w']],
  [['list', '--role', 'king']],
  [['crl', '--days', '3651']],
  [['issue']],
  [['renew']],
])('pki %j is wrong usage: exit code 2, nothing on standard output', async (argv) => {
  const { exitCode, stdout, stderr } = await runMain(await temporaryFolder(), ['pki', ...argv]);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).not.toBe('');
});

test.each([[['list']], [['show', 'a']], [['revoke', 'a']], [['crl']], [['renew', 'a']], [['issue', 'a']]])(
  'pki %j in a folder without certificates names the command that makes them',
  async (argv) => {
    const { exitCode, stderr } = await runMain(await temporaryFolder(), ['pki', ...argv]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('secure-esp pki init')]);
  },
);

describe('pki sign-csr', () => {
  async function requested(dir: string, file: string): Promise<string> {
    const { pem, keyObject } = await generatePrivateKey('ec-p256', 'pkcs8');
    await writeFile(join(dir, file), await createCsr({ key: keyObject, subject: { CN: 'what-i-wish' } }));
    return pem;
  }

  test('certifies the key of a request under the name given, and records it', async () => {
    const dir = await made();
    await requested(dir, 'field.csr');
    const { exitCode, stdout, stderr } = await runMain(dir, ['pki', 'sign-csr', 'field.csr', '--name', 'esp-042']);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(parseCertificate(`${stdout.trim()}\n`).subject.CN).toBe('esp-042');
    const tree = await openPki(join(dir, '.secure-esp'));
    expect(new X509Certificate(stdout).checkIssued(new X509Certificate(tree.deviceCa))).toBe(true);
    expect(await json<Entry[]>(dir, 'list', '--name', 'esp-042')).toMatchObject([{ role: 'device', state: 'good' }]);
  });

  test('of an operator too, into a file that must not be there', async () => {
    const dir = await made();
    await requested(dir, 'ops.csr');
    const argv = ['sign-csr', 'ops.csr', '--name', 'night-shift', '--role', 'operator', '--out', 'ops.crt'];
    expect(await json<object>(dir, ...argv)).toMatchObject({ role: 'operator', out: 'ops.crt' });
    const again = await runMain(dir, ['pki', ...argv]);
    expect([again.exitCode, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toContain('"ops.crt" is there already');
  });

  test('refuses what is no request, a name of another role, and a key that was revoked under the name', async () => {
    const dir = await made();
    await requested(dir, 'field.csr');
    await writeFile(join(dir, 'noise.csr'), 'noise');
    const sign = (file: string, name: string): ReturnType<typeof runMain> =>
      runMain(dir, ['pki', 'sign-csr', file, '--name', name]);
    expect((await sign('noise.csr', 'esp-042')).stderr).toContain('ERR_PKI_CSR');
    expect((await sign('field.csr', 'broker')).stderr).toContain('ERR_PKI_NAME');
    expect((await sign('field.csr', 'esp-042')).exitCode).toBe(0);
    await json<object>(dir, 'revoke', 'esp-042', '--reason', 'keyCompromise');
    const refused = await sign('field.csr', 'esp-042');
    expect([refused.exitCode, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain('ERR_PKI_REVOKED');
    await requested(dir, 'new.csr');
    expect((await sign('new.csr', 'esp-042')).exitCode).toBe(0);
  });
});
