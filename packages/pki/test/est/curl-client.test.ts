import { spawn, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseCertificate } from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { describeWithOpenssl, openssl } from '../support/tools.js';
import { estTree, serve, tokenFor } from './est-tree.js';

const hasCurl = process.env['CI'] !== undefined || spawnSync('curl', ['--version'], { stdio: 'ignore' }).status === 0;
const name = 'curl and openssl as the client';

interface Answer {
  status: string;
  body: string;
}

function curl(...args: string[]): Promise<Answer> {
  const child = spawn('curl', ['-sS', '--max-time', '20', '-w', '\n%{http_code}', ...args]);
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      const end = output.lastIndexOf('\n');
      resolve({ status: output.slice(end + 1), body: output.slice(0, end) });
    });
  });
}

/** As the page of a man would have it: `base64 -d | openssl pkcs7 -inform DER -print_certs`. */
async function certificatesOf(dir: string, body: string): Promise<string> {
  const path = join(dir, 'answer.p7');
  await writeFile(path, Buffer.from(body, 'base64'));
  const { ok, output } = openssl(['pkcs7', '-inform', 'DER', '-print_certs', '-in', path]);
  expect(ok).toBe(true);
  return output;
}

describeWithOpenssl(hasCurl ? name : `${name} (skipped: curl is not installed)`, () => {
  test.skipIf(!hasCurl)('enrols, re-enrols with mutual TLS, and is refused once it is revoked', async () => {
    const fixture = await estTree();
    const { tree } = fixture;
    const { url } = await serve(fixture);
    const dir = await tempDir();
    const at = (file: string): string => join(dir, file);
    const est = `${url}/.well-known/est`;
    const trust = ['--cacert', tree.paths.caCert];
    const send = ['--data-binary', `@${at('csr.b64')}`, '-H', 'Content-Type: application/pkcs10'];

    const ca = await curl(...trust, `${est}/cacerts`);
    expect(ca.status).toBe('200');
    expect((await certificatesOf(dir, ca.body)).match(/^subject=.*$/gm)?.sort()).toEqual([
      'subject=O = secure-esp, CN = secure-esp CA',
      'subject=O = secure-esp, CN = secure-esp device CA',
    ]);

    const makeCsr = (key: string, subject: string): void => {
      const args = ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
      expect(
        openssl([...args, '-keyout', at(key), '-subj', subject, '-outform', 'DER', '-out', at('csr.der')]).ok,
      ).toBe(true);
      expect(openssl(['base64', '-e', '-in', at('csr.der'), '-out', at('csr.b64')]).ok).toBe(true);
    };
    makeCsr('first.key', '/CN=esp-001');
    const token = await tokenFor(fixture, 'esp-001');
    expect((await curl(...trust, ...send, `${est}/simpleenroll`)).status).toBe('401');
    expect((await curl(...trust, ...send, '-u', 'esp-001:wrong', `${est}/simpleenroll`)).status).toBe('401');
    const first = await curl(...trust, ...send, '-u', `esp-001:${token}`, `${est}/simpleenroll`);
    expect(first.status).toBe('200');
    const pemOf = (text: string): string => /-----BEGIN[^]*-----END CERTIFICATE-----\n/.exec(text)?.[0] ?? '';
    await writeFile(at('first.crt'), pemOf(await certificatesOf(dir, first.body)));
    expect(
      openssl(['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', tree.paths.deviceCaCert, at('first.crt')])
        .output,
    ).toContain('OK');
    expect(parseCertificate(await readFile(at('first.crt'), 'utf8')).subject).toMatchObject({
      CN: 'esp-001',
      OU: 'device',
    });

    const pair = (key: string, cert: string): string[] => ['--key', at(key), '--cert', at(cert)];
    makeCsr('second.key', '/O=secure-esp/OU=device/CN=esp-001');
    expect((await curl(...trust, ...send, `${est}/simplereenroll`)).status).toBe('403');
    const second = await curl(...trust, ...send, ...pair('first.key', 'first.crt'), `${est}/simplereenroll`);
    expect(second.status).toBe('200');
    await writeFile(at('second.crt'), pemOf(await certificatesOf(dir, second.body)));
    expect((await curl(...trust, ...send, ...pair('second.key', 'second.crt'), `${est}/simplereenroll`)).status).toBe(
      '200',
    );

    await tree.revoke({ commonName: 'esp-001' });
    for (const [key, cert] of [
      ['first.key', 'first.crt'],
      ['second.key', 'second.crt'],
    ] as const) {
      const refused = await curl(...trust, ...send, ...pair(key, cert), `${est}/simplereenroll`);
      expect([refused.status, refused.body]).toEqual(['403', 'The certificate has been revoked.\n']);
    }
    // a pair of this tree for something else
    const operator = ['--key', tree.operator.keyPath, '--cert', tree.operator.certPath];
    expect((await curl(...trust, ...send, ...operator, `${est}/simplereenroll`)).status).toBe('403');
  });

  test.skipIf(!hasCurl)('a body that is too large, of another type or by another method is answered', async () => {
    const fixture = await estTree();
    const { url } = await serve(fixture);
    const token = await tokenFor(fixture, 'esp-001');
    const est = `${url}/.well-known/est`;
    const dir = await tempDir();
    await writeFile(join(dir, 'large'), 'A'.repeat(40_000));
    const user = ['--cacert', fixture.tree.paths.caCert, '-u', `esp-001:${token}`];
    const large = ['--data-binary', `@${join(dir, 'large')}`];
    const pkcs10 = ['-H', 'Content-Type: application/pkcs10'];
    expect((await curl(...user, ...large, ...pkcs10, `${est}/simpleenroll`)).status).toBe('413');
    expect(
      (await curl(...user, ...large, ...pkcs10, '-H', 'Transfer-Encoding: chunked', `${est}/simpleenroll`)).status,
    ).toBe('413');
    expect((await curl(...user, ...large, `${est}/simpleenroll`)).status).toBe('415');
    expect((await curl(...user, '-X', 'POST', ...pkcs10, `${est}/simpleenroll`)).status).toBe('411');
    expect((await curl(...user, `${est}/simpleenroll`)).status).toBe('405');
    expect((await curl(...user, '-I', `${est}/cacerts`)).status).toBe('200');
  });
});
