import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { device } from '../fixtures/certificates.js';
import { expectNormalService, requestFor, runServer } from '../fixtures/running-server.js';
import { exchange } from '../fixtures/tls-client.js';

const SECRET = 'text of a file that is not served';

/** All try to reach `secret.bin`, which lies beside `images/`, or what is above it. */
const TRAVERSALS = [
  '/../secret.bin',
  '/images/../secret.bin',
  '/images/../../secret.bin',
  '/images/..%2fsecret.bin',
  '/images/%2e%2e/secret.bin',
  '/images/%2e%2e%2fsecret.bin',
  '/images/%252e%252e%252fsecret.bin',
  '/%252e%252e/secret.bin',
  '/images/..\\secret.bin',
  '/images/..%5csecret.bin',
  '/images/....//secret.bin',
  '/images/.%00./secret.bin',
  '/secret%00.bin',
  '/secret.bin%00.bin',
  '/images/../secret.bin%00',
  '/images//../secret.bin',
  '//secret.bin',
  '/./secret.bin',
  '/%c0%ae%c0%ae/secret.bin',
  '/images/%c0%af..%c0%afsecret.bin',
  '/images/..;/secret.bin',
  '/%ff.bin',
  '/%zz.bin',
  '/%u002e%u002e/secret.bin',
  '/images/../releases/0000000001.json',
  '/images/..%2freleases%2f0000000001.json',
  '/images/..%2f..%2f..%2f..%2fetc%2fpasswd.bin',
  '/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd%00.bin',
  'https://localhost/../secret.bin',
  'http://other.example/images/..%2fsecret.bin',
  'https://localhost@/secret.bin',
  'file:///etc/passwd',
  'secret.bin',
  '*',
  '/__proto__.bin',
  '/constructor.bin',
  `/${'a/'.repeat(900)}../secret.bin`,
  `/${'%2e'.repeat(900)}.bin`,
];

describe('paths that leave the store', () => {
  it('find nothing, and the server serves on', async () => {
    const running = await runServer();
    await writeFile(join(running.dir, 'secret.bin'), SECRET);
    for (const target of TRAVERSALS) {
      const reply = await exchange(running.port, device, requestFor(target, 'Connection: close'));
      expect([target, /^HTTP\/1\.1 (\d+)/.exec(reply)?.[1]]).toEqual([target, expect.stringMatching(/^40[04]$/)]);
      expect(reply).not.toContain(SECRET);
      expect(reply).not.toContain('root:');
      expect(reply).not.toContain(running.dir);
    }
    await expectNormalService(running);
  });

  it('are told apart from the absolute form of a served one', async () => {
    const { port, release } = await runServer();
    const target = `https://localhost:${port}/images/${release.sha256}.bin`;
    const reply = await exchange(port, device, requestFor(target, 'Connection: close'));
    expect(reply).toMatch(/^HTTP\/1\.1 200 /);
  });
});
