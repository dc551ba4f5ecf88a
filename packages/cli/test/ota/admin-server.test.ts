import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type AdminServerOptions, startAdminServer } from '../../src/ota/admin-server.js';

async function start(pages: Partial<AdminServerOptions> = {}): Promise<string> {
  const admin = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    notReady: () => Promise.resolve(undefined),
    metrics: () => Promise.resolve('up 1\n'),
    ...pages,
  });
  onTestFinished(() => admin.close());
  return `http://127.0.0.1:${admin.port}`;
}

test('GET and HEAD of three pages, and of nothing else', async () => {
  const admin = await start();
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(admin + path, { method });
    return [response.status, await response.text()];
  };
  expect(await ask('/health/live')).toEqual([200, '{"status":"live"}\n']);
  expect(await ask('/health/ready?full')).toEqual([200, '{"status":"ready"}\n']);
  expect(await ask('/health/ready', 'HEAD')).toEqual([200, '']);
  expect(await ask('/metrics')).toEqual([200, 'up 1\n']);
  expect((await ask('/metrics', 'POST'))[0]).toBe(405);
  expect((await ask('/'))[0]).toBe(404);
});

test('says why it is not ready, and is not available when nobody can tell', async () => {
  const draining = await start({ notReady: () => Promise.resolve('draining') });
  const response = await fetch(`${draining}/health/ready`);
  expect([response.status, await response.json()]).toEqual([503, { status: 'not ready', reason: 'draining' }]);
  const broken = await start({ metrics: () => Promise.reject(new Error('a process did not answer')) });
  expect((await fetch(`${broken}/metrics`)).status).toBe(503);
  expect((await fetch(`${broken}/health/live`)).status).toBe(200);
});

test.each(['//', 'http://', '*', '/%', '/../metrics'])('a request for %j does no harm', async (target) => {
  const admin = await start();
  const socket = connect(Number(new URL(admin).port), '127.0.0.1');
  socket.write(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  const [reply] = (await once(socket, 'data')) as [Buffer];
  expect(reply.toString()).toMatch(/^HTTP\/1\.1 404 /);
  expect((await fetch(`${admin}/health/live`)).status).toBe(200);
});
