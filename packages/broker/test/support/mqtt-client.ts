import mqtt, { type IClientOptions, type IConnackPacket, type IPublishPacket, type MqttClient } from 'mqtt';
import type { Credentials } from './certificates.js';

/** Longest wait for anything in these tests. It is a failure, never a pause. */
const DEADLINE_MS = 30_000;

export interface Received {
  readonly topic: string;
  readonly text: string;
  readonly payload: Buffer;
  readonly retain: boolean;
  readonly properties: IPublishPacket['properties'];
}

export interface TestClientOptions extends Omit<IClientOptions, 'cert' | 'key' | 'ca'> {
  readonly port: number;
  readonly ca: string;
  readonly credentials?: Credentials | undefined;
}

/** A client of mqtt.js that keeps what it receives. MQTT 5 unless told otherwise, and it never reconnects by itself. */
export class TestClient {
  readonly messages: Received[] = [];
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>;

  /** What the broker said at connect. */
  connack: IConnackPacket | undefined;

  private constructor(readonly mqtt: MqttClient) {
    // Not events.once(): it rejects on `error`.
    this.closed = new Promise((resolve) => {
      mqtt.once('close', resolve);
    });
    mqtt.on('message', (topic, payload, packet) => {
      const { retain, properties } = packet;
      this.messages.push({ topic, text: payload.toString('utf8'), payload, retain, properties });
    });
  }

  /** Resolves once the broker has accepted; rejects with what the broker or TLS said. */
  static async connect(options: TestClientOptions): Promise<TestClient> {
    const { credentials, ...rest } = options;
    const all: IClientOptions = {
      protocol: 'mqtts',
      host: '127.0.0.1',
      protocolVersion: 5,
      reconnectPeriod: 0,
      connectTimeout: DEADLINE_MS,
      manualConnect: true,
      ...(credentials === undefined ? {} : { cert: credentials.cert, key: credentials.key }),
      ...rest,
    };
    const client = mqtt.connect(all);
    client.on('error', () => undefined);
    const test = new TestClient(client);
    const outcome = new Promise<void>((resolve, reject) => {
      client.once('connect', (connack) => {
        test.connack = connack;
        resolve();
      });
      client.once('error', reject);
      client.once('close', () => {
        reject(new Error('closed before CONNACK'));
      });
    });
    client.connect();
    await withDeadline(outcome, 'connect');
    return test;
  }

  async subscribe(filter: string, options: { qos?: 0 | 1; nl?: boolean; rap?: boolean; rh?: 0 | 1 | 2 } = {}) {
    await withDeadline(this.mqtt.subscribeAsync(filter, { qos: 1, ...options }), `subscribe ${filter}`);
  }

  async publish(topic: string, payload: string | Buffer, options: mqtt.IClientPublishOptions = {}) {
    await withDeadline(this.mqtt.publishAsync(topic, payload, { qos: 1, ...options }), `publish ${topic}`);
  }

  /** The first message that fits, received already or yet to come. */
  async receive(what: string, fits: (message: Received) => boolean): Promise<Received> {
    return until(what, () => this.messages.find(fits));
  }

  /** Ends the TCP connection without a DISCONNECT. */
  async crash() {
    this.mqtt.stream.destroy();
    await this.closed;
  }

  async end() {
    if (this.mqtt.disconnected) this.mqtt.end(true);
    else await withDeadline(this.mqtt.endAsync(), 'end');
  }
}

/** The value once it is there. Fails, naming it, if it does not come. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`did not happen in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function withDeadline<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`did not settle in time: ${what}`));
    }, DEADLINE_MS);
  });
  return Promise.race([promise, late]).finally(() => {
    clearTimeout(timer);
  });
}
