import { connect as connectMqtt } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { defineProtocol, empty, event } from '@secure-esp/protocol';
import type { PresenceChange } from '../../src/index.js';
import { eventually } from '../fixtures/eventually.js';
import { describeOnBrokers, failureOf, Opened } from '../fixtures/fleet.js';
import { mosquittoMissing, startAedes, startMosquitto, type TestBroker } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

const short = ({ device, type, retained, missed }: PresenceChange): unknown[] => [device, type, retained, missed];

describeOnBrokers('presence', (start) => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await start();
  });
  afterAll(() => broker.close());

  it('begins with what the broker holds, and goes on with who comes, goes and is forgotten', async () => {
    const there = await opened.peer(broker, 'p-there');
    const away = await opened.peer(broker, 'p-away');
    await away.status({ online: false });
    const client = await opened.client(broker, { retainedGraceMs: 100 });
    const presence = client.presence();
    await presence.ready;
    const known = [...presence.devices].map(([device, { online }]) => [device, online]);
    expect(known.sort()).toEqual([
      ['p-away', false],
      ['p-there', true],
    ]);
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const change of presence) seen.push(short(change));
    })();
    await eventually('what is stored is read', () => seen.length === 2);
    await there.crash();
    await eventually('it went', () => seen.length === 3);
    await away.online();
    await eventually('it came', () => seen.length === 4);
    await away.online();
    await client.device('p-there').forget();
    await eventually('it is forgotten', () => seen.length === 5);
    expect(seen.slice(2)).toEqual([
      ['p-there', 'offline', false, 0],
      ['p-away', 'online', false, 0],
      ['p-there', 'forgotten', false, 0],
    ]);
    expect([...presence.devices.keys()]).toEqual(['p-away']);
    expect(presence.dropped).toBe(0);
    await presence.close();
    await reading;
    await away.close();
  });

  it('keeps one change per device for a slow reader, the latest', async () => {
    const peer = await opened.peer(broker, 'p-flapping');
    const client = await opened.client(broker, { retainedGraceMs: 100 });
    const presence = client.presence();
    await presence.ready;
    const statuses = client.watch({ device: 'p-flapping', types: ['status'] });
    await statuses.ready;
    for (let times = 0; times < 5; times += 1) {
      await peer.status({ online: false });
      await peer.online();
    }
    await peer.status({ online: false });
    // The stored one and the eleven of above: a broker may acknowledge before it delivers.
    let arrived = 0;
    for await (const event of statuses) {
      if (event.type === 'status') arrived += 1;
      if (arrived === 12) break;
    }
    for await (const change of presence) {
      if (change.device !== 'p-flapping') continue;
      expect(short(change)).toEqual(['p-flapping', 'offline', false, 11]);
      break;
    }
    expect(await presence.next()).toEqual({ done: true, value: undefined });
  });

  it('forgets after a reconnect whom a broker without memory does not know any more', async () => {
    const stays = await opened.peer(broker, 'p-stays');
    const leaves = await opened.peer(broker, 'p-leaves');
    const client = await opened.client(broker, { retainedGraceMs: 100 });
    const presence = client.presence();
    await presence.ready;
    // With goodbye: no last will, so the broker goes on saying that it is there.
    await leaves.mqtt.endAsync();
    await broker.kill();
    await eventually('the loss is seen', () => !client.connected);
    expect(presence.devices.get('p-leaves')?.online).toBe(true);
    await broker.restart();
    await eventually('the device is back', () => stays.mqtt.connected);
    await stays.online();
    await eventually('it is forgotten', () => !presence.devices.has('p-leaves'));
    expect(presence.devices.get('p-stays')?.online).toBe(true);
    await presence.close();
  });

  it('ends with its signal and with the client', async () => {
    const controller = new AbortController();
    const client = await opened.client(broker);
    const aborted = client.presence({ signal: controller.signal });
    controller.abort();
    expect(await failureOf(aborted.ready)).toMatchObject({ code: 'closed' });
    const closed = client.presence();
    await client.close();
    expect(await failureOf(closed.ready)).toMatchObject({ code: 'closed' });
  });
});

const FLEET = 3_000;
const missing = process.env['CI'] === undefined ? mosquittoMissing() : undefined;

describe.skipIf(missing !== undefined)(`presence of ${String(FLEET)} devices${missing ? ` (${missing})` : ''}`, () => {
  it('is complete once ready, and again after each of them changed', async () => {
    const broker = await startMosquitto();
    opened.add(() => broker.close());
    const writer = connectMqtt(broker.url, { protocolVersion: 5 });
    opened.add(() => writer.endAsync(true));
    const publish = async (online: boolean): Promise<void> => {
      for (let index = 0; index < FLEET; index += 1) {
        const payload = online ? STATUS : '{"online":false}';
        await writer.publishAsync(`/esp/devices/many-${String(index)}/status`, payload, { qos: 1, retain: true });
      }
    };
    await publish(true);
    const client = await opened.client(broker);
    const presence = client.presence();
    await presence.ready;
    const online = (): number => [...presence.devices.values()].filter((entry) => entry.online).length;
    expect(online()).toBe(FLEET);
    await publish(false);
    await eventually('all are away', () => online() === 0);
    const seen = new Set<string>();
    for await (const change of presence) {
      expect(change).toMatchObject({ type: 'offline', missed: 1 });
      expect(seen.has(change.device)).toBe(false);
      if (seen.add(change.device).size === FLEET) break;
    }
  });
});

const STATUS = JSON.stringify({
  online: true,
  project: 'demo',
  version: '1.0.0',
  chip: 'esp32',
  bootId: 1,
  resetReason: 'power_on',
  protocol: 1,
  contract: '0123456789abcdef',
});

it('presence that the broker forbids is denied, and a contract without status has none', async () => {
  const broker = await startAedes({ denySubscribe: (_, filter) => filter.endsWith('/status') });
  opened.add(() => broker.close());
  const client = await opened.client(broker);
  const presence = client.presence();
  expect(await failureOf(presence.ready)).toMatchObject({ code: 'denied' });
  expect(await failureOf(presence.next())).toMatchObject({ code: 'denied' });
  expect(await failureOf(client.fleet({ present: true }).restart().all())).toMatchObject({ code: 'denied' });
  const protocol = defineProtocol({
    name: 'mute',
    version: 1,
    root: '/mute',
    topics: { beep: event(empty(), { description: 'A sound.' }) },
  });
  const mute = await opened.client(broker, { protocol });
  expect(() => (mute as unknown as { presence(): unknown }).presence()).toThrow(
    expect.objectContaining({ code: 'invalid_argument' }),
  );
});
