import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Client, FleetResult, FleetUpdateProgress } from '../../src/index.js';
import type { DevicePeer } from '../fixtures/device-peer.js';
import { eventually } from '../fixtures/eventually.js';
import { describeOnBrokers, failureOf, Opened } from '../fixtures/fleet.js';
import type { TestBroker } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

const short = (result: FleetResult<unknown>): string =>
  `${result.device} ${result.ok ? 'ok' : `${result.error.name} ${result.error.code}`}`;

describeOnBrokers('a fleet', (start) => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await start();
  });
  afterAll(() => broker.close());

  async function devices(
    prefix: string,
    count: number,
  ): Promise<{ ids: string[]; peers: DevicePeer[]; client: Client }> {
    const ids = Array.from({ length: count }, (_, index) => `${prefix}-${String(index)}`);
    const peers = await Promise.all(ids.map((id) => opened.peer(broker, id)));
    return { ids, peers, client: await opened.client(broker, { retainedGraceMs: 100 }) };
  }

  it('sends each device the command once, and gives each its own answer', async () => {
    const { ids, peers, client } = await devices('cmd', 4);
    const refusing = peers[2];
    if (refusing !== undefined) {
      refusing.onCommand = (command) => refusing.reply(command, { ok: false, code: 'busy', detail: 'run 4' });
    }
    const fleet = client.fleet([...ids, 'cmd-0', 'cmd-absent'], { concurrency: 2 });
    const results = await fleet.update.interval(600).all();
    expect(results.map(short)).toEqual([
      'cmd-0 ok',
      'cmd-1 ok',
      'cmd-2 CommandError busy',
      'cmd-3 ok',
      'cmd-absent DeviceClientError device_offline',
    ]);
    for (const peer of peers) {
      expect(peer.received.map(({ leaf, payload }) => [leaf, payload])).toEqual([['update/interval', '600']]);
    }
    expect((await fleet.send('restart', { deadlineMs: 5_000 }).all()).filter(({ ok }) => ok)).toHaveLength(3);
    expect((await fleet.restart({ requireOnline: false, deadlineMs: 100 }).all()).map(short)).toContain(
      'cmd-absent DeviceClientError deadline',
    );
  });

  it('never has more devices under way than it may', async () => {
    const { ids, peers, client } = await devices('lim', 7);
    let running = 0;
    let most = 0;
    for (const peer of peers) {
      peer.onCommand = async (command) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        await peer.reply(command, { ok: true });
      };
    }
    const results = await client.fleet(ids, { concurrency: 3 }).restart().all();
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(most).toBeLessThanOrEqual(3);
    expect(peers.map(({ received }) => received.length)).toEqual(ids.map(() => 1));
  });

  it('updates device by device to confirmation, with the progress of each, and stops a rollout that goes wrong', async () => {
    const { ids, peers, client } = await devices('roll', 4);
    peers.forEach((peer, index) => {
      peer.onCommand = async (command) => {
        await peer.reply(command, { ok: true, run: 7 });
        await peer.state({ run: 7, state: 'downloading', to: '2.0.0', bytes: 50, total: 100 });
        if (index === 1) await peer.state({ run: 7, state: 'rolled_back', to: '2.0.0', reason: 'not_confirmed' });
        else await peer.state({ run: 7, state: 'confirmed', to: '2.0.0' });
      };
    });
    const progress: FleetUpdateProgress[] = [];
    const run = client
      .fleet(ids, { concurrency: 1 })
      .update.run({ stopAfterFailures: 1, onProgress: (step) => progress.push(step) });
    const seen: string[] = [];
    for await (const result of run) seen.push(short(result));
    expect(seen).toEqual([
      'roll-0 ok',
      'roll-1 UpdateError rolled_back',
      'roll-2 DeviceClientError skipped',
      'roll-3 DeviceClientError skipped',
    ]);
    const [first, second] = await run.all();
    expect(first).toMatchObject({ value: { updated: true, run: 7, from: '1.0.0', to: '2.0.0' } });
    expect(second).toMatchObject({ error: { reason: 'not_confirmed', run: 7 } });
    expect(progress.map(({ device, state, fraction }) => [device, state, fraction])).toEqual([
      ['roll-0', 'downloading', 0.5],
      ['roll-0', 'confirmed', 1],
      ['roll-1', 'downloading', 0.5],
      ['roll-1', 'rolled_back', 0],
    ]);
    expect(peers.map(({ received }) => received.length)).toEqual([1, 1, 0, 0]);
  });

  it('reads the state of each device, and forgets', async () => {
    const { ids, peers, client } = await devices('read', 2);
    await peers[0]?.event('settings', { url: null, useUrl: 0, interval: 600 }, true);
    await peers[1]?.state({ run: 3, state: 'confirmed' });
    const fleet = client.fleet(ids);
    expect((await fleet.status().all()).map(short)).toEqual(['read-0 ok', 'read-1 ok']);
    expect(await fleet.settings().all()).toMatchObject([
      { device: 'read-0', ok: true, value: { interval: 600 } },
      { device: 'read-1', ok: false, error: { code: 'not_reported' } },
    ]);
    expect((await fleet.updateState().all()).map(short)).toEqual([
      'read-0 DeviceClientError not_reported',
      'read-1 ok',
    ]);
    expect((await fleet.forget().all()).map(short)).toEqual(['read-0 ok', 'read-1 ok']);
    const fresh = await opened.client(broker, { retainedGraceMs: 100 });
    expect((await fresh.fleet(ids).read('status').all()).map(short)).toEqual([
      'read-0 DeviceClientError not_reported',
      'read-1 DeviceClientError not_reported',
    ]);
  });

  it('can be everybody who is online', async () => {
    const { peers, client } = await devices('here', 3);
    await peers[1]?.status({ online: false });
    const others = new Set(['here-0', 'here-1', 'here-2']);
    const results = await client.fleet({ present: true }).restart().all();
    expect(results.filter(({ device }) => others.has(device)).map(short)).toEqual(['here-0 ok', 'here-2 ok']);
    expect(peers.map(({ received }) => received.length)).toEqual([1, 0, 1]);
  });

  it('rejects for what no device can answer, and sends nothing', async () => {
    const { ids, peers, client } = await devices('wrong', 3);
    const fleet = client.fleet(ids);
    expect(await failureOf(fleet.update.interval(-1).all())).toMatchObject({ code: 'invalid_argument' });
    expect(await failureOf(fleet.read('log').all())).toMatchObject({ code: 'invalid_argument' });
    expect(await failureOf(fleet.restart({ stopAfterFailures: 0 }).all())).toMatchObject({ code: 'invalid_argument' });
    expect(peers.flatMap(({ received }) => received)).toEqual([]);
    const invalid = expect.objectContaining({ code: 'invalid_argument' }) as unknown;
    expect(() => client.fleet(['+'])).toThrow(invalid);
    expect(() => client.fleet(ids, { concurrency: 0 })).toThrow(invalid);
    expect(() => client.fleet('wrong-0' as unknown as string[])).toThrow(invalid);
    expect(Object.isFrozen(fleet)).toBe(true);
    expect('then' in fleet).toBe(false);
  });

  it('ends with closed when the client is closed', async () => {
    const { ids, peers, client } = await devices('shut', 3);
    for (const peer of peers) peer.onCommand = () => undefined;
    const run = client.fleet(ids, { concurrency: 2 }).restart();
    await eventually('two are under way', () => peers.flatMap(({ received }) => received).length === 2);
    await client.close();
    expect(await failureOf(run.all())).toMatchObject({ code: 'closed' });
    expect(await failureOf(client.fleet({ present: true }).restart().all())).toMatchObject({ code: 'closed' });
    expect(peers.flatMap(({ received }) => received)).toHaveLength(2);
  });
});
