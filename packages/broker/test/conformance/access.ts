import { expect } from 'vitest';
import { RESTART, own, on, topics, texts, type Scenario } from './scenario.js';

/** The contract's ACL. */
export const ACCESS: readonly Scenario[] = [
  {
    name: 'a broadcast command reaches every device',
    async run({ operator, device }) {
      const devices = [await device('esp-001'), await device('esp-002')];
      for (const one of devices) await one.subscribe('/esp/update/run');
      await (await operator('op')).publish('/esp/update/run', '');
      for (const one of devices) await one.receive('update/run', on('/esp/update/run', ''));
    },
  },
  {
    name: "a command below a device's subtree reaches that device only",
    async run({ operator, device }) {
      const [one, two] = [await device('esp-001'), await device('esp-002')];
      for (const esp of [one, two]) await esp.subscribe('/esp/#');
      const op = await operator('op');
      await op.publish(own('esp-001', 'restart'), '');
      await op.publish(RESTART, '');
      await two.receive('the broadcast', on(RESTART));
      await one.receive('its command', on(own('esp-001', 'restart')));
      expect(topics(two)).toEqual([RESTART]);
    },
  },
  {
    name: 'a device cannot publish commands, neither to all nor to itself nor to another',
    async run({ operator, device }) {
      const [op, esp] = [await operator('op'), await device('esp-001')];
      await op.subscribe('/esp/#');
      for (const topic of [RESTART, own('esp-001', 'restart'), own('esp-002', 'restart')]) {
        await expect(esp.publish(topic, '')).rejects.toMatchObject({ code: 135 });
      }
      await esp.publish(own('esp-001', 'log'), 'still connected');
      await op.receive('the log line', on(own('esp-001', 'log')));
      expect(texts(op)).toEqual(['still connected']);
    },
  },
  {
    name: "a device cannot publish another device's events, at any QoS, retained or not",
    async run({ operator, device }) {
      const [op, esp] = [await operator('op'), await device('esp-001')];
      const status = own('esp-002', 'status');
      await op.subscribe(status);
      await esp.publish(status, 'QoS 0', { qos: 0 });
      await esp.publish(status, 'QoS 0 retained', { qos: 0, retain: true });
      await expect(esp.publish(status, 'QoS 1', { qos: 1, retain: true })).rejects.toMatchObject({ code: 135 });
      await expect(esp.publish(status, 'QoS 2', { qos: 2 })).rejects.toMatchObject({ code: 135 });
      await op.subscribe('/test');
      await op.publish('/test', 'barrier');
      await op.receive('barrier', on('/test'));
      expect(texts(op)).toEqual(['barrier']);
      const late = await operator('late');
      await late.subscribe(status);
      await late.subscribe('/test');
      await op.publish('/test', 'barrier');
      await late.receive('barrier', on('/test'));
      expect(texts(late)).toEqual(['barrier']);
    },
  },
  {
    name: "a subscription to another device's topics is granted and delivers nothing, retained messages included",
    async run({ operator, device }) {
      const [op, one, two] = [await operator('op'), await device('esp-001'), await device('esp-002')];
      await one.publish(own('esp-001', 'settings'), 'retained', { retain: true });
      for (const filter of ['#', own('esp-001', '#'), own('+', 'status')]) await two.subscribe(filter);
      await one.publish(own('esp-001', 'status'), 'secret');
      await op.publish(own('esp-001', 'restart'), '');
      await op.publish(RESTART, '');
      await two.receive('the broadcast', on(RESTART));
      expect(topics(two)).toEqual([RESTART]);
    },
  },
  {
    name: 'operators try the connection on /test, devices cannot',
    async run({ operator, device }) {
      const [op, esp] = [await operator('op'), await device('esp-001')];
      await op.subscribe('/test');
      await expect(esp.publish('/test', 'from a device')).rejects.toMatchObject({ code: 135 });
      await op.publish('/test', 'test-message');
      await op.receive('its own message', on('/test', 'test-message'));
      expect(op.messages).toHaveLength(1);
    },
  },
  {
    name: 'nobody publishes to $SYS or outside the contract, and $SYS is not delivered',
    async run({ operator, device }) {
      const [op, esp] = [await operator('op'), await device('esp-001')];
      for (const filter of ['$SYS/#', '/test']) await op.subscribe(filter);
      for (const topic of ['$SYS/broker/uptime', 'esp/restart', '/esp', '/esp/unknown', '/esp/devices//restart/x']) {
        await expect(op.publish(topic, 'x')).rejects.toMatchObject({ code: 135 });
        await expect(esp.publish(topic, 'x')).rejects.toMatchObject({ code: 135 });
      }
      await op.publish('/test', 'barrier');
      await op.receive('barrier', on('/test'));
      expect(topics(op)).toEqual(['/test']);
    },
  },
  {
    name: 'operators may clear retained events of a device, but publish no other event',
    async run({ operator, device }) {
      const [op, esp] = [await operator('op'), await device('esp-001')];
      const status = own('esp-001', 'status');
      await esp.publish(status, 'retained', { retain: true });
      await op.publish(status, '', { retain: true });
      await expect(op.publish(own('esp-001', 'log'), 'forged')).rejects.toMatchObject({ code: 135 });
      const late = await operator('late');
      for (const filter of [status, '/test']) await late.subscribe(filter);
      await op.publish('/test', 'barrier');
      await late.receive('barrier', on('/test'));
      expect(topics(late)).toEqual(['/test']);
    },
  },
  {
    name: 'a forbidden will is accepted at connect and dropped when it is due',
    async run({ operator, device }) {
      const op = await operator('op');
      await op.subscribe('/esp/#');
      const will = (topic: string) => ({
        will: { topic, payload: Buffer.from('will'), qos: 1 as const, retain: true },
      });
      const esp = await device('esp-001', will(own('esp-002', 'status')));
      await esp.crash();
      const other = await device('esp-002', will(own('esp-002', 'log')));
      await other.crash();
      await op.receive('the permitted will', on(own('esp-002', 'log')));
      expect(topics(op)).toEqual([own('esp-002', 'log')]);
    },
  },
  {
    name: 'a will whose topic is no topic name reaches nobody, though the rules take any level there',
    async run({ operator, device }) {
      const op = await operator('op');
      await op.subscribe('/esp/#');
      for (const end of ['replies/+', 'replies/#', 'log']) {
        const will = { topic: own('esp-001', end), payload: Buffer.from('will'), qos: 1 as const, retain: true };
        // Mosquitto refuses the connection.
        const esp = await device('esp-001', { will }).catch(() => undefined);
        await esp?.crash();
      }
      await op.receive('the permitted will', on(own('esp-001', 'log')));
      const late = await operator('late');
      for (const filter of ['/esp/#', '/test']) await late.subscribe(filter);
      await op.publish('/test', 'barrier');
      await late.receive('barrier', on('/test'));
      for (const client of [op, late]) expect(topics(client).filter((topic) => topic.includes('replies'))).toEqual([]);
    },
  },
  {
    name: "a device that joins the operators' shared subscription receives nothing, but takes its turn",
    unsupported: { embedded: 'aedes 2.0.0-beta.1 has no shared subscriptions' },
    async run({ operator, device }) {
      const [op, spy, esp] = [await operator('op'), await device('esp-002'), await device('esp-001')];
      const log = own('esp-001', 'log');
      for (const member of [op, spy]) await member.subscribe(`$share/group/${log}`);
      await op.subscribe('/test');
      for (let line = 0; line < 10; line++) await esp.publish(log, `${line}`);
      await op.publish('/test', 'barrier');
      await op.receive('barrier', on('/test'));
      expect(topics(op).filter((topic) => topic === log)).toHaveLength(5);
      await spy.subscribe(RESTART);
      await op.publish(RESTART, '');
      await spy.receive('the broadcast', on(RESTART));
      expect(topics(spy)).toEqual([RESTART]);
    },
  },
  {
    name: 'a session taken over by an operator keeps no rights of the operator when the device resumes it',
    async run({ operator, device }) {
      const session = { clean: false, properties: { sessionExpiryInterval: 60 } };
      const asDevice = await operator('esp-001', session);
      await asDevice.subscribe('/esp/#');
      await asDevice.crash();
      const [op, other] = [await operator('op'), await device('esp-002')];
      await other.publish(own('esp-002', 'status'), 'secret while away');
      const esp = await device('esp-001', session);
      await other.publish(own('esp-002', 'status'), 'secret');
      await op.publish(RESTART, '');
      await esp.receive('the broadcast', on(RESTART));
      expect(topics(esp)).toEqual([RESTART]);
    },
  },
  {
    name: 'MQTT 3.1.1: a denied publish is acknowledged and dropped, the connection stays',
    async run({ operator }) {
      const [op, old] = [await operator('op'), await operator('old', { protocolVersion: 4 })];
      for (const filter of ['#', '$discarded', '/test']) await op.subscribe(filter);
      for (const qos of [0, 1, 2] as const) await old.publish('/esp/log', 'forged', { qos, retain: true });
      await old.publish('/test', 'barrier');
      await op.receive('barrier', on('/test'));
      expect(new Set(topics(op))).toEqual(new Set(['/test']));
    },
  },
];
