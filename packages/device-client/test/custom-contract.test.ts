import {
  boundedString,
  command,
  defineProtocol,
  empty,
  event,
  integer,
  json,
  secureEspV1,
  text,
} from '@secure-esp/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connect } from '../src/index.js';
import { eventually } from './fixtures/eventually.js';
import { failureOf, Opened } from './fixtures/fleet.js';
import { startAedes, type TestBroker } from './fixtures/test-broker.js';

const lamp = defineProtocol({
  name: 'lamp',
  version: 1,
  root: '/home',
  topics: {
    ...secureEspV1.topics,
    'lamp/set-colour': command(text(integer(0, 255), { maxBytes: 8 }), { description: 'Sets the colour.' }),
    'lamp/level': event(json(z.object({ lux: integer(0, 1000) }), { maxBytes: 64 }), { description: 'Brightness.' }),
  },
});

/** Neither presence nor replies, and a leaf that is both a command and the parent of another. */
const bare = defineProtocol({
  name: 'bare',
  version: 1,
  root: '/bare',
  topics: {
    lamp: command(text(integer(0, 1), { maxBytes: 4 }), { description: 'On or off.' }),
    'lamp/set-colour': command(text(integer(0, 255), { maxBytes: 8 }), { description: 'Sets the colour.' }),
    restart: command(empty(), { description: 'Restarts.', scopes: ['device'], qos: 0 }),
    watch: command(empty(), { description: 'A name that the SDK has taken.' }),
    beep: event(empty(), { description: 'A sound.' }),
    note: event(text(boundedString({ maxBytes: 16 }), { maxBytes: 16 }), { description: 'A note.' }),
  },
});

describe('a contract of the user', () => {
  const opened = new Opened();
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await startAedes();
  });
  afterEach(() => opened.close());
  afterAll(() => broker.close());

  it('extends secure-esp: new commands are methods, new events are watched, updates are still awaited', async () => {
    const peer = await opened.peer(broker, 'lamp-1', { root: '/home' });
    const client = await opened.client(broker, { protocol: lamp });
    const device = client.device('lamp-1');
    expect(await device.lamp.setColour(7)).toEqual({ ok: true });
    expect(peer.received.map(({ leaf, payload }) => [leaf, payload])).toEqual([['lamp/set-colour', '7']]);
    const levels = device.events('lamp/level');
    await levels.ready;
    await peer.event('lamp/level', { lux: 12 });
    for await (const { lux } of levels) {
      expect(lux).toBe(12);
      break;
    }
    peer.onCommand = async (received) => {
      await peer.reply(received, { ok: true, run: 1 });
      await peer.state({ run: 1, state: 'idle', reason: 'none_newer' });
    };
    expect(await device.update.run()).toEqual({ updated: false, reason: 'none_newer' });
  });

  it('may have no presence and no replies: a command resolves once the broker has it', async () => {
    const peer = await opened.peer(broker, 'bare-1', { root: '/bare', silent: true });
    const client = await opened.client(broker, { protocol: bare });
    const device = client.device('bare-1');
    await device.lamp.setColour(7);
    await device.restart();
    await eventually('both arrive', () => peer.received.length === 2);
    expect(peer.received.map(({ leaf, packet, responseTopic }) => [leaf, packet.qos, responseTopic])).toEqual([
      ['lamp/set-colour', 1, undefined],
      ['restart', 0, undefined],
    ]);
    expect('status' in device).toBe(false);
    const beeps = device.events('beep');
    await beeps.ready;
    await peer.event('beep', '');
    expect(await beeps.next()).toEqual({ done: false, value: undefined });
    expect(await failureOf(client.broadcast.restart())).toMatchObject({ code: 'invalid_argument' });
  });

  it('may name a command like its parent or like a method of the SDK, which wins', async () => {
    const client = await opened.client(broker, { protocol: bare });
    const device = client.device('bare-2');
    await device.lamp(1);
    await device.lamp.setColour(1);
    const stream = device.watch();
    await stream.close();
    expect(await failureOf(stream.ready)).toMatchObject({ code: 'closed' });
    await device.send('watch');
  });

  it('is refused if two commands get the same name', async () => {
    const colour = command(empty(), { description: 'x' });
    const protocol = defineProtocol({
      name: 'twice',
      version: 1,
      root: '/x',
      topics: { set_it: colour, 'set-it': colour },
    });
    const url = 'mqtts://127.0.0.1:1';
    expect(await failureOf(connect({ url, protocol }))).toMatchObject({ code: 'invalid_argument' });
  });
});
