import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createOtaHandler,
  type NodeListenerOptions,
  type OtaHandler,
  type OtaReply,
  type OtaRequest,
  toNodeListener,
} from '../../src/index.js';
import { storeWith } from '../fixtures/firmware.js';

async function listen(handler: OtaHandler, options?: NodeListenerOptions, next?: string): Promise<number> {
  const listener = toNodeListener(handler, options);
  const server = createServer((request, response) => {
    listener(request, response, next === undefined ? undefined : () => response.end(next));
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const replying = (reply: OtaReply, seen: OtaRequest[] = []): OtaHandler => ({
  handle: (request) => {
    seen.push(request);
    return Promise.resolve(reply);
  },
});

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

const ask = (
  port: number,
  over: { path?: string; method?: string; headers?: Record<string, string | string[]> } = {},
) =>
  new Promise<Answer>((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, path: '/a%2Fb?c=1', agent: false, ...over }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode, text });
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });

async function* failing(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from('first'));
  throw new Error('the disk is gone');
}

describe('toNodeListener', () => {
  it('hands over the request as it came, and the client that it was told', async () => {
    const seen: OtaRequest[] = [];
    const client = { cn: 'esp-001', role: 'device' } as const;
    const handler = replying({ status: 200, headers: { 'content-length': '2' }, body: Buffer.from('ok') }, seen);
    const port = await listen(handler, { clientOf: () => client });
    const headers = { 'If-None-Match': ['"a"', '"b"'], Range: 'bytes=0-1' };
    expect(await ask(port, { headers })).toEqual({ status: 200, text: 'ok' });
    expect(seen).toMatchObject([
      { method: 'GET', target: '/a%2Fb?c=1', client, headers: { 'if-none-match': '"a", "b"', range: 'bytes=0-1' } },
    ]);
  });

  it('sees addresses from its prefix on, and no file outside of it', async () => {
    const seen: OtaRequest[] = [];
    const handler = replying({ status: 200, headers: {} }, seen);
    await ask(await listen(handler, { prefix: '/a' }), { path: '/a/b.bin?c=1' });
    await ask(await listen(handler, { prefix: '/a' }), { path: '/b.bin' });
    expect(seen.map(({ target }) => target)).toEqual(['/b.bin?c=1', '/']);
    expect(() => toNodeListener(handler, { prefix: 'a/' })).toThrow('prefix');
  });

  it('leaves to the next listener, if there is one, what is not its own', async () => {
    const seen: OtaRequest[] = [];
    const port = await listen(replying({ status: 200, headers: {} }, seen), { prefix: '/a' }, 'next');
    for (const path of ['/b.bin', '/a', '/a/', '/a/b', '/a/%zz.bin']) {
      expect(await ask(port, { path })).toEqual({ status: 200, text: 'next' });
    }
    expect((await ask(port, { path: '/a/b.bin' })).text).toBe('');
    expect(seen).toHaveLength(1);
  });

  it('writes streams, and no body for HEAD', async () => {
    const body = { [Symbol.asyncIterator]: () => [Buffer.from('a'), Buffer.from('b')].values() };
    const reply = { status: 200, headers: {}, body: body as unknown as AsyncIterable<Uint8Array> };
    const port = await listen(replying(reply));
    expect((await ask(port)).text).toBe('ab');
    expect((await ask(port, { method: 'HEAD' })).text).toBe('');
  });

  it('cuts the connection when the body fails after the headers', async () => {
    const port = await listen(replying({ status: 200, headers: { 'content-length': '100' }, body: failing() }));
    await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('takes a client that cannot be told for nobody, and warns', async () => {
    const warnings: Error[] = [];
    const listenForWarnings = (warning: Error) => warnings.push(warning);
    process.on('warning', listenForWarnings);
    onTestFinished(() => {
      process.off('warning', listenForWarnings);
    });
    const clientOf = () => {
      throw new Error('no such header');
    };
    const port = await listen(createOtaHandler({ store: await storeWith('1.0.0') }), { clientOf });
    expect((await ask(port)).status).toBe(403);
    expect(warnings.map(({ message }) => message)).toContain('no such header');
  });
});
