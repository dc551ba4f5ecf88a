import { afterEach, describe, expect, it } from 'vitest';
import type { Client, ConnectOptions } from '../../src/index.js';
import { OfflineQueue } from '../../src/mqtt/offline-queue.js';
import { startProxy, type CuttableProxy } from '../fixtures/cuttable-proxy.js';
import type { DevicePeer } from '../fixtures/device-peer.js';
import { eventually } from '../fixtures/eventually.js';
import { failureOf, Opened } from '../fixtures/fleet.js';
import { ManualTimers } from '../fixtures/manual-timers.js';
import { startAedes } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

describe('the offline queue', () => {
  const timers = new ManualTimers();
  const queueOf = (onFull: 'reject' | 'drop-oldest'): OfflineQueue =>
    new OfflineQueue({ maxCommands: 2, maxAgeMs: 100, onFull }, timers);

  it('lets everybody go in order of arrival, and keeps nothing', async () => {
    const queue = queueOf('reject');
    const order: string[] = [];
    for (const name of ['one', 'two']) void queue.enter(name, 0).admitted.then(() => order.push(name));
    queue.release();
    await Promise.resolve();
    expect(order).toEqual(['one', 'two']);
    expect([queue.size, timers.pending]).toEqual([0, 0]);
  });

  it('rejects the new one when it is full, or the oldest', async () => {
    const strict = queueOf('reject');
    const [first] = [strict.enter('one', 0), strict.enter('two', 0)];
    expect(() => strict.enter('three', 0)).toThrow(expect.objectContaining({ code: 'queue_full' }) as Error);
    strict.release();
    await expect(first.admitted).resolves.toBeUndefined();

    const fresh = queueOf('drop-oldest');
    const [oldest, younger, youngest] = ['one', 'two', 'three'].map((name) => fresh.enter(name, 0));
    expect(await failureOf(oldest?.admitted ?? Promise.resolve())).toMatchObject({
      code: 'queue_full',
      message: 'one: too many calls wait for the connection to the broker; it was not sent',
    });
    fresh.release();
    expect(await Promise.all([younger?.admitted, youngest?.admitted])).toEqual([undefined, undefined]);
    expect(timers.pending).toBe(0);
  });

  it('rejects what waited too long, counting the time before it came', async () => {
    const queue = queueOf('reject');
    const [young, old] = [queue.enter('young', 0), queue.enter('old', 60)];
    timers.advance(40);
    expect(await failureOf(old.admitted)).toMatchObject({ code: 'expired' });
    expect(queue.size).toBe(1);
    timers.advance(60);
    expect(await failureOf(young.admitted)).toMatchObject({ code: 'expired' });
    expect(() => queue.enter('ancient', 100)).toThrow(expect.objectContaining({ code: 'expired' }) as Error);
    expect([queue.size, timers.pending]).toEqual([0, 0]);
  });

  it('gives a place free when its call gives up', () => {
    const queue = queueOf('reject');
    const place = queue.enter('one', 0);
    place.leave();
    place.leave();
    expect([queue.size, timers.pending]).toEqual([0, 0]);
  });
});

describe('a client with an offline queue', () => {
  async function cutOff(
    offlineQueue: ConnectOptions['offlineQueue'],
    options: Partial<ConnectOptions> = {},
  ): Promise<{ client: Client; peer: DevicePeer; proxy: CuttableProxy }> {
    const broker = await startAedes();
    opened.add(() => broker.close());
    const peer = await opened.peer(broker, 'esp-001');
    const proxy = await startProxy(broker.port);
    opened.add(() => proxy.close());
    const client = await opened.client(broker, { url: proxy.url, offlineQueue, ...options });
    proxy.cut();
    await eventually('the loss is seen', () => !client.connected);
    return { client, peer, proxy };
  }

  it('sends what waited in order, reads and updates among it', async () => {
    const { client, peer, proxy } = await cutOff({ maxCommands: 10, maxAgeMs: 60_000, onFull: 'reject' });
    const device = client.device('esp-001');
    const answers = [600, 700, 800].map((seconds) => device.update.interval(seconds));
    const status = device.status();
    proxy.mend();
    expect(await Promise.all(answers)).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    expect(await status).toMatchObject({ online: true });
    expect(peer.received.map(({ payload }) => payload)).toEqual(['600', '700', '800']);
  });

  it('drops by its policy, by age and by deadline, and sends nothing of that later', async () => {
    const { client, peer, proxy } = await cutOff({ maxCommands: 2, maxAgeMs: 50, onFull: 'drop-oldest' });
    const { update } = client.device('esp-001');
    const [first, second, third] = [
      failureOf(update.interval(600)),
      failureOf(update.interval(700, { deadlineMs: 20 })),
      failureOf(update.interval(800)),
    ];
    expect(await first).toMatchObject({ code: 'queue_full' });
    expect(await second).toMatchObject({ code: 'deadline' });
    expect(await third).toMatchObject({ code: 'expired' });
    proxy.mend();
    await eventually('it is back', () => client.connected);
    expect(await update.interval(900)).toEqual({ ok: true });
    expect(peer.received.map(({ payload }) => payload)).toEqual(['900']);
  });

  it('rejects what waits with closed', async () => {
    const { client } = await cutOff({ maxCommands: 2, maxAgeMs: 60_000, onFull: 'reject' });
    const answer = failureOf(client.device('esp-001').restart());
    await client.close();
    expect(await answer).toMatchObject({ code: 'closed' });
  });

  it.each([
    ['no room', { maxCommands: 0, maxAgeMs: 1, onFull: 'reject' }],
    ['a fractional room', { maxCommands: 1.5, maxAgeMs: 1, onFull: 'reject' }],
    ['no age', { maxCommands: 1, maxAgeMs: 0, onFull: 'reject' }],
    ['another policy', { maxCommands: 1, maxAgeMs: 1, onFull: 'wait' as 'reject' }],
  ] as const)('is not made with %s', async (_, offlineQueue) => {
    const broker = await startAedes();
    opened.add(() => broker.close());
    expect(await failureOf(opened.client(broker, { offlineQueue }))).toMatchObject({ code: 'invalid_argument' });
  });
});
