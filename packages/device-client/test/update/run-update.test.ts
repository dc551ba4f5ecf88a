import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { isUpdateError, type Client, type UpdateProgress } from '../../src/index.js';
import type { DevicePeer } from '../fixtures/device-peer.js';
import { eventually } from '../fixtures/eventually.js';
import { describeOnBrokers, failureOf, Opened } from '../fixtures/fleet.js';
import { ManualTimers } from '../fixtures/manual-timers.js';
import type { TestBroker } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

const OFFER = { to: '2.0.0', total: 100 };

describeOnBrokers('an awaited update', (start) => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await start();
  });
  afterAll(() => broker.close());

  async function fleet(id: string): Promise<{ peer: DevicePeer; client: Client }> {
    return { peer: await opened.peer(broker, id), client: await opened.client(broker) };
  }

  it('reports progress through the reboot and resolves when that very run is confirmed', async () => {
    const { peer, client } = await fleet('updater');
    await peer.state({ run: 6, state: 'confirmed', to: '0.9.0' });
    peer.onCommand = async (command) => {
      expect(command.leaf).toBe('update/run');
      // Faster than its own reply: nothing is missed.
      await peer.state({ run: 7, state: 'checking' });
      await peer.reply(command, { ok: true, run: 7 });
      await peer.state({ ...OFFER, run: 7, state: 'downloading', bytes: 25 });
      await peer.state({ ...OFFER, run: 7, state: 'verifying', bytes: 100 });
      await peer.state({ ...OFFER, run: 7, state: 'rebooting', bytes: 100 });
      await peer.status({ online: false });
      await peer.online();
      await peer.state({ ...OFFER, run: 7, state: 'pending_confirm', bytes: 100 });
      await peer.state({ ...OFFER, run: 7, state: 'confirmed', bytes: 100 });
    };
    const progress: UpdateProgress[] = [];
    const result = await client.device('updater').update.run({ onProgress: (step) => progress.push(step) });
    expect(result).toEqual({ updated: true, run: 7, from: '1.0.0', to: '2.0.0' });
    expect(progress.map(({ state, fraction }) => [state, fraction])).toEqual([
      ['checking', 0],
      ['downloading', 0.25],
      ['verifying', 1],
      ['rebooting', 1],
      ['pending_confirm', 1],
      ['confirmed', 1],
    ]);
  });

  it('resolves without an update when nothing newer is offered', async () => {
    const { peer, client } = await fleet('current');
    peer.onCommand = async (command) => {
      await peer.reply(command, { ok: true, run: 1 });
      await peer.state({ run: 1, state: 'idle', reason: 'none_newer' });
    };
    expect(await client.device('current').update.run()).toEqual({ updated: false, reason: 'none_newer' });
  });

  it.each([
    { state: 'failed', reason: 'bad_signature' },
    { state: 'rolled_back', reason: 'not_confirmed' },
  ] as const)('rejects with UpdateError when the run ended as $state', async ({ state, reason }) => {
    const { peer, client } = await fleet(`ends-${state}`);
    peer.onCommand = async (command) => {
      await peer.reply(command, { ok: true, run: 3 });
      await peer.state({ ...OFFER, run: 3, state, reason });
    };
    const error = await failureOf(client.device(`ends-${state}`).update.run());
    expect(isUpdateError(error)).toBe(true);
    expect(error).toMatchObject({ name: 'UpdateError', code: state, reason, run: 3, lastState: state });
  });

  it('rejects with CommandError when the device is busy, and with device_offline when it is away', async () => {
    const { peer, client } = await fleet('busy');
    peer.onCommand = (command) => peer.reply(command, { ok: false, code: 'busy', detail: 'run 4 is under way' });
    expect(await failureOf(client.device('busy').update.run())).toMatchObject({ name: 'CommandError', code: 'busy' });
    await peer.status({ online: false });
    for await (const event of client.watch({ device: 'busy', types: ['status'] })) {
      if (event.type === 'status' && !event.value.online) break;
    }
    expect(await failureOf(client.device('busy').update.run())).toMatchObject({ code: 'device_offline' });
  });

  it('rejects with superseded when a later run overwrote its outcome', async () => {
    const { peer, client } = await fleet('overtaken');
    peer.onCommand = async (command) => {
      await peer.reply(command, { ok: true, run: 3 });
      await peer.state({ run: 5, state: 'checking' });
    };
    expect(await failureOf(client.device('overtaken').update.run())).toMatchObject({ code: 'superseded', run: 3 });
  });

  it('rejects with invalid_reply when the reply names no run', async () => {
    const { client } = await fleet('nameless');
    expect(await failureOf(client.device('nameless').update.run())).toMatchObject({ code: 'invalid_reply' });
  });

  it('rejects with UpdateError deadline after 20 minutes by default, naming the last state', async () => {
    const peer = await opened.peer(broker, 'endless');
    const timers = new ManualTimers();
    const client = await opened.client(broker, { timers });
    let last: UpdateProgress | undefined;
    peer.onCommand = async (command) => {
      await peer.reply(command, { ok: true, run: 3 });
      await peer.state({ ...OFFER, run: 3, state: 'downloading', bytes: 1 });
    };
    const answer = failureOf(client.device('endless').update.run({ onProgress: (step) => (last = step) }));
    await eventually('it downloads', () => last?.state === 'downloading');
    timers.advance(20 * 60_000);
    const error = await answer;
    expect(isUpdateError(error)).toBe(true);
    expect(error).toMatchObject({ code: 'deadline', run: 3, lastState: 'downloading', reason: null });
  });

  it('stops waiting when aborted or closed, and survives a callback that throws', async () => {
    const peer = await opened.peer(broker, 'stopped');
    const warnings: string[] = [];
    const client = await opened.client(broker, { logger: { warn: (message) => warnings.push(message) } });
    peer.onCommand = async (command) => {
      await peer.reply(command, { ok: true, run: 3 });
      await peer.state({ run: 3, state: 'checking' });
    };
    const controller = new AbortController();
    const onProgress = (): void => {
      throw new Error('a bug of the caller');
    };
    const aborted = failureOf(client.device('stopped').update.run({ signal: controller.signal, onProgress }));
    await eventually('it runs', () => warnings.length === 1);
    controller.abort();
    expect(await aborted).toMatchObject({ code: 'aborted' });
    const running = { seen: false };
    const closed = failureOf(client.device('stopped').update.run({ onProgress: () => (running.seen = true) }));
    await eventually('it runs', () => running.seen);
    await client.close();
    expect(await closed).toMatchObject({ code: 'closed' });
    expect(warnings).toEqual(['onProgress threw']);
  });

  it('leaves the raw command reachable', async () => {
    const { peer, client } = await fleet('raw');
    peer.onCommand = (command) => peer.reply(command, { ok: true, run: 12 });
    expect(await client.device('raw').send('update/run')).toEqual({ ok: true, run: 12 });
  });

  it('survives a broker that is killed and restarted in the middle', async () => {
    const { peer, client } = await fleet('survivor');
    peer.onCommand = async (command) => {
      await peer.reply(command, { ok: true, run: 8 });
      await peer.state({ ...OFFER, run: 8, state: 'downloading', bytes: 10 });
    };
    const seen: string[] = [];
    const answer = client.device('survivor').update.run({ onProgress: ({ state }) => seen.push(state) });
    await eventually('it downloads', () => seen.includes('downloading'));
    await broker.kill();
    await eventually('the loss is seen', () => !client.connected);
    await broker.restart();
    await eventually('the device is back', () => peer.mqtt.connected);
    await peer.online();
    await peer.state({ ...OFFER, run: 8, state: 'confirmed', bytes: 100 });
    expect(await answer).toEqual({ updated: true, run: 8, from: '1.0.0', to: '2.0.0' });
    await eventually('the client is back', () => client.connected);
  });

  it('learns from the retained state what happened while it was away, be it an end or a later run', async () => {
    for (const [id, run, outcome] of [
      ['away-1', 8, { updated: true }],
      ['away-2', 9, { code: 'superseded' }],
    ] as const) {
      const { peer, client } = await fleet(id);
      peer.onCommand = async (command) => {
        await peer.reply(command, { ok: true, run: 8 });
        await peer.state({ run: 8, state: 'checking' });
      };
      const running = { seen: false };
      const onProgress = (): boolean => (running.seen = true);
      const answer = client
        .device(id)
        .update.run({ onProgress })
        .catch((error: unknown) => error);
      await eventually('it runs', () => running.seen);
      await broker.kill();
      await eventually('the loss is seen', () => !client.connected);
      await broker.restart();
      await eventually('the device is back', () => peer.mqtt.connected);
      await peer.state({ ...OFFER, run, state: 'confirmed' });
      expect(await answer).toMatchObject(outcome);
    }
  });
});
