import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { connect as connectSocket, createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import mqtt from 'mqtt';
import { afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  isBrokerError,
  startMosquitto,
  type BrokerEvent,
  type BrokerTlsPaths,
  type MosquittoBroker,
  type MosquittoOptions,
} from '../../src/index.js';
import { createTestCertificates, type TestCertificates } from '../support/certificates.js';
import { TestClient, until } from '../support/mqtt-client.js';
import { isRunning } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith } from '../support/tools.js';

const root = temporaryFolder();
let certificates: TestCertificates;
let tls: BrokerTlsPaths;
let brokers: MosquittoBroker[] = [];
let number = 0;

async function start(options: Partial<MosquittoOptions> = {}): Promise<MosquittoBroker> {
  const dir = join(root, `broker ${number++}`);
  const broker = await startMosquitto({ tls, dir, operatorPort: 0, devicePort: 0, ...options });
  brokers.push(broker);
  return broker;
}
const connect = (port: number, clientId: string) =>
  TestClient.connect({
    ...{ port, ca: certificates.ca, clientId },
    credentials: clientId === 'op' ? certificates.operator : certificates.device(clientId),
  });
/** A program in the place of Mosquitto. */
function impostor(name: string, program: string): string {
  const path = join(root, name);
  writeFileSync(path, `#!${process.execPath}\n${program}\n`);
  chmodSync(path, 0o755);
  return path;
}

afterEach(async () => {
  for (const broker of brokers) await broker.close();
  brokers = [];
});

describeWith(['openssl', 'mosquitto'], 'startMosquitto', () => {
  beforeAll(() => {
    certificates = createTestCertificates(join(root, 'pki'));
    tls = {
      certPath: certificates.broker.certPath,
      keyPath: certificates.broker.keyPath,
      operatorCaPath: certificates.caPath,
      deviceCaPath: certificates.deviceCaPath,
    };
  });

  test('writes private files, and both listeners are open when it resolves', async () => {
    const broker = await start();
    expect(broker).toMatchObject({ kind: 'mosquitto', host: '127.0.0.1' });
    expect(statSync(broker.configPath).mode & 0o777).toBe(0o600);
    for (const [port, id] of [[broker.operatorPort, 'op'] as const, [broker.devicePort, 'esp-001'] as const]) {
      const client = await connect(port, id);
      await client.end();
    }
  });

  test('close ends the process, may be called twice, and frees the ports', async () => {
    const broker = await start();
    await Promise.all([broker.close(), broker.close()]);
    expect(await broker.exited).toBeUndefined();
    expect(isRunning(broker.pid)).toBe(false);
    await expect(broker.reload()).rejects.toMatchObject({ code: 'closed' });
    await start({ operatorPort: broker.operatorPort, devicePort: broker.devicePort });
  });

  test('tells about clients and refused certificates, and passes the log on', async () => {
    const events: BrokerEvent[] = [];
    const log: string[] = [];
    const broker = await start({ onEvent: (event) => events.push(event), onLog: (line) => log.push(line) });
    const [op, esp] = [await connect(broker.operatorPort, 'op'), await connect(broker.devicePort, 'esp-001')];
    await op.end();
    await esp.crash();
    await connect(broker.operatorPort, 'esp-002').catch(() => undefined);
    await until('five events', () => events.length === 5);
    expect(events).toEqual([
      { type: 'connected', role: 'operator', clientId: 'op', identity: 'operator' },
      { type: 'connected', role: 'device', clientId: 'esp-001', identity: 'esp-001' },
      { type: 'disconnected', role: 'operator', clientId: 'op' },
      { type: 'disconnected', role: 'device', clientId: 'esp-001' },
      { type: 'denied', action: 'connect', reason: 'certificate verify failed' },
    ]);
    expect(log.join('\n')).toContain('running');
  });

  test.each([
    ['plain', () => mkdtempSync(join(tmpdir(), 'secure-esp-'))],
    ['with spaces', () => join(root, 'a b')],
    ['long', () => join(root, 'x'.repeat(90))],
  ])(
    'disconnect ends the connections of that certificate only, also after a restart (path %s)',
    async (_name, folder) => {
      const events: BrokerEvent[] = [];
      const dir = folder();
      onTestFinished(() => {
        rmSync(dir, { recursive: true, force: true });
      });
      const broker = await start({ dir, onEvent: (event) => events.push(event) });
      const socket = /^listener 0 (.*)$/m.exec(readFileSync(broker.configPath, 'utf8'))?.[1] ?? '';
      const open = (id: string) =>
        until(`${id} is open`, () => events.some((event) => event.type === 'connected' && event.clientId === id));
      for (const long of [`panel ${'p'.repeat(300)}`, 'op']) {
        events.length = 0;
        const [one, two] = [await connect(broker.devicePort, 'esp-001'), await connect(broker.devicePort, 'esp-002')];
        const credentials = certificates.operator;
        const operator = (clientId: string) =>
          TestClient.connect({ port: broker.operatorPort, ca: certificates.ca, clientId, credentials });
        const [panel, script] = [await operator(long), await operator('esp-003')];
        for (const id of ['esp-001', 'esp-002', long, 'esp-003']) await open(id);
        expect(await broker.disconnect({ role: 'device', commonName: 'esp-001' })).toBe(1);
        await one.closed;
        for (const commonName of ['esp-001', 'constructor', 'esp-003', 'operator']) {
          expect(await broker.disconnect({ role: 'device', commonName })).toBe(0);
        }
        expect([two, panel, script].map(({ mqtt }) => mqtt.connected)).toEqual([true, true, true]);
        expect(await broker.disconnect({ role: 'operator', commonName: 'operator' })).toBe(2);
        await Promise.all([panel.closed, script.closed]);
        expect(two.mqtt.connected).toBe(true);
        await two.end();
        await broker.restart();
      }
      await broker.close();
      expect(existsSync(socket)).toBe(false);
      await expect(broker.disconnect({ role: 'device', commonName: 'a' })).rejects.toMatchObject({ code: 'closed' });
    },
  );

  test('lets whoever is on its own socket hear and say nothing', async () => {
    const broker = await start();
    const path = /^listener 0 (.*)$/m.exec(readFileSync(broker.configPath, 'utf8'))?.[1] ?? '';
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    const op = await connect(broker.operatorPort, 'op');
    await op.subscribe('#');
    const local = new mqtt.MqttClient(() => connectSocket(path), { protocolVersion: 5, reconnectPeriod: 0 });
    await new Promise<unknown>((resolve) => local.once('connect', resolve));
    const heard: string[] = [];
    local.on('message', (topic) => heard.push(topic));
    await local.subscribeAsync('/#').catch(() => undefined);
    await expect(local.publishAsync('/esp/restart', '', { qos: 1 })).rejects.toMatchObject({ code: 135 });
    await op.publish('/esp/update/interval', '600');
    await op.publish('/test', 'last');
    await op.receive('the last', ({ text }) => text === 'last');
    expect(op.messages.map(({ topic }) => topic)).not.toContain('/esp/restart');
    expect(heard).toEqual([]);
    await local.endAsync(true);
  });

  test('gives a device that names another client id its own, so the owner is not disturbed', async () => {
    const events: BrokerEvent[] = [];
    const broker = await start({ onEvent: (event) => events.push(event) });
    const intruder = await TestClient.connect({
      ...{
        port: broker.devicePort,
        ca: certificates.ca,
        clientId: 'esp-001',
        credentials: certificates.device('esp-002'),
      },
    });
    await until('it is told', () => events.length === 1);
    expect(events).toMatchObject([{ clientId: 'esp-002', identity: 'esp-002' }]);
    await intruder.end();
  });

  test('keeps retained messages over a restart if told to', async () => {
    const dir = join(root, 'with persistence');
    const status = '/esp/devices/esp-001/status';
    const first = await start({ dir, persistence: true });
    const esp = await connect(first.devicePort, 'esp-001');
    await esp.publish(status, 'kept', { retain: true });
    await esp.end();
    await first.close();
    const second = await start({ dir, persistence: true });
    const op = await connect(second.operatorPort, 'op');
    await op.subscribe(status);
    await op.receive('the retained message', ({ text }) => text === 'kept');
    await op.end();
  });

  test('says what to do if Mosquitto is missing', async () => {
    await expect(start({ executable: join(root, 'no such program') })).rejects.toMatchObject({
      ...{ name: 'BrokerError', code: 'mosquitto_missing' },
      message: expect.stringContaining('install') as string,
    });
  });

  test.each(['operatorPort', 'devicePort'] as const)('names the %s that is taken', async (name) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(start({ [name]: port })).rejects.toMatchObject({ code: 'port_taken', port });
    await new Promise((resolve) => other.close(resolve));
  });

  test('reports an early end with the last lines of the log', async () => {
    const executable = impostor('fails', 'console.error("Error: it does not work"); process.exit(3);');
    await expect(start({ executable })).rejects.toMatchObject({
      ...{ code: 'start_failed', log: ['Error: it does not work'] },
      message: expect.stringContaining('it does not work') as string,
    });
  });

  test('reports a real early end: a configuration that Mosquitto refuses', async () => {
    const failure = await start({ user: 'no-such-user-here' }).catch((error: unknown) => error);
    expect(isBrokerError(failure) && failure.code).toBe('start_failed');
    expect(isBrokerError(failure) && failure.log.join('\n')).toContain('no-such-user-here');
  });

  test('gives up at its deadline and leaves no process, even one that ignores SIGTERM', async () => {
    const pidFile = join(root, 'stubborn.pid');
    const executable = impostor(
      'stubborn',
      `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);
       require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));`,
    );
    await expect(start({ executable, startDeadlineMs: 400, closeGraceMs: 50 })).rejects.toMatchObject({
      code: 'start_deadline',
    });
    expect(isRunning(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });

  test('gives up when its signal is aborted', async () => {
    const executable = impostor('waits', 'setInterval(() => {}, 1000);');
    const controller = new AbortController();
    const started = start({ executable, signal: controller.signal });
    controller.abort(new Error('no longer needed'));
    await expect(started).rejects.toThrow('no longer needed');
    await expect(start({ signal: AbortSignal.abort(new Error('never')) })).rejects.toThrow('never');
  });

  test('says so when the process ends by itself', async () => {
    const broker = await start();
    process.kill(broker.pid, 'SIGKILL');
    expect(await broker.exited).toMatchObject({ name: 'BrokerError', code: 'exited' });
    await broker.close();
  });

  test('reload refuses a revocation list that Mosquitto could not read: it would accept everybody', async () => {
    const dir = join(root, 'crl');
    mkdirSync(dir);
    const deviceCrlPath = join(dir, 'list.pem');
    const revoked = certificates.deviceCrl([certificates.device('esp-001')]);
    writeFileSync(deviceCrlPath, revoked);
    const broker = await start({ tls: { ...tls, deviceCrlPath } });
    await expect(connect(broker.devicePort, 'esp-001')).rejects.toThrow();
    for (const broken of ['', revoked.slice(0, 200), revoked.replaceAll('X509 CRL', 'CRL')]) {
      writeFileSync(deviceCrlPath, broken);
      await expect(broker.reload()).rejects.toMatchObject({ code: 'bad_tls' });
    }
    await expect(connect(broker.devicePort, 'esp-001')).rejects.toThrow();
  });

  test.each([
    ['a file that is not there', { keyPath: '/no/such/file' }],
    ['the same CA for both roles', { deviceCaPath: 'operatorCaPath' }],
    ['a key of another certificate', { keyPath: 'operator' }],
  ] as const)('refuses %s before it starts anything', async (_what, change) => {
    const paths = {
      ...tls,
      ...change,
      ...('deviceCaPath' in change ? { deviceCaPath: tls.operatorCaPath } : {}),
      ...('keyPath' in change && change.keyPath === 'operator' ? { keyPath: certificates.operator.keyPath } : {}),
    };
    await expect(start({ tls: paths })).rejects.toMatchObject({ code: 'bad_tls' });
  });
});
