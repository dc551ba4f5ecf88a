import { secureEspV1 } from '@secure-esp/protocol';
import { connect, type MqttClient } from 'mqtt';

const STATUS = JSON.stringify({
  online: true,
  project: 'demo',
  version: '1.0.0',
  chip: 'esp32',
  bootId: 1,
  resetReason: 'power_on',
  protocol: 1,
  contract: secureEspV1.contractHash,
});

/**
 * A device that carries out everything it gets, however often, and counts. It forgets nothing on purpose: a real device
 * would hide a repeated command as `duplicate`.
 */
export class CountingDevice {
  readonly id: string;
  readonly #mqtt: MqttClient;
  readonly #executions = new Map<string, number>();
  readonly #counting: boolean;
  #present = false;

  constructor(id: string, brokerPort: number, options: { readonly counting?: boolean } = {}) {
    this.#counting = options.counting ?? true;
    this.id = id;
    this.#mqtt = connect({
      host: '127.0.0.1',
      port: brokerPort,
      protocol: 'mqtt',
      protocolVersion: 5,
      clientId: id,
      reconnectPeriod: 20,
      resubscribe: false,
      will: { topic: this.#topic('status'), payload: Buffer.from('{"online":false}'), qos: 1, retain: true },
    });
    this.#mqtt.on('error', () => undefined);
    this.#mqtt.on('close', () => (this.#present = false));
    this.#mqtt.on('connect', () => void this.#arrive().catch(() => undefined));
    this.#mqtt.on('message', (topic, payload, { properties = {} }) => {
      const { responseTopic, correlationData } = properties;
      this.#count(`${topic.startsWith(this.#topic('')) ? 'own' : 'broadcast'} ${payload.toString()}`);
      if (correlationData !== undefined) this.#count(correlationData.toString('hex'));
      if (responseTopic === undefined || correlationData === undefined) return;
      this.#mqtt.publish(responseTopic, '{"ok":true}', { qos: 1, properties: { correlationData } });
    });
  }

  /** True once its subscriptions and its status are with the broker. */
  get present(): boolean {
    return this.#present;
  }

  /** Commands that were carried out more than once, by payload or by correlation data. */
  get repeated(): readonly string[] {
    return [...this.#executions].filter(([, count]) => count > 1).map(([what]) => what);
  }

  executions(what: string): number {
    return this.#executions.get(what) ?? 0;
  }

  async log(line: string): Promise<void> {
    await this.#mqtt.publishAsync(this.#topic('log'), line, { qos: 1 });
  }

  async close(): Promise<void> {
    await this.#mqtt.endAsync(true);
  }

  async #arrive(): Promise<void> {
    await this.#mqtt.subscribeAsync(['/esp/update/interval', this.#topic('update/interval')], { qos: 1, rh: 2 });
    await this.#mqtt.publishAsync(this.#topic('status'), STATUS, { qos: 1, retain: true });
    this.#present = true;
  }

  #count(what: string): void {
    if (!this.#counting) return;
    this.#executions.set(what, this.executions(what) + 1);
  }

  #topic(leaf: string): string {
    return `/esp/devices/${this.id}/${leaf}`;
  }
}
