import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createOtaHandler, type OtaClient } from '@secure-esp/ota-server';
import { otaExpress } from '@secure-esp/ota-server/express';
import { otaFastify } from '@secure-esp/ota-server/fastify';
import { otaHono } from '@secure-esp/ota-server/hono';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { describe, expect, it, onTestFinished } from 'vitest';
import { storeWith } from '../fixtures/firmware.js';

const handler = createOtaHandler({ store: await storeWith('1.0.0') });
const device: OtaClient = { cn: 'esp-001', role: 'device' };
const clientOf = () => device;

async function expressOn(app: express.Express): Promise<string> {
  const server = createServer(app);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('Express', () => {
  it('may mount it in a nested router, below a parameter, and more than once', async () => {
    const router = express.Router();
    const updates = otaExpress(handler, { clientOf });
    router.use('/:tenant', updates);
    const app = express().use('/updates', router).use('/other', updates);
    const url = await expressOn(app);
    for (const path of ['/updates/acme/secure_esp.bin', '/other/secure_esp.bin']) {
      expect((await fetch(`${url}${path}`)).status).toBe(200);
    }
    expect((await fetch(`${url}/updates/secure_esp.bin`)).status).toBe(404);
  });

  it('may have read the body before', async () => {
    const app = express().use(express.json()).use('/updates', otaExpress(handler, { clientOf }));
    const body = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
    expect((await fetch(`${await expressOn(app)}/updates/secure_esp.bin`, body)).status).toBe(405);
  });

  it('knows nobody without clientOf', async () => {
    const url = await expressOn(express().use(otaExpress(handler)));
    expect((await fetch(`${url}/secure_esp.bin`)).status).toBe(403);
  });
});

describe('Fastify', () => {
  it('keeps its hooks and parsers for its own routes, and hears of the end of replies', async () => {
    const app = fastify();
    const ended: string[] = [];
    app.addHook('onSend', (_request, _reply, _payload, done) => {
      done(null, 'rewritten');
    });
    app.addHook('onResponse', (request, reply, done) => {
      ended.push(`${request.url} ${reply.raw.statusCode}`);
      done();
    });
    await app.register(otaFastify, { handler, clientOf, prefix: '/updates' });
    app.post('/hello', (request) => request.body);
    onTestFinished(() => app.close());
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const image = await fetch(`${url}/updates/secure_esp.bin`);
    expect((await image.arrayBuffer()).byteLength).toBe(Number(image.headers.get('content-length')));
    const json = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } };
    expect(await (await fetch(`${url}/hello`, json)).text()).toBe('rewritten');
    await expect.poll(() => ended).toEqual(['/updates/secure_esp.bin 200', '/hello 200']);
  });

  it('says so when its prefix has parameters', async () => {
    const app = fastify();
    onTestFinished(() => app.close());
    void app.register(otaFastify, { handler, clientOf, prefix: '/:tenant' });
    await expect(app.ready()).rejects.toMatchObject({ code: 'bad_option' });
  });
});

describe('Hono', () => {
  it('may mount it in a sub-app, below a base path, without a path, and more than once', async () => {
    const updates = otaHono(handler, { clientOf });
    const nested = new Hono().route('/updates', new Hono().use('*', updates)).use('/other/*', updates);
    const based = new Hono().basePath('/updates').use('/*', updates);
    const plain = new Hono().use(updates);
    const requests: (readonly [{ request(path: string): Response | Promise<Response> }, string])[] = [
      [nested, '/updates/secure_esp.bin'],
      [nested, '/other/secure_esp.bin'],
      [based, '/updates/secure_esp.bin'],
      [plain, '/secure_esp.bin'],
    ];
    for (const [app, path] of requests) {
      expect([path, (await app.request(path)).status]).toEqual([path, 200]);
      expect((await app.request(`/nothing${path}`)).status).toBe(404);
    }
  });

  it('says so when its path has parameters', async () => {
    const app = new Hono().use('/:tenant/*', otaHono(handler, { clientOf }));
    const errors: Error[] = [];
    app.onError((error, context) => {
      errors.push(error);
      return context.text('failed', 500);
    });
    expect((await app.request('/acme/secure_esp.bin')).status).toBe(500);
    expect(errors).toMatchObject([{ code: 'bad_option' }]);
  });

  it('may ask somebody else who the client is', async () => {
    interface MyEnv {
      Variables: { device: string };
    }
    const app = new Hono<MyEnv>();
    app.use(async (context, next) => {
      context.set('device', context.req.header('x-device') ?? '');
      await next();
    });
    const known = (cn: string): OtaClient | undefined => (cn === '' ? undefined : { cn, role: 'device' });
    app.use(
      '/updates/*',
      otaHono<MyEnv>(handler, { clientOf: (context) => Promise.resolve(known(context.get('device'))) }),
    );
    const request = { headers: { 'x-device': 'esp-009' } };
    expect((await app.request('/updates/secure_esp.bin', request)).status).toBe(200);
    expect((await app.request('/updates/secure_esp.bin')).status).toBe(403);
  });
});
