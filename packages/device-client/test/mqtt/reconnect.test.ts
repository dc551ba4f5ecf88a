import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isDeviceClientError, type Client, type ConnectOptions, type DeviceEvent } from '../../src/index.js';
import { startProxy, type CuttableProxy } from '../fixtures/cuttable-proxy.js';
import type { DevicePeer } from '../fixtures/device-peer.js';
import { eventually } from '../fixtures/eventually.js';
import { describeOnBrokers, failureOf, Opened } from '../fixtures/fleet.js';
import { ManualTimers } from '../fixtures/manual-timers.js';
import { startAedes, type AedesHooks, type TestBroker } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

describeOnBrokers('a client whose connection is cut', (start) => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await start();
  });
  afterAll(() => broker.close());

  async function fleet(
    id: string,
    options: Partial<ConnectOptions> = {},
  ): Promise<{ peer: DevicePeer; client: Client; proxy: CuttableProxy }> {
    const peer = await opened.peer(broker, id);
    const proxy = await startProxy(broker.port);
    opened.add(() => proxy.close());
    return { peer, proxy, client: await opened.client(broker, { url: proxy.url, ...options }) };
  }

  const lose = async (client: Client, proxy: CuttableProxy): Promise<void> => {
    proxy.cut();
    await eventually('the loss is seen', () => !client.connected);
  };

  it('gets state that changed meanwhile, and no state again that did not', async () => {
    const { peer, client, proxy } = await fleet('cut-1');
    await peer.state({ run: 1, state: 'checking' });
    const events: DeviceEvent[] = [];
    const stream = client.device('cut-1').watch();
    const reading = (async () => {
      for await (const event of stream) events.push(event);
    })();
    await eventually('both states arrive', () => events.length === 2);
    await lose(client, proxy);
    await peer.state({ run: 1, state: 'confirmed' });
    proxy.mend();
    await eventually('the new state arrives', () => events.length === 3);
    await peer.event('log', 'last');
    await eventually('the log arrives', () => events.length === 4);
    expect(events.slice(2).map((event) => ('value' in event ? event.value : event))).toMatchObject([
      { run: 1, state: 'confirmed' },
      'last',
    ]);
    await stream.close();
    await reading;
  });

  it('learns that a device left meanwhile', async () => {
    const { peer, client, proxy } = await fleet('cut-2');
    await client.device('cut-2').restart();
    await lose(client, proxy);
    await peer.status({ online: false });
    proxy.mend();
    await eventually('it is back', () => client.connected);
    const stream = client.device('cut-2').events('status');
    for await (const status of stream) if (!status.online) break;
    expect(await failureOf(client.device('cut-2').restart())).toMatchObject({ code: 'device_offline' });
  });

  it('does not call a device offline that came back meanwhile', async () => {
    const { peer, client, proxy } = await fleet('cut-7');
    const device = client.device('cut-7');
    await device.restart();
    await peer.status({ online: false });
    await eventually('it is seen to be away', () => peer.received.length === 1);
    await failureOf(device.restart({ deadlineMs: 200 }));
    expect(await failureOf(device.restart())).toMatchObject({ code: 'device_offline' });
    await lose(client, proxy);
    await peer.online();
    // In the very turn in which the connection is back.
    const answer = new Promise((resolve) => {
      opened.onChange = ({ state }) => {
        if (state === 'connected') resolve(device.restart());
      };
    });
    proxy.mend();
    expect(await answer).toEqual({ ok: true });
  });

  it('fails every call at once with unreachable, and sends nothing of it later', async () => {
    const { peer, client, proxy } = await fleet('cut-6');
    const device = client.device('cut-6');
    await lose(client, proxy);
    const calls = [device.restart(), device.update.run(), device.status(), device.forget(), client.broadcast.restart()];
    for (const error of await Promise.all(calls.map(failureOf))) {
      expect(error).toMatchObject({ code: 'unreachable' });
      // the loss, or what the last attempt to come back met
      expect(isDeviceClientError((error as Error).cause)).toBe(true);
    }
    const aborted = failureOf(device.restart({ signal: AbortSignal.abort(new Error('enough')) }));
    expect(await aborted).toMatchObject({ code: 'aborted' });
    proxy.mend();
    await eventually('it is back', () => client.connected);
    expect(await device.update.interval(600)).toEqual({ ok: true });
    expect(peer.received.map(({ leaf }) => leaf)).toEqual(['update/interval']);
  });

  it('sends a command that waited in the offline queue once, on the new connection', async () => {
    const { peer, client, proxy } = await fleet('cut-3', {
      offlineQueue: { maxCommands: 2, maxAgeMs: 30_000, onFull: 'reject' },
    });
    await lose(client, proxy);
    const answers = [client.device('cut-3').restart(), client.device('cut-3').update.interval(600)];
    proxy.mend();
    expect(await Promise.all(answers)).toEqual([{ ok: true }, { ok: true }]);
    expect(peer.received.map(({ leaf }) => leaf).toSorted()).toEqual(['restart', 'update/interval']);
  });

  it('does not send a command again whose reply was lost', async () => {
    const { peer, client, proxy } = await fleet('cut-4');
    peer.onCommand = () => {
      proxy.cut();
    };
    const answer = failureOf(client.device('cut-4').restart({ deadlineMs: 500 }));
    await eventually('the loss is seen', () => !client.connected);
    proxy.mend();
    expect(await answer).toMatchObject({ code: 'deadline' });
    expect(client.connected).toBe(true);
    expect(peer.received).toHaveLength(1);
  });

  it('finishes an update that went on without it', async () => {
    const { peer, client, proxy } = await fleet('cut-5');
    const seen: string[] = [];
    peer.onCommand = async (command) => {
      await peer.reply(command, { ok: true, run: 4 });
      await peer.state({ run: 4, state: 'downloading', to: '2.0.0' });
    };
    const answer = client.device('cut-5').update.run({ onProgress: ({ state }) => seen.push(state) });
    await eventually('it downloads', () => seen.length === 1);
    await lose(client, proxy);
    await peer.status({ online: false });
    await peer.online();
    await peer.state({ run: 4, state: 'confirmed', to: '2.0.0' });
    proxy.mend();
    expect(await answer).toEqual({ updated: true, run: 4, from: '1.0.0', to: '2.0.0' });
  });
});

describe('a broker that never acknowledges a publish', () => {
  const publishes: string[] = [];

  async function stalled(options: { timers?: ManualTimers } = {}): Promise<{ client: Client; broker: TestBroker }> {
    publishes.length = 0;
    const broker = await startAedes({ stallPublish: (_, topic) => publishes.push(topic) > 0 });
    opened.add(() => broker.close());
    return { broker, client: await opened.client(broker, options) };
  }

  it('does not hold up close', async () => {
    const { client } = await stalled({ timers: new ManualTimers() });
    const answer = failureOf(client.broadcast.restart());
    await eventually('it is published', () => publishes.length === 1);
    await client.close();
    expect(await answer).toMatchObject({ code: 'closed' });
  });

  it('fails a broadcast at its deadline, or with unreachable when the connection goes', async () => {
    const { client, broker } = await stalled();
    expect(await failureOf(client.broadcast.restart({ deadlineMs: 30 }))).toMatchObject({ code: 'deadline' });
    const answer = failureOf(client.broadcast.restart());
    await eventually('it is published', () => publishes.length === 2);
    await broker.kill();
    expect(await answer).toMatchObject({ code: 'unreachable' });
  });
});

describe('subscriptions', () => {
  it('are held once for all readers and given up with the last one', async () => {
    const subscribed: string[] = [];
    const unsubscribed: string[] = [];
    const hooks: AedesHooks = {
      denySubscribe: (_, filter) => {
        subscribed.push(filter);
        return false;
      },
      onUnsubscribe: (filter) => unsubscribed.push(filter),
    };
    const broker = await startAedes(hooks);
    opened.add(() => broker.close());
    const client = await opened.client(broker);
    subscribed.length = 0;
    const topic = '/esp/devices/esp-001/log';
    const [one, two] = [client.device('esp-001').logs(), client.device('esp-001').logs()];
    await Promise.all([one.ready, two.ready]);
    expect(subscribed).toEqual([topic]);
    await one.close();
    const all = client.watch({ types: ['log'] });
    await all.ready;
    await eventually('one filter covers the other', () => unsubscribed.length === 1);
    expect(subscribed).toEqual([topic, '/esp/log', '/esp/devices/+/log']);
    expect(unsubscribed).toEqual([topic]);
    await two.close();
    await all.close();
    await eventually('all are given up', () => unsubscribed.length === 3);
    expect(unsubscribed.slice(1).toSorted()).toEqual(['/esp/devices/+/log', '/esp/log']);
  });
});
