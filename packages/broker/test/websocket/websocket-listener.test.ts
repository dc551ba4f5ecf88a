import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { startEmbeddedBroker, startMosquitto, type BrokerEvent, type RunningBroker } from '../../src/index.js';
import { connectPacket } from '../../src/takeover/connect-packet.js';
import { createTestCertificates, type Credentials, type TestCertificates } from '../support/certificates.js';
import { TestClient, until, type TestClientOptions } from '../support/mqtt-client.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith } from '../support/tools.js';

const PANEL = 'https://panel.example';
const dir = temporaryFolder();
let certificates: TestCertificates;
let number = 0;
const opened: (() => Promise<void>)[] = [];

interface Running {
  readonly broker: RunningBroker;
  readonly port: number;
  readonly events: BrokerEvent[];
  /** Revokes operators, and makes the broker read its list. */
  readonly revoke: (revoked: readonly Credentials[]) => Promise<void>;
}

const common = { operatorPort: 0, devicePort: 0, websocketPort: 0, websocketOrigins: [PANEL] };

const START = {
  async embedded(): Promise<Running> {
    const events: BrokerEvent[] = [];
    const tls = { ...certificates.broker, operatorCa: certificates.ca, deviceCa: certificates.deviceCa };
    const limits = { maxPacketBytes: 2_048, connectDeadlineMs: 500 };
    const broker = await startEmbeddedBroker({ ...common, tls, limits, onEvent: (event) => events.push(event) });
    return {
      ...{ broker, events, port: broker.websocketPort ?? 0 },
      revoke(revoked) {
        broker.reload({ ...tls, operatorCrl: certificates.operatorCrl(revoked) });
        return Promise.resolve();
      },
    };
  },
  async mosquitto(): Promise<Running> {
    const events: BrokerEvent[] = [];
    const own = join(dir, `broker-${number++}`);
    mkdirSync(own);
    const operatorCrlPath = join(own, 'operators.crl');
    writeFileSync(operatorCrlPath, certificates.operatorCrl([]));
    const tls = {
      ...{ certPath: certificates.broker.certPath, keyPath: certificates.broker.keyPath, operatorCrlPath },
      ...{ operatorCaPath: certificates.caPath, deviceCaPath: certificates.deviceCaPath },
    };
    const limits = { maxPacketBytes: 2_048, connectDeadlineMs: 500 };
    const broker = await startMosquitto({ ...common, tls, dir: own, limits, onEvent: (event) => events.push(event) });
    return {
      ...{ broker, events, port: broker.websocketPort ?? 0 },
      async revoke(revoked) {
        writeFileSync(operatorCrlPath, certificates.operatorCrl(revoked));
        await broker.reload();
      },
    };
  },
};

async function start(kind: keyof typeof START): Promise<Running> {
  const running = await START[kind]();
  opened.push(() => running.broker.close());
  return running;
}
async function connect(port: number, options: Partial<TestClientOptions> = {}): Promise<TestClient> {
  const client = await TestClient.connect({
    ...{ port, ca: certificates.ca, protocol: 'wss', path: '/mqtt', credentials: certificates.operator },
    ...options,
  });
  opened.push(() => client.end());
  return client;
}
/** A WebSocket without any MQTT: the status it was refused with, or the socket. */
async function open(
  { port }: Running,
  { path = '/mqtt', protocols = ['mqtt'], origin }: { path?: string; protocols?: string[]; origin?: string } = {},
): Promise<{ status: number } | { status: 101; socket: WebSocket; closed: Promise<number> }> {
  const { ca, operator } = certificates;
  const socket = new WebSocket(`wss://localhost:${port}${path}`, protocols, {
    ...{ ca, cert: operator.cert, key: operator.key },
    ...(origin === undefined ? {} : { origin }),
  });
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  opened.push(() => {
    socket.terminate();
    return Promise.resolve();
  });
  return new Promise((resolve) => {
    socket.once('open', () => {
      resolve({ status: 101, socket, closed });
    });
    socket.once('unexpected-response', (_request, response) => {
      resolve({ status: response.statusCode ?? 0 });
    });
  });
}
const reasons = ({ events }: Running) => events.map((event) => ('reason' in event ? event.reason : event.type));

afterEach(async () => {
  for (const close of opened.reverse()) await close();
  opened.length = 0;
});

describeWith(['openssl', 'mosquitto'], 'MQTT over WebSocket', () => {
  beforeAll(() => {
    certificates = createTestCertificates(join(dir, 'pki'));
  });

  describe.each(['embedded', 'mosquitto'] as const)('%s', (kind) => {
    test('an operator commands and hears; the log has role and name', async () => {
      const running = await start(kind);
      const [one, two] = [await connect(running.port, { clientId: 'one' }), await connect(running.port)];
      await two.subscribe('/test');
      await one.publish('/test', 'hello');
      await two.receive('hello', ({ text }) => text === 'hello');
      await one.end();
      await until('the end', () => running.events.some(({ type }) => type === 'disconnected'));
      const own = running.events.filter((event) => 'clientId' in event && event.clientId === 'one');
      expect(own).toEqual([
        { type: 'connected', role: 'operator', clientId: 'one', identity: 'operator' },
        { type: 'disconnected', role: 'operator', clientId: 'one' },
      ]);
    });

    test('the access rules are those of operators', async () => {
      const { port } = await start(kind);
      const op = await connect(port);
      await op.publish('/esp/devices/esp-001/restart', '');
      await expect(op.publish('/esp/devices/esp-001/settings', '{}')).resolves.toBeUndefined();
      await expect(op.publish('/other', 'x')).rejects.toMatchObject({ code: 135 });
      await expect(op.publish('$SYS/broker', 'x')).rejects.toMatchObject({ code: 135 });
    });

    test('without a certificate, or with one of another CA, nobody gets in', async () => {
      const { port } = await start(kind);
      const { stranger, device, broker } = certificates;
      for (const credentials of [undefined, stranger, device('esp-001'), broker]) {
        await expect(connect(port, { credentials })).rejects.toThrow();
      }
    });

    test('a revoked operator is refused after the reload, and disconnect ends the open connection', async () => {
      const running = await start(kind);
      const { otherOperator } = certificates;
      const [revoked, other] = [
        await connect(running.port, { credentials: otherOperator }),
        await connect(running.port),
      ];
      await running.revoke([otherOperator]);
      await expect(connect(running.port, { credentials: otherOperator })).rejects.toThrow();
      expect(revoked.mqtt.connected).toBe(true);
      expect(await running.broker.disconnect({ role: 'operator', commonName: 'night-shift' })).toBe(1);
      await revoked.closed;
      await other.publish('/test', 'still here');
    });

    test('pages of other origins may not connect', async () => {
      const running = await start(kind);
      for (const origin of ['https://panel.example.evil', 'http://panel.example', 'null']) {
        expect(await open(running, { origin })).toEqual({ status: 403 });
      }
      expect(await open(running, { origin: PANEL })).toMatchObject({ status: 101 });
      expect(reasons(running)[0]).toBe('WebSocket: pages of "https://panel.example.evil" may not connect');
    });

    test('another path, another subprotocol and plain HTTP are refused', async () => {
      const running = await start(kind);
      expect(await open(running, { path: '/' })).toEqual({ status: 404 });
      expect(await open(running, { protocols: [] })).toEqual({ status: 400 });
      expect(await open(running, { protocols: ['mqttv3.1'] })).toEqual({ status: 400 });
      const { ca, operator } = certificates;
      const options = { port: running.port, path: '/mqtt', ca, cert: operator.cert, key: operator.key, agent: false };
      const status = await new Promise((resolve, reject) => {
        request(options, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
      expect(status).toBe(426);
      await connect(running.port);
    });

    test('TLS 1.1 is refused', async () => {
      const { port } = await start(kind);
      const { ca, operator } = certificates;
      const socket = connectTls({
        ...{ port, ca, cert: operator.cert, key: operator.key },
        ...{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
      });
      const outcome = await new Promise((resolve) => {
        socket.once('secureConnect', resolve);
        socket.once('error', resolve);
      });
      socket.destroy();
      expect(outcome).toBeInstanceOf(Error);
    });

    test('text, garbage, silence and too much end the connection, not the broker', async () => {
      const running = await start(kind);
      const { port } = running;
      const malformed = Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]);
      for (const data of ['text', Buffer.alloc(64), malformed, Buffer.alloc(100_000, 0x10), undefined]) {
        const opening = await open(running);
        if (!('socket' in opening)) throw new Error('refused');
        if (data !== undefined) opening.socket.send(data);
        await opening.closed;
      }
      const op = await connect(port);
      op.mqtt.publish('/test', Buffer.alloc(4_000));
      await op.closed;
      await connect(port);
    });

    test('a packet may come in many frames, and many packets in one', async () => {
      const running = await start(kind);
      const opening = await open(running);
      if (!('socket' in opening)) throw new Error('refused');
      const { socket } = opening;
      const received: Buffer[] = [];
      socket.on('message', (data: Buffer) => received.push(data));
      const connecting = connectPacket('slow');
      for (const byte of connecting.subarray(0, -1)) socket.send(Buffer.from([byte]));
      const ping = Buffer.from([0xc0, 0x00]);
      socket.send(Buffer.concat([connecting.subarray(-1), ping, ping]));
      await until('CONNACK and two answers', () => {
        const bytes = Buffer.concat(received);
        return bytes[0] === 0x20 && bytes.toString('hex').endsWith('d000d000');
      });
      expect(socket.protocol).toBe('mqtt');
    });

    test('close ends its connections and frees its port', async () => {
      const { broker, port } = await start(kind);
      const op = await connect(port);
      await broker.close();
      await op.closed;
      await expect(connect(port)).rejects.toThrow();
    });

    test('a taken port is named, and nothing stays', async () => {
      const { port } = await start(kind);
      const tls = { ...certificates.broker, operatorCa: certificates.ca, deviceCa: certificates.deviceCa };
      await expect(startEmbeddedBroker({ ...common, tls, websocketPort: port })).rejects.toMatchObject({
        ...{ code: 'port_taken', port },
      });
    });
  });

  test('there is no such listener unless it is wanted', async () => {
    const tls = { ...certificates.broker, operatorCa: certificates.ca, deviceCa: certificates.deviceCa };
    const broker = await startEmbeddedBroker({ tls, operatorPort: 0, devicePort: 0 });
    opened.push(() => broker.close());
    expect(broker.websocketPort).toBeUndefined();
  });

  test.each(['https://panel.example/', 'panel.example', '*', 'https://panel.example/mqtt', 'null'])(
    'the origin "%s" is refused as an option',
    async (origin) => {
      const tls = { ...certificates.broker, operatorCa: certificates.ca, deviceCa: certificates.deviceCa };
      await expect(startEmbeddedBroker({ ...common, tls, websocketOrigins: [origin] })).rejects.toMatchObject({
        code: 'bad_option',
      });
    },
  );

  test('a restart of Mosquitto ends its connections and takes new ones at the same port', async () => {
    const { broker, port } = await start('mosquitto');
    const op = await connect(port);
    if (!('restart' in broker)) throw new Error('no Mosquitto');
    await (broker as { restart(): Promise<void> }).restart();
    await op.closed;
    await connect(port);
  });
});
