import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { until } from '../support/mqtt-client.js';
import { RESTART, own, on, texts, type Scenario } from './scenario.js';

/** What happens to a message on its way. */
export const MESSAGES: readonly Scenario[] = [
  {
    name: 'response topic, binary correlation data and user properties arrive unchanged, and the reply too',
    async run({ operator, device }) {
      const [op, esp] = [await operator('op'), await device('esp-001')];
      const responseTopic = own('esp-001', `replies/${randomBytes(12).toString('base64url')}`);
      const correlationData = Buffer.concat([Buffer.from([0x00, 0xff, 0xc3, 0x28]), randomBytes(12)]);
      await esp.subscribe(own('esp-001', 'update/run'));
      await op.subscribe(responseTopic);
      const userProperties = { trace: 'äöü' };
      const properties = { responseTopic, correlationData, userProperties };
      await op.publish(own('esp-001', 'update/run'), '', { properties });
      const command = await esp.receive('the command', on(own('esp-001', 'update/run')));
      expect(command.properties).toMatchObject({ responseTopic, userProperties });
      const received = command.properties?.correlationData;
      expect(received).toEqual(correlationData);
      await esp.publish(command.properties?.responseTopic ?? '', '{"ok":true}', {
        properties: { correlationData: received ?? Buffer.alloc(0) },
      });
      const reply = await op.receive('the reply', on(responseTopic));
      expect(reply.properties?.correlationData).toEqual(correlationData);
    },
  },
  {
    name: 'retain handling 0 sends retained messages always, 1 for a new subscription, 2 never',
    async run({ operator, device }) {
      const esp = await device('esp-001');
      await esp.publish(own('esp-001', 'status'), 'retained', { retain: true });
      const op = await operator('op');
      await op.subscribe('/test');
      const delivered = async (filter: string, rh: 0 | 1 | 2) => {
        op.messages.length = 0;
        await op.subscribe(filter, { rh });
        await op.publish('/test', 'barrier');
        await op.receive('barrier', on('/test'));
        return texts(op).filter((text) => text === 'retained').length;
      };
      const status = own('esp-001', 'status');
      expect([await delivered(status, 0), await delivered(status, 0)]).toEqual([1, 1]);
      expect([await delivered(own('+', 'status'), 1), await delivered(own('+', 'status'), 1)]).toEqual([1, 0]);
      expect(await delivered('/esp/devices/#', 2)).toBe(0);
    },
  },
  {
    name: 'the retain flag marks old messages; live ones keep it only with retain-as-published',
    async run({ operator, device }) {
      const status = own('esp-001', 'status');
      const [plain, asPublished, esp] = [await operator('plain'), await operator('rap'), await device('esp-001')];
      await plain.subscribe(status);
      await asPublished.subscribe(status, { rap: true });
      await esp.publish(status, 'online', { retain: true });
      expect((await plain.receive('live', on(status))).retain).toBe(false);
      expect((await asPublished.receive('live', on(status))).retain).toBe(true);
      const late = await operator('late');
      await late.subscribe(status);
      expect((await late.receive('retained', on(status))).retain).toBe(true);
    },
  },
  {
    name: 'no-local keeps a client from its own messages',
    async run({ operator }) {
      const [one, two] = [await operator('one'), await operator('two')];
      await one.subscribe('/test', { nl: true });
      await one.publish('/test', 'mine');
      await two.publish('/test', 'yours');
      await one.receive('yours', on('/test', 'yours'));
      expect(texts(one)).toEqual(['yours']);
    },
  },
  {
    name: 'MQTT 3.1.1: an operator publishes and subscribes',
    async run({ operator, device }) {
      const [op, esp] = [await operator('op', { protocolVersion: 4 }), await device('esp-001')];
      await esp.subscribe(RESTART);
      await op.subscribe('/esp/log');
      await op.publish(RESTART, '');
      await esp.receive('the command', on(RESTART));
      await esp.publish('/esp/log', 'secure_esp: [SUCCESS] restart');
      await op.receive('the log line', on('/esp/log'));
    },
  },
  {
    name: "the getting-started instructions' mosquitto_pub reaches a subscriber",
    async run({ broker, operator, certificates: { caPath, operator: pair } }) {
      const op = await operator('op');
      await op.subscribe('/test');
      await promisify(execFile)('mosquitto_pub', [
        ...['-h', 'localhost', '-t', '/test', '-m', 'test-message', '-p', `${broker.operatorPort}`, '-d'],
        ...['--cert', pair.certPath, '--key', pair.keyPath, '--cafile', caPath],
      ]);
      await op.receive('the message', on('/test', 'test-message'));
    },
  },
  {
    name: 'a shared subscription gives each message to one of its members',
    unsupported: { embedded: 'aedes 2.0.0-beta.1 refuses shared subscriptions (SUBACK 158)' },
    async run({ operator, device }) {
      const members = [await operator('one'), await operator('two')];
      for (const member of members) await member.subscribe('$share/group//esp/log');
      const esp = await device('esp-001');
      const lines = Array.from({ length: 10 }, (_, index) => `line ${index}`);
      for (const line of lines) await esp.publish('/esp/log', line);
      await until('all lines', () => members.flatMap(texts).length >= lines.length);
      expect(members.flatMap(texts).sort()).toEqual(lines);
    },
  },
];
