import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { until } from '../support/mqtt-client.js';
import { RESTART, own, on, topics, texts, type ClientOptions, type Scenario } from './scenario.js';

/** What is kept for whom, and last wills. */
export const SESSIONS: readonly Scenario[] = [
  {
    name: 'an expired message is neither kept as retained nor in the queue of a client that is away',
    async run({ operator, device }) {
      const op = await operator('op');
      const session = { clean: false, properties: { sessionExpiryInterval: 60 } };
      const esp = await device('esp-001', session);
      await esp.subscribe(RESTART);
      await esp.subscribe('/esp/update/run');
      await esp.end();
      await op.publish(RESTART, '', { properties: { messageExpiryInterval: 1 } });
      await op.publish('/esp/update/run', '', { properties: { messageExpiryInterval: 60 } });
      // A second later than the queued one: Mosquitto counts whole seconds.
      const status = own('esp-001', 'status');
      await op.publish(status, 'soon gone', { retain: true, properties: { messageExpiryInterval: 2 } });
      await until('the retained message expires', async () => {
        const probe = await operator(`probe-${randomBytes(4).toString('hex')}`);
        for (const filter of [status, '/test']) await probe.subscribe(filter);
        await probe.publish('/test', 'barrier');
        await probe.receive('barrier', on('/test'));
        await probe.end();
        return probe.messages.length === 1;
      });
      const back = await device('esp-001', session);
      const { properties } = await back.receive('the message that lives on', on('/esp/update/run'));
      expect(properties?.messageExpiryInterval).toBeLessThanOrEqual(60);
      await op.publish('/esp/update/interval', '300');
      expect(topics(back)).toEqual(['/esp/update/run']);
    },
  },
  {
    name: 'clean start with session expiry 0: nothing is queued for a device that is away',
    async run({ operator, device }) {
      const op = await operator('op');
      const esp = await device('esp-001');
      await esp.subscribe(RESTART);
      await esp.end();
      await op.publish(RESTART, '');
      const back = await device('esp-001');
      await back.subscribe('/esp/update/run');
      await op.publish('/esp/update/run', '');
      await back.receive('the barrier', on('/esp/update/run'));
      expect(topics(back)).toEqual(['/esp/update/run']);
    },
  },
  {
    name: 'a queue holds its limit and drops the rest',
    async run({ operator, device }) {
      const op = await operator('op');
      const session = { clean: false, properties: { sessionExpiryInterval: 60 } };
      const esp = await device('esp-001', session);
      await esp.subscribe('/esp/update/interval');
      await esp.end();
      // The limit is 50 here. Mosquitto counts the messages in flight (20) on top of it.
      for (let interval = 300; interval < 500; interval++) await op.publish('/esp/update/interval', `${interval}`);
      const back = await device('esp-001', session);
      await back.subscribe(RESTART);
      await until('the queue', () => back.messages.length >= 50);
      await op.publish(RESTART, '');
      await back.receive('the barrier', on(RESTART));
      expect(texts(back).slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, index) => `${300 + index}`));
      expect(back.messages.length).toBeLessThanOrEqual(71);
      // There is room again.
      await op.publish('/esp/update/interval', '600');
      await back.receive('the next one', on('/esp/update/interval', '600'));
    },
  },
  {
    name: 'the last will is published, retained, when the connection breaks',
    async run({ operator, device }) {
      const op = await operator('op');
      const status = own('esp-001', 'status');
      await op.subscribe(status);
      const esp = await device('esp-001', {
        will: { topic: status, payload: Buffer.from('{"online":false}'), qos: 1, retain: true },
      });
      await esp.crash();
      await op.receive('the will', on(status, '{"online":false}'));
      const late = await operator('late');
      await late.subscribe(status);
      expect(await late.receive('the retained will', on(status))).toMatchObject({ retain: true });
    },
  },
  {
    name: 'a graceful end publishes no will',
    async run({ operator, device }) {
      const op = await operator('op');
      const status = own('esp-001', 'status');
      for (const filter of [status, '/test']) await op.subscribe(filter);
      const esp = await device('esp-001', {
        will: { topic: status, payload: Buffer.from('will'), qos: 1, retain: true },
      });
      await esp.end();
      const again = await device('esp-001');
      await again.publish(status, 'barrier');
      await op.receive('barrier', on(status, 'barrier'));
      expect(texts(op)).toEqual(['barrier']);
    },
  },
  {
    name: 'a delayed will is not published if the device is back in time',
    async run({ operator, device }) {
      const op = await operator('op');
      await op.subscribe(own('+', 'status'));
      const delayed = (id: string, willDelayInterval: number): ClientOptions => ({
        clean: false,
        properties: { sessionExpiryInterval: 60 },
        will: {
          ...{ topic: own(id, 'status'), payload: Buffer.from(`will of ${id}`), qos: 1, retain: false },
          properties: { willDelayInterval },
        },
      });
      const one = await device('esp-001', delayed('esp-001', 1));
      const two = await device('esp-002', delayed('esp-002', 2));
      await one.crash();
      await two.crash();
      await device('esp-001', delayed('esp-001', 1));
      await op.receive("the other one's will", on(own('esp-002', 'status')));
      expect(texts(op)).toEqual(['will of esp-002']);
    },
  },
  {
    name: 'a second connection with the same client id ends the first',
    async run({ device }) {
      const first = await device('esp-001');
      const second = await device('esp-001');
      await first.closed;
      await second.publish(own('esp-001', 'log'), 'alive');
    },
  },
  {
    name: "an operator that connects with a device's client id ends the device's connection",
    async run({ operator, device }) {
      const esp = await device('esp-001');
      await operator('esp-001');
      await esp.closed;
    },
  },
  {
    name: "a client's receive maximum is respected",
    unsupported: { embedded: 'aedes 2.0.0-beta.1 ignores it' },
    async run({ operator, device }) {
      const acknowledge: (() => void)[] = [];
      const slow = await operator('slow', {
        properties: { receiveMaximum: 2 },
        customHandleAcks: (_topic, _payload, _packet, done) => {
          acknowledge.push(() => {
            done(0);
          });
        },
      });
      await slow.subscribe('/esp/log');
      const packets: unknown[] = [];
      slow.mqtt.on('packetreceive', (packet) => {
        if (packet.cmd === 'publish') packets.push(packet);
      });
      const [witness, esp] = [await operator('witness'), await device('esp-001')];
      await witness.subscribe('/esp/log');
      for (let line = 0; line < 5; line++) await esp.publish('/esp/log', `${line}`);
      await until('the witness has all', () => witness.messages.length === 5);
      await until('the first', () => acknowledge.length === 1);
      expect(packets.length).toBeLessThanOrEqual(2);
    },
  },
];
