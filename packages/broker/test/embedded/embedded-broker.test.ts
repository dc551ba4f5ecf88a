import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { secureEspV1, withRoot } from '@secure-esp/protocol';
import { afterEach, beforeAll, expect, test } from 'vitest';
import {
  startEmbeddedBroker,
  type BrokerEvent,
  type BrokerTls,
  type EmbeddedBroker,
  type EmbeddedBrokerOptions,
} from '../../src/index.js';
import { createTestCertificates, type TestCertificates } from '../support/certificates.js';
import { TestClient, until, type TestClientOptions } from '../support/mqtt-client.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith } from '../support/tools.js';

const dir = temporaryFolder();
let certificates: TestCertificates;
let tls: BrokerTls;
const opened: (() => Promise<void>)[] = [];

async function start(options: Partial<EmbeddedBrokerOptions> = {}): Promise<EmbeddedBroker> {
  const broker = await startEmbeddedBroker({ tls, operatorPort: 0, devicePort: 0, ...options });
  opened.push(() => broker.close());
  return broker;
}
async function connect(options: Partial<TestClientOptions> & { port: number }): Promise<TestClient> {
  const client = await TestClient.connect({ ca: certificates.ca, ...options });
  opened.push(() => client.end());
  return client;
}
const operator = (broker: EmbeddedBroker, clientId: string, options: Partial<TestClientOptions> = {}) =>
  connect({ port: broker.operatorPort, credentials: certificates.operator, clientId, ...options });
const device = (broker: EmbeddedBroker, id: string, options: Partial<TestClientOptions> = {}) =>
  connect({ port: broker.devicePort, credentials: certificates.device(id), clientId: id, ...options });
const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));

afterEach(async () => {
  for (const close of opened.reverse()) await close();
  opened.length = 0;
});

describeWith(['openssl'], 'the embedded broker', () => {
  beforeAll(() => {
    certificates = createTestCertificates(join(dir, 'pki'));
    tls = { ...certificates.broker, operatorCa: certificates.ca, deviceCa: certificates.deviceCa };
  });

  test('binds to the loopback address unless told otherwise, and says where it listens', async () => {
    const broker = await start();
    expect(broker).toMatchObject({ kind: 'embedded', host: '127.0.0.1' });
    expect(broker.operatorPort).not.toBe(broker.devicePort);
  });

  test('tells about connections and refusals, with role and certificate name', async () => {
    const events: BrokerEvent[] = [];
    const broker = await start({ onEvent: (event) => events.push(event) });
    const esp = await device(broker, 'esp-001');
    await esp.publish('/esp/restart', '').catch(() => undefined);
    await esp.end();
    await until('the end is told', () => events.length === 3);
    expect(events).toEqual([
      { type: 'connected', role: 'device', clientId: 'esp-001', identity: 'esp-001' },
      {
        ...{ type: 'denied', role: 'device', action: 'publish', clientId: 'esp-001', topic: '/esp/restart' },
        reason: 'not allowed by the contract',
      },
      { type: 'disconnected', role: 'device', clientId: 'esp-001' },
    ]);
  });

  test('refuses a foreign or absent client id on the devices’ listener with reason code 135', async () => {
    const events: BrokerEvent[] = [];
    const broker = await start({ onEvent: (event) => events.push(event) });
    for (const clientId of ['esp-002', 'ESP-001', '']) {
      await expect(device(broker, 'esp-001', { clientId })).rejects.toMatchObject({ code: 135 });
    }
    expect(events.map(({ type }) => type)).toEqual(['denied', 'denied', 'denied']);
  });

  test('refuses a device certificate whose CN is no device id', async () => {
    const events: BrokerEvent[] = [];
    const broker = await start({ onEvent: (event) => events.push(event) });
    await expect(device(broker, 'esp-001', { credentials: certificates.unnamed, clientId: 'esp.+' })).rejects.toThrow();
    expect(events).toMatchObject([{ type: 'denied', action: 'connect', role: 'device' }]);
  });

  test('drops a socket that does not speak: before TLS, and after TLS without CONNECT', async () => {
    const broker = await start({ limits: { connectDeadlineMs: 50 } });
    const silent = connectTcp({ host: '127.0.0.1', port: broker.devicePort }).resume();
    silent.on('error', () => undefined);
    await closed(silent);
    const { cert, key } = certificates.device('esp-001');
    const shaken = connectTls({ host: '127.0.0.1', port: broker.devicePort, ca: certificates.ca, cert, key }).resume();
    shaken.on('error', () => undefined);
    await closed(shaken);
  });

  test('accepts no more connections than its limit', async () => {
    const broker = await start({ limits: { maxConnections: 1 } });
    await device(broker, 'esp-001');
    await expect(device(broker, 'esp-002')).rejects.toThrow();
    await operator(broker, 'op'); // the limit is per listener
  });

  test('imposes its keepalive limit on MQTT 5 clients', async () => {
    const broker = await start({ limits: { maxKeepaliveSeconds: 30 } });
    const client = await operator(broker, 'op', { keepalive: 3_000 });
    expect(client.connack?.properties?.serverKeepAlive).toBe(30);
    await expect(operator(broker, 'old', { keepalive: 3_000, protocolVersion: 4 })).rejects.toThrow();
  });

  test('ends a connection that leaves ten times its queue unacknowledged, and serves the others', async () => {
    const broker = await start({ limits: { maxQueuedMessages: 2 } });
    const deaf = await device(broker, 'esp-001', {
      ...{ clean: false, properties: { sessionExpiryInterval: 60 } },
      customHandleAcks: () => undefined,
    });
    const [other, op] = [await device(broker, 'esp-002'), await operator(broker, 'op')];
    for (const esp of [deaf, other]) await esp.subscribe('/esp/update/interval');
    for (let interval = 300; interval < 330; interval++) await op.publish('/esp/update/interval', `${interval}`);
    await deaf.closed;
    await until('the other one has all', () => other.messages.length === 30);
  });

  test('follows another contract', async () => {
    const broker = await start({ protocol: withRoot(secureEspV1, '/acme/plant-7') });
    const [op, esp] = [await operator(broker, 'op'), await device(broker, 'esp-001')];
    await esp.subscribe('/acme/plant-7/restart');
    await expect(op.publish('/esp/restart', '')).rejects.toMatchObject({ code: 135 });
    await op.publish('/acme/plant-7/restart', '');
    await esp.receive('the command', ({ topic }) => topic === '/acme/plant-7/restart');
  });

  test('disconnect ends the connections of that certificate only, whatever their client ids', async () => {
    const broker = await start();
    const [one, two] = [await device(broker, 'esp-001'), await device(broker, 'esp-002')];
    const [panel, script] = [await operator(broker, 'panel'), await operator(broker, 'esp-003')];
    expect(await broker.disconnect({ role: 'device', commonName: 'esp-001' })).toBe(1);
    await one.closed;
    expect(await broker.disconnect({ role: 'device', commonName: 'esp-001' })).toBe(0);
    for (const commonName of ['constructor', 'esp-003', 'panel', 'operator']) {
      expect(await broker.disconnect({ role: 'device', commonName })).toBe(0);
    }
    expect([two, panel, script].map(({ mqtt }) => mqtt.connected)).toEqual([true, true, true]);
    expect(await broker.disconnect({ role: 'operator', commonName: 'operator' })).toBe(2);
    await Promise.all([panel.closed, script.closed]);
    expect(two.mqtt.connected).toBe(true);
  });

  test('close ends clients, half-open sockets and listeners, and may be called twice', async () => {
    const broker = await start();
    const esp = await device(broker, 'esp-001');
    const silent = connectTcp({ host: '127.0.0.1', port: broker.operatorPort }).resume();
    silent.on('error', () => undefined);
    await new Promise((resolve) => silent.once('connect', resolve));
    const gone = closed(silent);
    await Promise.all([broker.close(), broker.close()]);
    await Promise.all([esp.closed, gone]);
    expect(await broker.exited).toBeUndefined();
    await expect(device(broker, 'esp-001')).rejects.toThrow();
    expect(() => {
      broker.reload(tls);
    }).toThrow(expect.objectContaining({ name: 'BrokerError', code: 'closed' }));
    await start({ operatorPort: broker.operatorPort, devicePort: broker.devicePort });
  });

  test('closes itself at the end of an "await using" block', async () => {
    const broker = await start();
    await broker[Symbol.asyncDispose]();
    expect(await broker.exited).toBeUndefined();
  });

  test.each(['operatorPort', 'devicePort'] as const)(
    'names the %s that is taken and leaves nothing open',
    async (name) => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const { port } = other.address() as AddressInfo;
      await expect(start({ [name]: port })).rejects.toMatchObject({
        ...{ name: 'BrokerError', code: 'port_taken', port },
        message: expect.stringContaining(`${port}`) as string,
      });
      await new Promise((resolve) => other.close(resolve));
    },
  );

  test('reload refuses bad material and keeps the old', async () => {
    const broker = await start();
    expect(() => {
      broker.reload({ ...tls, deviceCa: '' });
    }).toThrow(expect.objectContaining({ code: 'bad_tls' }));
    await device(broker, 'esp-001');
  });

  test('a limit out of its range is named', async () => {
    await expect(start({ limits: { maxPacketBytes: 1 } })).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('maxPacketBytes') as string,
    });
  });
});
