import { readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { installExample } from './support/example.js';
import { useFixedPorts } from './support/fixed-ports.js';
import { runGuide } from './support/guide.js';
import { runCli, startCli } from './support/program.js';

useFixedPorts();

const EXAMPLE = 'express-fleet';

let dir: string;
beforeAll(async () => {
  dir = await installExample(EXAMPLE);
}, 300_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Call {
  readonly path: string;
  readonly as: 'operator' | 'device' | 'nobody';
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const PAIRS = {
  operator: ['.secure-esp/ca/certs/client.crt', '.secure-esp/ca/keys/client.key'],
  device: ['.secure-esp/devices/esp-001/client.crt', '.secure-esp/devices/esp-001/client.key'],
} as const;

/** A request as a browser or a device makes it; rejects where TLS does. */
async function call({ path, as, method = 'GET', headers = {}, body = '' }: Call): Promise<IncomingMessage> {
  const ca = await readFile(join(dir, '.secure-esp/ca/certs/ca.crt'));
  const read = (file: string): Promise<Buffer> => readFile(join(dir, file));
  const pair = as === 'nobody' ? {} : { cert: await read(PAIRS[as][0]), key: await read(PAIRS[as][1]) };
  return new Promise((resolve, reject) => {
    request(`https://localhost:8070${path}`, { method, headers, ca, ...pair, agent: false }, resolve)
      .once('error', reject)
      .end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return text;
}

const origin = { origin: 'https://localhost:8070' };

test('the README of examples/express-fleet: every command; then the page commands and follows an update', async () => {
  const { commands, running } = await runGuide({
    file: `examples/${EXAMPLE}/README.md`,
    dir,
    home: dir,
    ready: [
      [/broker run/, /operators on [0-9]+/],
      [/dist\/main/, /devices on https/],
      [/ sim /, /booted and connected/],
    ],
    says: [[/^curl/, /<th scope="row">esp-001<\/th>\s*<td>online<\/td>\s*<td>1\.0\.0<\/td>/]],
  });
  expect([commands, running.size]).toEqual([12, 3]);

  // who may see it
  await expect(call({ path: '/', as: 'nobody' })).rejects.toThrow();
  for (const path of ['/', '/events', '/page.js'])
    expect([path, (await call({ path, as: 'device' })).statusCode]).toEqual([path, 403]);
  expect((await call({ path: '/updates/secure_esp.bin', as: 'device' })).statusCode).toBe(200);
  expect((await call({ path: '/page.js', as: 'operator' })).headers['content-type']).toMatch(/javascript/);

  // a foreign page that makes the browser send it
  const update: Call = { path: '/devices/esp-001/update', as: 'operator', method: 'POST' };
  expect((await call(update)).statusCode).toBe(403);
  expect((await call({ ...update, headers: { origin: 'https://elsewhere.example' } })).statusCode).toBe(403);
  expect((await call({ ...update, as: 'device', headers: origin })).statusCode).toBe(403);

  // what a device or the client refuses
  const form = { ...origin, 'content-type': 'application/x-www-form-urlencoded' };
  const interval = async (device: string, seconds: string): Promise<[number | undefined, string]> => {
    const path = `/devices/${device}/interval`;
    const response = await call({ path, as: 'operator', method: 'POST', headers: form, body: `seconds=${seconds}` });
    return [response.statusCode, await textOf(response)];
  };
  for (const seconds of ['10', 'soon', ''])
    expect(await interval('esp-001', seconds)).toEqual([400, expect.stringMatching(/interval/)]);
  expect(await interval('esp-009', '600')).toEqual([409, expect.stringContaining('esp-009')]);
  expect((await interval('no%20device', '600'))[0]).toBe(400);
  expect(await interval('esp-001', '600')).toEqual([200, 'esp-001 looks for updates every 600 s.\n']);

  // the button, and what the open page sees
  const events = await call({ path: '/events', as: 'operator' });
  onTestFinished(() => {
    events.destroy();
  });
  const started = await call({ ...update, headers: origin });
  expect([started.statusCode, await textOf(started)]).toEqual([200, 'esp-001 looks for an update.\n']);
  let seen = '';
  for await (const chunk of events.setEncoding('utf8')) {
    seen += String(chunk);
    if (seen.includes('confirmed: 1.0.0 -> 1.1.0')) break;
  }
  expect(seen).toMatch(/"intervalSeconds":600/);
  expect(seen).toMatch(/"update":"(checking|downloading)/);

  // a device that is new to the open page
  expect((await runCli(['pki', 'issue', 'esp-002'], dir)).code).toBe(0);
  const second = startCli(['sim', 'esp-002', '--firmware', 'app-1.0.0.bin', '--no-checks'], dir);
  onTestFinished(async () => {
    await second.stop();
  });
  await second.waitFor(/esp-002.*booted and connected/, 20_000);
  expect(await textOf(await call({ path: '/', as: 'operator' }))).toMatch(
    /esp-001<\/th>[^]*esp-002<\/th>\s*<td>online/,
  );

  // Ctrl-C, with a page still open
  const page = await call({ path: '/events', as: 'operator' });
  const server = running.get('node dist/main.js');
  expect(await server?.stop('SIGINT', 10_000)).toBe(0);
  expect(await textOf(page)).toContain('data: ');
}, 180_000);
