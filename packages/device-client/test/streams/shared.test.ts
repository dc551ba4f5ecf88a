import { afterEach, describe, expect, it } from 'vitest';
import type { Client, DeviceEvent, EventStream } from '../../src/index.js';
import { eventually } from '../fixtures/eventually.js';
import { failureOf, Opened } from '../fixtures/fleet.js';
import { mosquittoMissing, startAedes, startMosquitto, type TestBroker } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

const missing = process.env['CI'] === undefined ? mosquittoMissing() : undefined;
const skipped = missing === undefined ? '' : ` (${missing})`;

async function startShared(): Promise<{ broker: TestBroker; replicas: readonly Client[] }> {
  const broker = await startMosquitto();
  opened.add(() => broker.close());
  const options = { sharedSubscription: 'backend', retainedGraceMs: 100 };
  return { broker, replicas: [await opened.client(broker, options), await opened.client(broker, options)] };
}

/** Reads a stream into a list until it is closed. */
function collect<T>(stream: EventStream<T>): T[] {
  const all: T[] = [];
  const reading = (async () => {
    for await (const one of stream) all.push(one);
  })();
  opened.add(async () => {
    await stream.close();
    await reading;
  });
  return all;
}

const lines = (events: readonly DeviceEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'log' ? [event.value] : []));

describe.skipIf(missing !== undefined)(`shared subscriptions${skipped}`, () => {
  it('give each event to exactly one client of the group, and all of them to a client outside of it', async () => {
    const { broker, replicas } = await startShared();
    const peer = await opened.peer(broker, 'esp-1');
    const streams = replicas.map((client) => client.watch({ types: ['log'] }));
    const outside = (await opened.client(broker)).watch({ types: ['log'] });
    await Promise.all([...streams, outside].map((stream) => stream.ready));
    const shares = streams.map(collect);
    const whole = collect(outside);
    const expected = Array.from({ length: 40 }, (_, index) => `line ${String(index)}`);
    for (const line of expected) await peer.event('log', line);
    await eventually('all have arrived', () => shares.flat().length >= 40 && whole.length >= 40);
    expect(lines(whole)).toEqual(expected);
    expect(shares.flatMap(lines).sort()).toEqual([...expected].sort());
    expect(shares.every((share) => share.length > 0)).toBe(true);
    // Whoever stays gets everything.
    await streams[0]?.close();
    await replicas[0]?.close();
    await peer.event('log', 'last');
    await eventually('the other has it', () => lines(shares[1] ?? []).includes('last'));
  });

  it('bring no stored values, unless a stream is not to be shared', async () => {
    const { broker, replicas } = await startShared();
    const peer = await opened.peer(broker, 'esp-2');
    const [client] = replicas;
    if (client === undefined) throw new Error('no client');
    const shared = client.device('esp-2').watch({ types: ['status', 'update/state'] });
    const own = client.device('esp-2').watch({ types: ['status', 'update/state'], shared: false });
    await Promise.all([shared.ready, own.ready]);
    const [sharedEvents, ownEvents] = [collect(shared), collect(own)];
    await peer.state({ run: 4, state: 'checking' });
    await eventually('both have the state', () => sharedEvents.length === 1 && ownEvents.length === 2);
    expect(sharedEvents).toMatchObject([{ type: 'update/state', retained: false }]);
    expect(ownEvents).toMatchObject([
      { type: 'status', retained: true },
      { type: 'update/state', retained: false },
    ]);
    // A later reader of the same client does not get what was another's.
    const late = client.device('esp-2').states();
    await late.ready;
    const lateStates = collect(late);
    await peer.state({ run: 4, state: 'downloading' });
    await eventually('it begins with the next', () => lateStates.length === 1);
    expect(lateStates).toMatchObject([{ state: 'downloading' }]);
  });

  it('leave replies, reads, updates and presence to each client', async () => {
    const { broker, replicas } = await startShared();
    const peer = await opened.peer(broker, 'esp-3');
    await peer.event('settings', { url: null, useUrl: 0, interval: 600 }, true);
    const streams = replicas.map((client) => collect(client.watch()));
    peer.onCommand = async (command) => {
      await peer.reply(command, { ok: true, ...(command.leaf === 'update/run' ? { run: 1 } : {}) });
      if (command.leaf !== 'update/run') return;
      for (const state of ['checking', 'downloading', 'confirmed'] as const) {
        await peer.state({ run: 1, state, to: '2.0.0' });
      }
    };
    for (const client of replicas) {
      const device = client.device('esp-3');
      for (let times = 0; times < 4; times += 1) expect(await device.restart()).toEqual({ ok: true });
      expect(await device.settings()).toMatchObject({ interval: 600 });
      expect(await device.status()).toMatchObject({ online: true });
      const presence = client.presence();
      await presence.ready;
      expect([...presence.devices.keys()]).toEqual(['esp-3']);
      await presence.close();
    }
    const steps: string[] = [];
    const result = await replicas[0]?.device('esp-3').update.run({ onProgress: ({ state }) => steps.push(state) });
    expect(result).toMatchObject({ updated: true });
    expect(steps).toEqual(['checking', 'downloading', 'confirmed']);
    await eventually('the group has seen each state once', () => streams.flat().length === 3);
    const states = streams.flat().flatMap((event) => (event.type === 'update/state' ? [event.value.state] : []));
    expect(states.sort()).toEqual(['checking', 'confirmed', 'downloading']);
  });

  it('are made again after a reconnect', async () => {
    const { broker, replicas } = await startShared();
    const peer = await opened.peer(broker, 'esp-4');
    const streams = replicas.map((client) => client.device('esp-4').logs());
    await Promise.all(streams.map((stream) => stream.ready));
    const shares = streams.map(collect);
    await broker.kill();
    await eventually('the loss is seen', () => replicas.every((client) => !client.connected));
    await broker.restart();
    await eventually('all are back', () => replicas.every((client) => client.connected) && peer.mqtt.connected);
    const again = replicas.map((client) => client.device('esp-4').logs());
    await Promise.all(again.map((stream) => stream.ready));
    for (let line = 0; line < 10; line += 1) await peer.event('log', String(line));
    await eventually('all have arrived', () => shares.flat().length === 10);
    expect(
      shares
        .flat()
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

it('a broker without shared subscriptions is refused, and so is a group name that cannot stand in a filter', async () => {
  const broker = await startAedes();
  opened.add(() => broker.close());
  expect(await failureOf(opened.client(broker, { sharedSubscription: 'backend' }))).toMatchObject({
    code: 'refused',
    message: expect.stringContaining('no shared subscriptions') as unknown,
  });
  for (const sharedSubscription of ['', 'a/b', '+', '#', 'x'.repeat(65)]) {
    expect(await failureOf(opened.client(broker, { sharedSubscription }))).toMatchObject({ code: 'invalid_argument' });
  }
});
