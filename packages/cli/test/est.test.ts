import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import {
  createClaims,
  createEstServer,
  FileClaimStore,
  generatePrivateKey,
  openPki,
  parseCertificate,
} from '@secure-esp/pki';
import { describe, expect, onTestFinished, test } from 'vitest';
import { main } from '../src/index.js';
import { runMain, temporaryFolder } from './run-main.js';

async function made(): Promise<string> {
  const dir = await temporaryFolder();
  await runMain(dir, ['pki', 'init', '--device', 'old']);
  return dir;
}

const pki = (dir: string, ...argv: string[]): ReturnType<typeof runMain> => runMain(dir, ['pki', ...argv]);

async function json<T>(dir: string, ...argv: string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await runMain(dir, [...argv, '--json']);
  expect([exitCode, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as T;
}

/** An enrolment server over a tree, for one test. */
async function serving(dir: string): Promise<string> {
  const tree = await openPki(join(dir, '.secure-esp'));
  const claims = new FileClaimStore(tree.paths.claimsDir);
  const server = createEstServer({ authority: tree, claims, tls: tree.ota, host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  return `https://localhost:${(await server.listen()).port}`;
}

const enroll = (id: string, url: string): string[] => [
  ...['est', 'enroll', id, '--url', url, '--ca', '.secure-esp/ca/certs/ca.crt', '--out', id],
];

describe('pki claim, claims and unclaim', () => {
  test('a token is shown once, listed never, and taken back', async () => {
    const dir = await made();
    const shown = await pki(dir, 'claim', 'a', 'b', '--expires', '3d');
    expect(shown.stdout).toMatch(
      /^a {2}until \d{4}-\d\d-\d\d {2}[\w-]{43}\nb {2}until .* {2}[\w-]{43}\nThe tokens are shown once/,
    );
    const [, token = ''] = /^a .* ([\w-]{43})$/m.exec(shown.stdout) ?? [];
    const list = await pki(dir, 'claims');
    expect(list.stdout).toMatch(/^open {5}until .* by token {2}a\nopen {5}until .* by token {2}b\n$/);
    for (const file of await readdir(join(dir, '.secure-esp/claims'))) {
      expect(await readFile(join(dir, '.secure-esp/claims', file), 'utf8')).not.toContain(token);
    }
    expect(await json(dir, 'pki', 'unclaim', 'a')).toEqual({ removed: ['a'] });
    expect(await pki(dir, 'unclaim', 'a')).toMatchObject({
      exitCode: 1,
      stderr: 'secure-esp: there is no claim of a.\nSee what there is with `secure-esp pki claims`.\n',
    });
    expect(await json<unknown[]>(dir, 'pki', 'claims')).toHaveLength(1);
  });

  test('--out makes a file of 0600 without printing a token, and never replaces one', async () => {
    const dir = await made();
    const { stdout } = await pki(dir, 'claim', 'a', '--out', 'claims.json');
    expect(stdout).toBe('made claims.json with 1 claim(s)\n');
    expect((await stat(join(dir, 'claims.json'))).mode & 0o777).toBe(0o600);
    const before = await readFile(join(dir, 'claims.json'), 'utf8');
    expect(await pki(dir, 'claim', 'a', '--out', 'claims.json')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('"claims.json" is there already.') as string,
    });
    expect(await readFile(join(dir, 'claims.json'), 'utf8')).toBe(before);
    // the claim in it is still the one that counts
    const url = await serving(dir);
    expect((await runMain(dir, [...enroll('a', url), '--claim-file', 'claims.json'])).exitCode).toBe(0);
    const printed = await runMain(dir, ['pki', 'claim', 'b', '--out', 'second.json', '--json']);
    expect(printed.stdout).not.toMatch(/[\w-]{43}/);
  });

  test('a device with a certificate needs --reprovision, a wrong name and a wrong key are refused', async () => {
    const dir = await made();
    expect((await pki(dir, 'claim', 'old')).stderr).toMatch(/ERR_PKI_CLAIM\)\nRevoke it with .*--reprovision/);
    expect((await pki(dir, 'claim', 'old', '--reprovision')).exitCode).toBe(0);
    expect((await pki(dir, 'claim', 'operator')).stderr).toContain('ERR_PKI_NAME');
    expect((await pki(dir, 'claim', 'a', '--public-key', '.secure-esp/ca/certs/ca.crt')).stderr).toContain(
      'ERR_PKI_PEM',
    );
    expect((await pki(dir, 'claim', 'a', '--expires', '366d')).exitCode).toBe(2);
    expect((await pki(dir, 'claims')).stdout).toMatch(/^open .* old\n$/);
  });
});

describe('est enroll and renew', () => {
  test('a claim on standard input', async () => {
    const dir = await made();
    const url = await serving(dir);
    const [claim] = await json<{ token: string }[]>(dir, 'pki', 'claim', 'a');
    const sink = new Writable({
      write(_chunk, _encoding, done) {
        done();
      },
    });
    const exitCode = await main([...enroll('a', url), '--claim-file', '-'], {
      cwd: dir,
      stdin: Readable.from([`${claim?.token ?? ''}\n`]),
      stdout: sink,
      stderr: sink,
      signal: new AbortController().signal,
    });
    expect(exitCode).toBe(0);
    expect(parseCertificate(await readFile(join(dir, 'a/client.crt'), 'utf8')).subject.CN).toBe('a');
  });

  test('a preauthorised key that is in the folder already needs no claim file', async () => {
    const dir = await made();
    const url = await serving(dir);
    const { pem } = await generatePrivateKey('ec-p384');
    await mkdir(join(dir, 'a'));
    await writeFile(join(dir, 'a/client.key'), pem);
    await writeFile(join(dir, 'a.pub'), createPublicKey(pem).export({ type: 'spki', format: 'pem' }));
    expect((await pki(dir, 'claim', 'a', '--public-key', 'a.pub')).stdout).toMatch(/^a {2}until .* {2}by its key\n$/);
    expect((await runMain(dir, enroll('a', url))).exitCode).toBe(0);
    expect(await readFile(join(dir, 'a/client.key'), 'utf8')).toBe(pem);
  });

  test('an answer that is lost is asked for again with the same key', async () => {
    const dir = await made();
    const url = await serving(dir);
    await pki(dir, 'claim', 'a', '--out', 'claims');
    const argv = [...enroll('a', url), '--claim-file', 'claims'];
    expect((await runMain(dir, argv)).exitCode).toBe(0);
    const before = await readFile(join(dir, 'a/client.crt'), 'utf8');
    await rm(join(dir, 'a/client.crt'));
    expect((await runMain(dir, argv)).exitCode).toBe(0);
    expect(await readFile(join(dir, 'a/client.crt'), 'utf8')).toBe(before);
  });

  test('a renewal that was killed before or after its certificate was written is completed', async () => {
    const dir = await made();
    const url = await serving(dir);
    await pki(dir, 'claim', 'a', '--out', 'claims');
    await runMain(dir, [...enroll('a', url), '--claim-file', 'claims']);
    const at = (file: string): string => join(dir, 'a', file);
    const { pem: next } = await generatePrivateKey('ec-p256');
    await writeFile(at('client.key.next'), next);
    const renew = ['est', 'renew', '--dir', 'a', '--url', url];
    // before: the key waits, the old pair is good
    expect((await runMain(dir, renew)).stdout).toContain('nothing was changed');
    expect((await runMain(dir, [...renew, '--at', '0', '--new-key'])).exitCode).toBe(0);
    expect(await readFile(at('client.key'), 'utf8')).toBe(next);
    // after: the certificate is that of the new key
    await writeFile(at('client.key.next'), next);
    await writeFile(at('client.key'), (await generatePrivateKey('ec-p256')).pem);
    expect((await runMain(dir, renew)).stdout).toContain('nothing was changed');
    expect(await readFile(at('client.key'), 'utf8')).toBe(next);
    expect(await readdir(join(dir, 'a'))).not.toContain('client.key.next');
  });

  test('errors are one sentence and a next step, without a token', async () => {
    const dir = await made();
    const tree = await openPki(join(dir, '.secure-esp'));
    const [created] = await createClaims({
      deviceIds: ['a'],
      claims: new FileClaimStore(tree.paths.claimsDir),
      authority: tree,
    });
    await writeFile(join(dir, 'broken'), `{"token":"${created?.token ?? ''}"`);
    await writeFile(join(dir, 'none'), '[]');
    const url = 'https://localhost:1';
    const tries = [
      [[...enroll('a', url), '--claim-file', 'broken'], /"broken" is no claim file\.\nMake one with/],
      [[...enroll('a', url), '--claim-file', 'none'], /"none" has no claim of a\.\nMake one with/],
      [[...enroll('a', url), '--claim-file', 'missing'], /claim file "missing" cannot be read/],
      [enroll('a', url), /cannot be reached: ECONNREFUSED \(ERR_PKI_EST_UNAVAILABLE\)\nCheck that/],
      [enroll('a', 'http://localhost'), /url must be an https URL/],
      [['est', 'renew', '--dir', 'nowhere', '--url', url], /there is no certificate in "nowhere"\.\nGet the first one/],
    ] as const;
    for (const [argv, message] of tries) {
      const { exitCode, stdout, stderr } = await runMain(dir, argv);
      expect([exitCode, stdout, stderr]).toEqual([1, '', expect.stringMatching(message)]);
      expect(stderr).not.toContain(created?.token);
    }
    expect((await runMain(dir, ['est', 'renew', '--dir', 'a', '--url', url, '--at', '101'])).exitCode).toBe(2);
  });
});

test('est serve says where it listens, prints what happens and ends at Ctrl-C', async () => {
  const dir = await made();
  const stdout = new PassThrough();
  const stop = new AbortController();
  const running = main(['est', 'serve', '--port', '0', '--grace-port', '0'], {
    cwd: dir,
    stdout,
    stderr: new PassThrough(),
    signal: stop.signal,
  });
  let printed = '';
  stdout.on('data', (text: Buffer) => (printed += text.toString()));
  while (!printed.includes('expired devices renew on')) await once(stdout, 'data');
  const [, url = ''] = /enrolment on https:\/\/127\.0\.0\.1:(\d+); Ctrl-C ends it/.exec(printed) ?? [];
  await pki(dir, 'claim', 'a', '--out', 'claims');
  await runMain(dir, [...enroll('a', `https://localhost:${url}`), '--claim-file', 'claims']);
  while (!printed.includes('"type":"enrolled","deviceId":"a"')) await once(stdout, 'data');
  stop.abort();
  expect(await running).toBe(0);
});
