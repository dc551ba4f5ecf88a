import { startEmbeddedBroker, type EmbeddedBroker } from '@secure-esp/broker';
import { initPki, type PkiTree } from '@secure-esp/pki';
import { secureEspV1, type Protocol, type UpdateStateEvent } from '@secure-esp/protocol';
import { connectAsync, type IPublishPacket, type MqttClient } from 'mqtt';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokerTls } from '../../src/start-broker.js';

/** A certificate tree and a broker that uses it, with devices that do what a test tells them. */
export interface House {
  /** Where commands run. */
  readonly cwd: string;
  readonly tree: PkiTree;
  readonly broker: EmbeddedBroker;
  /** Options that name the tree and the broker. */
  readonly options: readonly string[];
  peer(id: string, options?: { version?: string }): Promise<Peer>;
  close(): Promise<void>;
}

export async function startHouse(devices: readonly string[], protocol: Protocol = secureEspV1): Promise<House> {
  const cwd = await mkdtemp(join(tmpdir(), 'secure-esp-house-'));
  const tree = await initPki({ dir: join(cwd, 'pki'), devices });
  const tls = brokerTls(tree, await tree.crls());
  const broker = await startEmbeddedBroker({ tls, protocol, operatorPort: 0, devicePort: 0 });
  const peers: Peer[] = [];
  return {
    cwd,
    tree,
    broker,
    options: ['--dir', 'pki', '--url', `mqtts://localhost:${broker.operatorPort}`],
    async peer(id, { version = '1.0.0' } = {}) {
      const { cert, key, ca } = await tree.device(id);
      const mqtt = await connectAsync(`mqtts://localhost:${broker.devicePort}`, {
        ...{ cert, key, ca, clientId: id, protocolVersion: 5, reconnectPeriod: 0 },
        will: { topic: `${protocol.root}/devices/${id}/status`, payload: Buffer.from(OFFLINE), qos: 1, retain: true },
      });
      const peer = new Peer(mqtt, id, protocol);
      peers.push(peer);
      await peer.start(version);
      return peer;
    },
    async close() {
      await Promise.all(peers.map((peer) => peer.leave()));
      await broker.close();
      await rm(cwd, { recursive: true, force: true });
    },
  };
}

const OFFLINE = '{"online":false}';

export interface Received {
  readonly leaf: string;
  readonly payload: string;
  /** Answers it. */
  readonly reply: (value: object) => Promise<void>;
}

/** The far end: a device that answers every command with `{"ok":true}` unless a test says otherwise. */
export class Peer {
  readonly received: Received[] = [];
  onCommand: (command: Received) => unknown = (command) => command.reply({ ok: true });
  readonly #root: string;
  #run = 0;

  constructor(
    private readonly mqtt: MqttClient,
    readonly id: string,
    private readonly protocol: Protocol,
  ) {
    this.#root = `${protocol.root}/devices/${id}`;
    mqtt.on('error', () => undefined);
    mqtt.on('message', (topic, payload, packet) => {
      this.#receive(topic, payload, packet);
    });
  }

  async start(version: string): Promise<void> {
    const commands = Object.entries(this.protocol.topics).filter(([, topic]) => topic.direction === 'command');
    for (const [leaf] of commands) await this.mqtt.subscribeAsync(`${this.#root}/${leaf}`, { qos: 1, rh: 2 });
    const facts = { project: 'lamp', version, chip: 'esp32c6', bootId: 1, resetReason: 'power_on', protocol: 1 };
    if ('status' in this.protocol.topics)
      await this.event('status', { online: true, ...facts, contract: secureEspV1.contractHash }, true);
  }

  async event(leaf: string, value: unknown, retain = false): Promise<void> {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    await this.mqtt.publishAsync(`${this.#root}/${leaf}`, text, { qos: 1, retain });
  }

  log(line: string): Promise<void> {
    return this.event('log', line);
  }

  state(state: Partial<UpdateStateEvent> & Pick<UpdateStateEvent, 'run' | 'state'>): Promise<void> {
    const whole = { from: '1.0.0', to: null, bytes: 0, total: 0, reason: null, ...state };
    return this.event('update/state', whole, true);
  }

  /** Answers `update/run` and plays an update to that end. */
  updatesTo(end: 'confirmed' | 'rolled_back' | 'none_newer'): void {
    this.onCommand = async (command) => {
      if (command.leaf !== 'update/run') return;
      const run = (this.#run += 1);
      await command.reply({ ok: true, run });
      await this.state({ run, state: 'checking' });
      if (end === 'none_newer') return this.state({ run, state: 'idle', reason: 'none_newer' });
      await this.state({ run, state: 'downloading', to: '1.1.0', bytes: 40, total: 100 });
      await this.state({ run, state: 'pending_confirm', to: '1.1.0', bytes: 100, total: 100 });
      const reason = end === 'confirmed' ? null : 'not_confirmed';
      return this.state({ run, state: end, to: '1.1.0', bytes: 100, total: 100, reason });
    };
  }

  /** Leaves as a crash does: the broker sends the last will. */
  async leave(): Promise<void> {
    await this.mqtt.endAsync(true);
  }

  #receive(topic: string, payload: Buffer, packet: IPublishPacket): void {
    const { responseTopic, correlationData } = packet.properties ?? {};
    const command: Received = {
      leaf: topic.slice(this.#root.length + 1),
      payload: payload.toString(),
      reply: async (value) => {
        if (responseTopic === undefined || correlationData === undefined) return;
        await this.mqtt.publishAsync(responseTopic, JSON.stringify(value), { qos: 1, properties: { correlationData } });
      },
    };
    this.received.push(command);
    void this.onCommand(command);
  }
}
