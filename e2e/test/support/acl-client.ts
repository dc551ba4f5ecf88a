import mqtt, { type IClientOptions, type IClientPublishOptions, type ISubscriptionGrant, type MqttClient } from 'mqtt';

/** Longest wait for anything here. It is a failure, never a pause. */
const DEADLINE_MS = 30_000;

export interface Received {
  readonly topic: string;
  readonly text: string;
  readonly retain: boolean;
}

/** A client of mqtt.js that keeps what it receives, and never reconnects by itself. */
export class AclClient {
  readonly received: Received[] = [];
  readonly #watchers = new Set<(message: Received) => void>();

  private constructor(readonly mqtt: MqttClient) {
    mqtt.on('message', (topic, payload, { retain }) => {
      const message = { topic, text: payload.toString('utf8'), retain };
      this.received.push(message);
      for (const watcher of [...this.#watchers]) watcher(message);
    });
  }

  /** Resolves at a CONNACK of success; rejects with what the broker or TLS said. */
  static async connect(options: IClientOptions): Promise<AclClient> {
    const client = mqtt.connect({
      ...{ host: '127.0.0.1', protocol: 'mqtts', protocolVersion: 5, reconnectPeriod: 0, keepalive: 300 },
      ...{ connectTimeout: DEADLINE_MS, manualConnect: true },
      ...options,
    });
    client.on('error', () => undefined);
    const acl = new AclClient(client);
    const outcome = new Promise<AclClient>((resolve, reject) => {
      client.once('connect', () => {
        resolve(acl);
      });
      client.once('error', reject);
      client.once('close', () => {
        reject(new Error('closed before CONNACK'));
      });
    });
    client.connect();
    return withDeadline(outcome, `connect ${String(options.clientId)}`);
  }

  /** One SUBSCRIBE packet with all filters; the reason codes of its SUBACK. */
  async subscribe(filters: readonly string[], qos: 0 | 1 = 0): Promise<number[]> {
    const granted = new Promise<number[]>((resolve, reject) => {
      this.mqtt.subscribe([...filters], { qos }, (error, _grants?: ISubscriptionGrant[], suback?) => {
        if (suback) resolve(suback.granted.map(Number));
        else reject(error ?? new Error('no SUBACK'));
      });
    });
    return withDeadline(granted, `subscribe ${filters.join(' ')}`);
  }

  async unsubscribe(filters: readonly string[]): Promise<void> {
    await withDeadline(this.mqtt.unsubscribeAsync([...filters]), 'unsubscribe');
  }

  /** The acknowledgement's reason code: 0 is success. QoS 0 has none and is 0. */
  async publish(topic: string, payload: string, options: IClientPublishOptions = {}): Promise<number> {
    try {
      await withDeadline(this.mqtt.publishAsync(topic, payload, { qos: 1, ...options }), `publish ${topic}`);
      return 0;
    } catch (error) {
      if (error instanceof Error && 'code' in error && typeof error.code === 'number') return error.code;
      throw error;
    }
  }

  /** Resolves once as many messages as told fit, of those since the last {@link drain}. */
  async receive(what: string, fits: (message: Received) => boolean, times = 1): Promise<void> {
    let missing = times - this.received.filter(fits).length;
    if (missing <= 0) return;
    const arrived = new Promise<void>((resolve) => {
      const watcher = (message: Received): void => {
        if (!fits(message) || --missing > 0) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
    });
    await withDeadline(arrived, what);
  }

  /** What was received since the last call. */
  drain(): Received[] {
    return this.received.splice(0);
  }

  /** Ends the TCP connection without a DISCONNECT. */
  async crash(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.mqtt.once('close', resolve));
    this.mqtt.stream.destroy();
    await withDeadline(closed, 'close');
  }

  async end(): Promise<void> {
    await withDeadline(this.mqtt.endAsync(!this.mqtt.connected), 'end');
  }
}

/** Fails, naming what did not happen in time. */
export async function withDeadline<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`did not happen in ${DEADLINE_MS} ms: ${what}`));
    }, DEADLINE_MS);
  });
  return Promise.race([promise, late]).finally(() => {
    clearTimeout(timer);
  });
}
