import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createOtaHandler,
  type OtaClient,
  type OtaEvent,
  type OtaHandler,
  type OtaRequest,
  toWebHandler,
} from '../../src/index.js';
import { storeWith } from '../fixtures/firmware.js';
import { recordOutcomes } from '../fixtures/recorded-events.js';
import { watchStore } from '../fixtures/watched-store.js';

const client: OtaClient = { cn: 'esp-001', role: 'device' };
const clientOf = () => client;

async function start(versions = ['1.0.0']) {
  const store = watchStore(await storeWith(...versions));
  const events: OtaEvent[] = [];
  return { store, events, handler: createOtaHandler({ store, onEvent: recordOutcomes(events) }) };
}

/** A reply of `count` pieces that ends only when it is given up, and says when it was. */
function endless() {
  const state = { pulled: 0, returned: false };
  async function* body(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        signal?.throwIfAborted();
        state.pulled += 1;
        yield await Promise.resolve(Buffer.alloc(10));
      }
    } finally {
      state.returned = true;
    }
  }
  const handler: OtaHandler = {
    handle: ({ signal }) =>
      Promise.resolve({ status: 200, headers: { 'content-length': '1000000' }, body: body(signal) }),
  };
  return { state, handler };
}

describe('toWebHandler', () => {
  it('hands over the request as it came, with the client that the context tells', async () => {
    const seen: OtaRequest[] = [];
    const handler: OtaHandler = {
      handle: (request) => {
        seen.push(request);
        return Promise.resolve({ status: 204, headers: {} });
      },
    };
    const web = toWebHandler<{ who: OtaClient }>(handler, { prefix: '/updates', clientOf: (_request, { who }) => who });
    const headers = new Headers({ Range: 'bytes=0-1' });
    headers.append('If-None-Match', '"a"');
    headers.append('If-None-Match', '"b"');
    await web(new Request('https://host/updates/a%2Fb.bin?c=1', { headers }), { who: client });
    await web(new Request('https://host/elsewhere.bin', { method: 'HEAD' }), { who: client });
    expect(seen).toMatchObject([
      { method: 'GET', target: '/a%2Fb.bin?c=1', client, headers: { 'if-none-match': '"a", "b"', range: 'bytes=0-1' } },
      { method: 'HEAD', target: '/' },
    ]);
  });

  it.each([
    ['the image', {}, 200, 200],
    ['a range (of GET only)', { range: 'bytes=0-9' }, 206, 200],
    ['no range behind the end', { range: 'bytes=99999999-' }, 416, 200],
    ['nothing new', { 'if-none-match': '*' }, 304, 304],
  ])('answers GET and HEAD with %s', async (_name, headers, onGet, onHead) => {
    const { handler, store } = await start();
    const web = toWebHandler(handler, { clientOf });
    const ask = (method: string) => web(new Request('https://host/secure_esp.bin', { method, headers }), undefined);
    const got = await ask('GET');
    const body = await got.arrayBuffer();
    expect([got.status, body.byteLength]).toEqual([onGet, Number(got.headers.get('content-length'))]);
    const head = await ask('HEAD');
    expect([head.status, head.body, head.headers.get('etag')]).toEqual([onHead, null, got.headers.get('etag')]);
    expect(store.closed).toBe(store.opened);
  });

  it('reports a whole download once its last byte was taken, without being asked again', async () => {
    const { handler, events, store } = await start();
    const response = await toWebHandler(handler, { clientOf })(new Request('https://host/secure_esp.bin'), undefined);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let left = Number(response.headers.get('content-length'));
    while (left > 0) left -= (await reader.read()).value?.length ?? 0;
    await reader.closed;
    expect(store.closed).toBe(1);
    expect(events).toMatchObject([{ type: 'download', complete: true }]);
  });

  it('reads nothing that nobody takes', async () => {
    const { state, handler } = endless();
    const response = await toWebHandler(handler)(new Request('https://host/'), undefined);
    expect(state.pulled).toBe(0);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    expect(state.pulled).toBe(1);
    await reader.cancel();
    expect(state).toEqual({ pulled: 1, returned: true });
  });

  it('gives the body up when the request is aborted, whether it is being read or not', async () => {
    const { state, handler } = endless();
    const controller = new AbortController();
    const request = new Request('https://host/', { signal: controller.signal });
    const reader = ((await toWebHandler(handler)(request, undefined)).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    controller.abort();
    await expect.poll(() => state.returned).toBe(true);
    await expect(reader.read()).rejects.toThrow('ended early');
  });

  it('gives the body up, and cuts it, when the reply takes too long', async () => {
    const { state, handler } = endless();
    const web = toWebHandler(handler, { replyTimeoutMs: 20 });
    const reader = (
      (await web(new Request('https://host/'), undefined)).body as ReadableStream<Uint8Array>
    ).getReader();
    await reader.read();
    await expect(reader.closed).rejects.toThrow('ended early');
    await expect.poll(() => state.returned).toBe(true);
  });

  it('tells nothing of why a body failed', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('first'));
      throw new Error('the disk /dev/sda is gone');
    }
    const handler: OtaHandler = {
      handle: () => Promise.resolve({ status: 200, headers: { 'content-length': '100' }, body: failing() }),
    };
    const response = await toWebHandler(handler)(new Request('https://host/'), undefined);
    await expect(response.text()).rejects.toThrow(/^the reply ended early$/);
  });

  it('answers a request that is over already, without asking the store', async () => {
    const { handler, store, events } = await start();
    const request = new Request('https://host/secure_esp.bin', { signal: AbortSignal.abort() });
    const response = await toWebHandler(handler, { clientOf })(request, undefined);
    expect([response.status, await response.text(), store.opened]).toEqual([503, '', 0]);
    expect(events).toEqual([]);
  });

  it('takes a client that cannot be told for nobody, and warns', async () => {
    const warnings: Error[] = [];
    const listenForWarnings = (warning: Error) => warnings.push(warning);
    process.on('warning', listenForWarnings);
    onTestFinished(() => {
      process.off('warning', listenForWarnings);
    });
    const { handler } = await start();
    const failing = () => Promise.reject(new Error('no such connection'));
    const web = toWebHandler(handler, { clientOf: failing });
    expect((await web(new Request('https://host/secure_esp.bin'), undefined)).status).toBe(403);
    await expect.poll(() => warnings.map(({ message }) => message)).toContain('no such connection');
  });

  it('wants a prefix that is a path', async () => {
    const { handler } = await start();
    expect(() => toWebHandler(handler, { prefix: 'updates/' })).toThrow('prefix');
  });
});
