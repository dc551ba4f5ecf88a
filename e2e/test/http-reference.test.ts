import { createConfig, lintFromString } from '@redocly/openapi-core';
import { createCsr, generatePrivateKey } from '@secure-esp/pki';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './support/environment.js';
import { runCli, startCli } from './support/program.js';
import { ask, expectDocumented } from './support/reference/conformance.js';
import { expectBlocks, expectFile } from './support/reference/generated-blocks.js';
import { httpDocument } from './support/reference/http-document.js';
import { httpBlocks } from './support/reference/http-tables.js';

test('docs/reference/openapi.json is what the servers are described by, and valid OpenAPI 3.1', async () => {
  const source = JSON.stringify(httpDocument);
  // Nobody can be refused health, metrics and the CA's certificates; which host it is depends on the reader.
  const rules = { 'operation-4xx-response': 'off', 'no-server-example.com': 'off' } as const;
  const config = await createConfig({ extends: ['recommended-strict'], rules });
  const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
  await expectFile('docs/reference/openapi.json', source);
});

test('docs/reference/http.md says the same', async () => {
  await expectBlocks('docs/reference/http.md', httpBlocks());
});

test('the admin port answers as documented', async () => {
  const dir = await temporaryFolder();
  for (const args of [
    ['pki', 'init'],
    ['image', 'build', '--project', 'lamp', '--image-version', '1.0.0', '--out', 'lamp.bin'],
    ['image', 'sign', 'lamp.bin'],
    ['ota', 'publish', 'lamp.signed.bin'],
  ])
    expect((await runCli(args, dir)).code).toBe(0);
  const serve = async (): Promise<string> => {
    const args = ['ota', 'serve', '--port', '0', '--admin-port', '0', '--workers', '1'];
    const server = startCli(args, dir);
    onTestFinished(async () => {
      await server.stop();
    });
    const [, port = ''] = await server.waitFor(/http:\/\/[^:]+:(\d+)/);
    return `http://127.0.0.1:${port}`;
  };
  const admin = await serve();
  await expect.poll(async () => (await ask(`${admin}/health/ready`)).status, { timeout: 10_000 }).toBe(200);
  for (const path of ['/health/live', '/health/ready', '/metrics']) {
    expectDocumented(path, 'get', await ask(`${admin}${path}`));
  }
  // a damaged release: what cannot be read must not be served
  const releases = join(dir, '.secure-esp/firmware/releases');
  for (const record of await readdir(releases)) await writeFile(join(releases, record), '{');
  const unready = await ask(`${await serve()}/health/ready`);
  expect(unready.status).toBe(503);
  expectDocumented('/health/ready', 'get', unready);
});

const EST = '/.well-known/est';

test('enrolment answers as documented', async () => {
  const dir = await temporaryFolder();
  for (const args of [
    ['pki', 'init', '--device', 'esp-001'],
    ['pki', 'claim', 'esp-007', '--out', 'claims.json'],
  ])
    expect((await runCli(args, dir)).code).toBe(0);
  const server = startCli(['est', 'serve', '--port', '0'], dir);
  onTestFinished(async () => {
    await server.stop();
  });
  const [, port = ''] = await server.waitFor(/enrolment on https:\/\/127\.0\.0\.1:([0-9]+)/);
  const url = `https://localhost:${port}${EST}`;
  const read = (path: string): Promise<string> => readFile(join(dir, path), 'utf8');
  const ca = await read('.secure-esp/ca/certs/ca.crt');
  const [token = ''] = /(?<="token": ?")[^"]+/.exec(await read('claims.json')) ?? [];
  const pair = {
    cert: await read('.secure-esp/devices/esp-001/client.crt'),
    key: await read('.secure-esp/devices/esp-001/client.key'),
  };
  const requestOf = async (commonName: string): Promise<string> =>
    (await createCsr({ key: (await generatePrivateKey('ec-p256')).pem, subject: { CN: commonName } })).replaceAll(
      /-----.*\n?/g,
      '',
    );
  const csr = await requestOf('esp-007');
  const type = { 'content-type': 'application/pkcs10' };
  const basic = (password: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`esp-007:${password}`).toString('base64')}`,
  });

  const cacerts = await ask(`${url}/cacerts`, { ca });
  expect(cacerts.status).toBe(200);
  expectDocumented(`${EST}/cacerts`, 'get', cacerts);

  const enroll = async (status: number, headers: Record<string, string>, body = csr): Promise<void> => {
    const answer = await ask(`${url}/simpleenroll`, { ca, method: 'POST', headers, body });
    expect([answer.body, answer.status]).toEqual([answer.body, status]);
    expectDocumented(`${EST}/simpleenroll`, 'post', answer);
  };
  await enroll(401, type);
  await enroll(415, { ...basic(token), 'content-type': 'text/plain' });
  await enroll(400, { ...basic(token), ...type }, '!');
  await enroll(413, { ...basic(token), ...type }, 'A'.repeat(1_000_000));
  await enroll(200, { ...basic(token), ...type });
  await enroll(403, { ...basic(token), ...type }, await requestOf('esp-007'));
  for (let tries = 0; tries < 10; tries += 1) await enroll(401, { ...basic('wrong'), ...type });
  await enroll(429, { ...basic('wrong'), ...type });

  const reenroll = async (status: number, own: object, body: string): Promise<void> => {
    const answer = await ask(`${url}/simplereenroll`, { ca, method: 'POST', headers: type, body, ...own });
    expect([answer.body, answer.status]).toEqual([answer.body, status]);
    expectDocumented(`${EST}/simplereenroll`, 'post', answer);
  };
  await reenroll(403, {}, csr);
  await reenroll(400, pair, csr);
  await reenroll(200, pair, await requestOf('esp-001'));
  expect((await runCli(['pki', 'revoke', 'esp-001'], dir)).code).toBe(0);
  await reenroll(403, pair, await requestOf('esp-001'));
});
