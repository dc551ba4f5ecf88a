import { RateLimiterMemory } from 'rate-limiter-flexible';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createOtaHandler,
  OTA_LIMIT_DEFAULTS,
  type OtaClient,
  type OtaEvent,
  type OtaHandlerOptions,
  type OtaLimits,
  type OtaReply,
  type OtaRequest,
} from '../../src/index.js';
import { bodyOf, codeOf } from '../fixtures/bytes.js';
import { storeWith } from '../fixtures/firmware.js';

const device = (cn: string): OtaClient => ({ cn, role: 'device' });
const request = (over: Partial<OtaRequest> = {}): OtaRequest => ({
  method: 'GET',
  target: '/secure_esp.bin',
  headers: {},
  client: device('esp-001'),
  ...over,
});

const handlerWith = async (limits: OtaLimits, over: Partial<OtaHandlerOptions> = {}) =>
  createOtaHandler({ store: await storeWith('1.0.0'), limits, ...over });

/** Gives up a body without having read from it. */
async function giveUp({ body }: OtaReply): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) throw new Error('expected a stream');
  await body[Symbol.asyncIterator]().return?.();
}

async function refused(reply: OtaReply, status: number, code: string): Promise<number> {
  expect([reply.status, await codeOf(reply)]).toEqual([status, code]);
  const seconds = reply.headers['retry-after'] ?? '';
  expect(seconds).toMatch(/^[1-9][0-9]*$/);
  return Number(seconds);
}

describe('limits of running downloads', () => {
  it('refuse one client too many at once, and no other client', async () => {
    const handler = await handlerWith({ downloadsPerClient: 2 });
    const first = await handler.handle(request());
    await handler.handle(request());
    await refused(await handler.handle(request()), 429, 'too_many_downloads');
    expect((await handler.handle(request({ client: device('esp-002') }))).status).toBe(200);
    // Another role of the same name is another client.
    expect((await handler.handle(request({ client: { cn: 'esp-001', role: 'operator' } }))).status).toBe(200);
    await bodyOf(first);
    expect((await handler.handle(request())).status).toBe(200);
  });

  it('refuse all when the server is busy', async () => {
    const handler = await handlerWith({ downloads: 2 });
    const first = await handler.handle(request());
    await handler.handle(request({ client: device('esp-002') }));
    await refused(await handler.handle(request({ client: device('esp-003') })), 503, 'busy');
    await giveUp(first);
    expect((await handler.handle(request({ client: device('esp-003') }))).status).toBe(200);
  });

  it('count what streams an image, and nothing else', async () => {
    const handler = await handlerWith({ downloads: 1 });
    const replies = [
      { method: 'HEAD' },
      { headers: { 'if-none-match': '*' } },
      { headers: { range: 'bytes=999999999-' } },
      { target: '/nothing.bin' },
    ];
    for (const over of [...replies, ...replies]) expect((await handler.handle(request(over))).status).not.toBe(503);
    expect((await handler.handle(request())).status).toBe(200);
  });

  it('release a body that nobody reads, when its request is over', async () => {
    const handler = await handlerWith({ downloads: 1 });
    for (let round = 0; round < 3; round += 1) {
      const controller = new AbortController();
      expect((await handler.handle(request({ signal: controller.signal }))).status).toBe(200);
      await refused(await handler.handle(request()), 503, 'busy');
      controller.abort();
    }
  });

  it('do not tell apart who is anonymous behind somebody else', async () => {
    const trust = { dangerouslyAllowAnonymous: true };
    const handler = await handlerWith({ downloadsPerClient: 1, downloads: 2 }, { trust });
    const proxied: OtaRequest = { method: 'GET', target: '/secure_esp.bin', headers: {}, address: '10.0.0.1' };
    expect((await handler.handle(proxied)).status).toBe(200);
    expect((await handler.handle(proxied)).status).toBe(200);
    await refused(await handler.handle(proxied), 503, 'busy');
  });
});

describe('limits of requests', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('refuse a client that asks too often, until its time is over', async () => {
    vi.useFakeTimers();
    const events: OtaEvent[] = [];
    const asked: string[] = [];
    const isRevoked = ({ cn }: { cn: string }) => asked.push(cn) < 0;
    const onEvent = (event: OtaEvent) => events.push(event);
    const handler = await handlerWith({ requestsPerClient: { requests: 2, perSeconds: 10 } }, { isRevoked, onEvent });
    const head = request({ method: 'HEAD' });
    expect((await handler.handle(head)).status).toBe(200);
    expect((await handler.handle(head)).status).toBe(200);
    vi.advanceTimersByTime(4500);
    expect(await refused(await handler.handle(request()), 429, 'too_many_requests')).toBe(6);
    expect(asked).toHaveLength(2);
    expect((await handler.handle(request({ client: device('esp-002') }))).status).toBe(200);
    vi.advanceTimersByTime(5500);
    expect(vi.getTimerCount()).toBe(1);
    expect((await handler.handle(head)).status).toBe(200);
    expect(events.filter(({ type }) => type === 'refused')).toMatchObject([{ code: 'too_many_requests' }]);
  });

  it('count a client without a certificate by its address, and not where that is unknown', async () => {
    const handler = await handlerWith({ requestsPerClient: { requests: 1, perSeconds: 10 } });
    const anonymous: OtaRequest = { method: 'GET', target: '/secure_esp.bin', headers: {} };
    for (const [address, code] of [
      ['192.0.2.1', 'no_client'],
      ['192.0.2.1', 'too_many_requests'],
      ['192.0.2.2', 'no_client'],
    ] as const) {
      expect(await codeOf(await handler.handle({ ...anonymous, address }))).toBe(code);
    }
    for (let round = 0; round < 3; round += 1) expect(await codeOf(await handler.handle(anonymous))).toBe('no_client');
  });

  it('can be counted elsewhere, for several processes; a failure there fails the request', async () => {
    const counter = new RateLimiterMemory({ points: 1, duration: 10 });
    let broken = false;
    const requestsPerClient = {
      consume: (key: string) => (broken ? Promise.reject(new Error('the counter is gone')) : counter.consume(key)),
    };
    const events: OtaEvent[] = [];
    const handlers = [
      await handlerWith({ requestsPerClient }, { onEvent: (event) => events.push(event) }),
      await handlerWith({ requestsPerClient }),
    ] as const;
    expect((await handlers[0].handle(request())).status).toBe(200);
    await refused(await handlers[1].handle(request()), 429, 'too_many_requests');
    expect(await counter.get('device:esp-001')).toMatchObject({ consumedPoints: 2 });
    broken = true;
    expect((await handlers[0].handle(request())).status).toBe(500);
    expect(events).toContainEqual(expect.objectContaining({ type: 'failed' }));
  });

  it('let esp_https_ota fetch 16 MiB in pieces of 4 KB at twice its pace', () => {
    const { requests, perSeconds } = OTA_LIMIT_DEFAULTS.requestsPerClient;
    expect((requests / perSeconds) * 4096).toBeGreaterThan(2 * 26_000);
  });
});

describe('options that make no sense', () => {
  it.each([
    ['downloads', { downloads: 0 }],
    ['downloadsPerClient', { downloadsPerClient: 1.5 }],
    ['requestsPerClient.requests', { requestsPerClient: { requests: -1, perSeconds: 1 } }],
    ['requestsPerClient.perSeconds', { requestsPerClient: { requests: 1, perSeconds: 86_401 } }],
    ['requestsPerClient.perSeconds', { requestsPerClient: { requests: 1, perSeconds: Number.NaN } }],
  ])('are refused: %s', async (name, limits) => {
    await expect(handlerWith(limits)).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining(name) as string,
    });
  });
});
