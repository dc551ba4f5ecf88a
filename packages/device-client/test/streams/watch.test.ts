import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Client, DeviceEvent, InvalidEvent } from '../../src/index.js';
import type { DevicePeer } from '../fixtures/device-peer.js';
import { eventually } from '../fixtures/eventually.js';
import { describeOnBrokers, failureOf, Opened } from '../fixtures/fleet.js';
import { startAedes, type TestBroker } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

/** The next `count` events, shortened. */
async function take(stream: AsyncIterable<DeviceEvent>, count: number): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of stream) {
    events.push([event.type, event.device, 'value' in event ? event.value : undefined]);
    if (events.length === count) break;
  }
  return events;
}

/** The lines of `stream` up to and including `last`. */
async function linesUntil(stream: AsyncIterable<string>, last: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of stream) {
    lines.push(line);
    if (line === last) break;
  }
  return lines;
}

describeOnBrokers('streams', (start) => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await start();
  });
  afterAll(() => broker.close());

  async function fleet(id: string): Promise<{ peer: DevicePeer; client: Client }> {
    return { peer: await opened.peer(broker, id), client: await opened.client(broker) };
  }

  it('yield stored state first, then what happens', async () => {
    const { peer, client } = await fleet('w1');
    const status = client.watch({ device: 'w1', types: ['status'] });
    for await (const event of status) {
      expect(event).toMatchObject({ type: 'status', device: 'w1', retained: true });
      break;
    }
    const stream = client.device('w1').watch({ types: ['log', 'update/state'] });
    await stream.ready;
    await peer.event('log', 'secure_esp: [SUCCESS] hello');
    await peer.state({ run: 1, state: 'checking' });
    expect(await take(stream, 2)).toMatchObject([
      ['log', 'w1', 'secure_esp: [SUCCESS] hello'],
      ['update/state', 'w1', { run: 1, state: 'checking' }],
    ]);
  });

  it('cover all devices and the broadcast log', async () => {
    const { peer, client } = await fleet('w2');
    const other = await opened.peer(broker, 'w3');
    const stream = client.watch({ types: ['log'] });
    await stream.ready;
    await peer.event('log', 'from w2');
    await other.event('log', 'from w3');
    await peer.mqtt.publishAsync('/esp/log', 'to all', { qos: 1 });
    const events = await take(stream, 3);
    expect(events).toHaveLength(3);
    expect(events).toEqual(
      expect.arrayContaining([
        ['log', 'w2', 'from w2'],
        ['log', 'w3', 'from w3'],
        ['log', undefined, 'to all'],
      ]),
    );
  });

  it('deliver each message once to each reader, whatever the readers overlap', async () => {
    const { peer, client } = await fleet('w4');
    const device = client.device('w4');
    const one = device.logs();
    await one.ready;
    await peer.event('log', 'first');
    const all = client.watch({ types: ['log'] });
    await all.ready;
    const two = device.logs();
    await two.ready;
    await peer.event('log', 'second');
    // The overlap ends again: the single filter takes over without a gap.
    await all.close();
    await one.ready;
    await device.read('status');
    await peer.event('log', 'third');
    await peer.event('log', 'last');
    expect(await linesUntil(one, 'last')).toEqual(['first', 'second', 'third', 'last']);
    expect(await linesUntil(two, 'last')).toEqual(['second', 'third', 'last']);
  });

  it('give a late reader the state that an earlier one has already received', async () => {
    const { peer, client } = await fleet('w5');
    await peer.state({ run: 4, state: 'confirmed', to: '2.0.0' });
    const device = client.device('w5');
    const early = client.watch({ types: ['update/state'] });
    const isOurs = (event: DeviceEvent): boolean => event.device === 'w5';
    for await (const event of early) if (isOurs(event)) break;
    const held = client.watch({ types: ['update/state'] });
    await held.ready;
    expect(await device.updateState()).toMatchObject({ run: 4, state: 'confirmed' });
    for await (const state of device.events('update/state')) {
      expect(state.run).toBe(4);
      break;
    }
    await held.close();
  });

  it('end the subscription with the last reader who leaves', async () => {
    const { peer, client } = await fleet('w6');
    const left = client.device('w6').logs();
    await left.ready;
    await peer.event('log', 'one');
    for await (const line of left) {
      expect(line).toBe('one');
      break;
    }
    expect(await left.next()).toEqual({ done: true, value: undefined });
    const aborted = new AbortController();
    const stream = client.watch({ signal: aborted.signal });
    const rest = take(stream, 1_000);
    await stream.ready;
    aborted.abort();
    await rest;
    expect(await take(client.watch({ signal: AbortSignal.abort() }), 1)).toEqual([]);
    const closing = client.watch();
    const untilClosed = take(closing, 1_000);
    await client.close();
    await untilClosed;
    expect(await failureOf(client.watch().ready)).toMatchObject({ code: 'closed' });
  });

  it('drop the oldest and count them when the reader is slow', async () => {
    const { peer, client } = await fleet('w7');
    const counts: number[] = [];
    const slow = client.watch({ device: 'w7', types: ['log'], queueSize: 3 });
    const lines = client.device('w7').logs({ queueSize: 3, onDropped: (count) => counts.push(count) });
    const done = client.device('w7').logs();
    await Promise.all([slow.ready, lines.ready, done.ready]);
    for (let line = 1; line <= 10; line += 1) await peer.event('log', String(line));
    await linesUntil(done, '10');
    const events: DeviceEvent[] = [];
    for await (const event of slow) {
      events.push(event);
      if (event.type === 'log' && event.value === '10') break;
    }
    expect(events[0]).toMatchObject({ type: 'dropped', count: 7 });
    expect(events).toHaveLength(4);
    expect(await linesUntil(lines, '10')).toEqual(['8', '9', '10']);
    expect(counts).toEqual([7]);
    expect(() => client.watch({ queueSize: 0 })).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    expect(() => client.watch({ types: ['nothing' as 'log'] })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    );
  });

  it('report payloads that the contract refuses, and go on', async () => {
    const peer = await opened.peer(broker, 'w8');
    const invalid: InvalidEvent[] = [];
    const warnings: string[] = [];
    const client = await opened.client(broker, {
      logger: { warn: (message) => warnings.push(message) },
      onInvalid: (event) => {
        invalid.push(event);
        throw new Error('a bug of the caller');
      },
    });
    const stream = client.watch({ device: 'w8', types: ['log', 'update/state'] });
    await stream.ready;
    await peer.event('log', 'x'.repeat(512));
    await peer.mqtt.publishAsync('/esp/devices/w8/log', Buffer.from([0xff]), { qos: 1 });
    await peer.event('update/state', { run: -1 });
    await peer.event('update/state', 'x'.repeat(60_000));
    await peer.event('log', 'fine');
    expect(await take(stream, 1)).toEqual([['log', 'w8', 'fine']]);
    expect(invalid.map(({ leaf, code }) => [leaf, code])).toEqual([
      ['log', 'too_long'],
      ['log', 'bad_payload'],
      ['update/state', expect.any(String)],
      ['update/state', 'too_long'],
    ]);
    expect(warnings).toHaveLength(4);
  });

  it('go on after a reconnect without repeating unchanged state', async () => {
    const { peer, client } = await fleet('w9');
    const stream = client.device('w9').watch({ types: ['log', 'status'] });
    const events: DeviceEvent[] = [];
    const reading = (async () => {
      for await (const event of stream) events.push(event);
    })();
    await eventually('the status arrives', () => events.length === 1);
    await broker.kill();
    await eventually('the loss is seen', () => !client.connected);
    await broker.restart();
    await eventually('both are back', () => client.connected && peer.mqtt.connected);
    const again = client.device('w9').logs();
    await again.ready;
    await peer.event('log', 'after');
    await eventually('the log arrives', () => events.length >= 2);
    expect(events.map(({ type }) => type)).toEqual(['status', 'log']);
    await stream.close();
    await reading;
  });

  it('read and forget the retained values of a device', async () => {
    const { peer, client } = await fleet('w10');
    const device = client.device('w10');
    await peer.event('settings', { url: null, useUrl: 0, interval: 600 }, true);
    await peer.state({ run: 1, state: 'confirmed' });
    expect(await device.settings()).toEqual({ url: null, useUrl: 0, interval: 600 });
    expect(await device.status()).toMatchObject({ online: true, project: 'demo' });
    const stream = device.watch({ types: ['settings'] });
    const values = device.events('settings');
    expect(await stream.next()).toMatchObject({ value: { type: 'settings', value: { interval: 600 } } });
    await device.forget();
    expect(await stream.next()).toMatchObject({ value: { type: 'cleared', leaf: 'settings', device: 'w10' } });
    await stream.close();
    await peer.event('settings', { url: null, useUrl: 0, interval: 700 });
    for (const interval of [600, 700]) expect(await values.next()).toMatchObject({ value: { interval } });
    const fresh = await opened.client(broker, { retainedGraceMs: 50 });
    for (const leaf of ['status', 'update/state', 'settings'] as const) {
      expect(await failureOf(fresh.device('w10').read(leaf))).toMatchObject({ code: 'not_reported' });
    }
    expect(await failureOf(fresh.device('w10').read('log'))).toMatchObject({ code: 'invalid_argument' });
    expect(await failureOf(fresh.device('w10').restart())).toMatchObject({ code: 'device_offline' });
  });
});

it('a stream that the broker forbids throws denied', async () => {
  const broker = await startAedes({ denySubscribe: (_, filter) => filter.endsWith('/log') });
  opened.add(() => broker.close());
  const client = await opened.client(broker);
  const stream = client.device('esp-001').logs();
  expect(await failureOf(stream.ready)).toMatchObject({ code: 'denied' });
  expect(await failureOf(stream.next())).toMatchObject({ code: 'denied' });
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});
