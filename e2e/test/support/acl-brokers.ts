import { mosquittoConfig, startEmbeddedBroker } from '@secure-esp/broker';
import type { Protocol } from '@secure-esp/protocol';
import type { PkiTree } from '@secure-esp/pki';
import { Aedes, type AedesPublishPacket } from 'aedes';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { vi } from 'vitest';
import { AclClient, withDeadline, type Received } from './acl-client.js';
import { startProgram } from './program.js';

export type BrokerKind = 'embedded' | 'mosquitto';

/** A place in the broker that no rule applies to: it sees all that the broker accepted, and can send anything. */
export interface Insider {
  /** Resolves once a message with this text was accepted; everything accepted before it is in {@link texts} then. */
  receive(text: string): Promise<void>;
  /** Texts of all messages accepted since the last call, retained or not. */
  texts(): Set<string>;
  /**
   * Resolves once a retained message is stored. Others only keep their order among themselves; QoS 1 is for what must
   * reach the queue of a client that is away.
   */
  publish(topic: string, text: string, options?: { retain?: boolean; qos?: 0 | 1 }): Promise<void>;
  /** What is retained, by topic, without the broker's own `$SYS`. */
  retained(): Promise<Map<string, string>>;
}

export interface AclBroker {
  readonly kind: BrokerKind;
  readonly operatorPort: number;
  readonly devicePort: number;
  readonly insider: Insider;
  close(): Promise<void>;
}

interface StartOptions {
  readonly pki: PkiTree;
  readonly protocol: Protocol;
  /** Folder of this broker's own. */
  readonly dir: string;
}

/** The messages of one matrix at most, so that no queue overflows. */
const limits = { maxQueuedMessages: 10_000 };

/** Both brokers with the ACL that they derive from the contract, and an insider. */
export const START_ACL_BROKER: Readonly<Record<BrokerKind, (options: StartOptions) => Promise<AclBroker>>> = {
  async embedded({ pki, protocol }) {
    const create = vi.spyOn(Aedes, 'createBroker'); // calls through: it only shows which broker was made
    try {
      const broker = await startEmbeddedBroker({
        ...{ protocol, limits, operatorPort: 0, devicePort: 0 },
        tls: { cert: pki.broker.cert, key: pki.broker.key, operatorCa: pki.ca, deviceCa: pki.deviceCa },
      });
      const made = create.mock.results[0]?.value as Promise<Aedes> | undefined;
      if (made === undefined) throw new Error('the embedded broker did not make an aedes');
      const { operatorPort, devicePort } = broker;
      const insider = await insideAedes(await made);
      return { kind: 'embedded', operatorPort, devicePort, insider, close: () => broker.close() };
    } finally {
      create.mockRestore();
    }
  },

  // Mosquitto with the generated files as they are, and one more listener without an ACL.
  async mosquitto({ pki, protocol, dir }) {
    await mkdir(dir, { recursive: true });
    for (let attempt = 1; ; attempt++) {
      const [operatorPort = 0, devicePort = 0, insiderPort = 0] = await freePorts(3);
      const tls = { certPath: pki.broker.certPath, keyPath: pki.broker.keyPath };
      const cas = { operatorCaPath: pki.paths.caCert, deviceCaPath: pki.paths.deviceCaCert };
      const files = mosquittoConfig({
        ...{ dir, protocol, limits, operatorPort, devicePort, user: userInfo().username },
        tls: { ...tls, ...cas },
      });
      for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content as string);
      const insider = `${files['mosquitto.conf']}\nlistener ${insiderPort} 127.0.0.1\nallow_anonymous true\n`;
      await writeFile(join(dir, 'mosquitto.conf'), insider);
      const PATH = [process.env['PATH'] ?? '', '/usr/sbin', '/usr/local/sbin'].join(delimiter);
      const program = startProgram('mosquitto', ['-c', join(dir, 'mosquitto.conf')], { env: { ...process.env, PATH } });
      const running = await program.waitFor(/mosquitto version \S+ running/, 20_000).then(
        () => true,
        () => false,
      );
      if (running) {
        const client = await insideMosquitto(insiderPort);
        const close = async (): Promise<void> => {
          await client.close();
          await program.stop('SIGTERM');
        };
        return { kind: 'mosquitto', operatorPort, devicePort, insider: client, close };
      }
      await program.stop('SIGKILL');
      // A port that was free a moment ago may be taken when Mosquitto comes to it.
      if (attempt === 3 || !program.output().includes('Address already in use')) throw new Error(program.output());
    }
  },
};

async function insideAedes(broker: Aedes): Promise<Insider> {
  let seen = new Set<string>();
  const watchers = new Map<string, () => void>();
  const listen = (packet: AedesPublishPacket, done: () => void): void => {
    const text = packet.payload.toString();
    seen.add(text);
    watchers.get(text)?.();
    done();
  };
  await new Promise<void>((resolve) => {
    broker.subscribe('#', listen, resolve);
  });
  const { persistence } = broker as unknown as {
    persistence: { createRetainedStream(pattern: string): AsyncIterable<{ topic: string; payload: Buffer }> };
  };
  return {
    receive: (text) =>
      withDeadline(
        new Promise<void>((resolve) => {
          watchers.set(text, resolve);
          if (seen.has(text)) resolve();
        }),
        text,
      ),
    texts() {
      const texts = seen;
      seen = new Set();
      return texts;
    },
    publish: (topic, text, { retain = false, qos = 0 } = {}) =>
      new Promise<void>((resolve, reject) => {
        const packet = { cmd: 'publish' as const, topic, payload: Buffer.from(text), retain, qos, dup: false };
        broker.publish(packet, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    async retained() {
      const all = new Map<string, string>();
      for await (const { topic, payload } of persistence.createRetainedStream('#')) all.set(topic, payload.toString());
      return all;
    },
  };
}

async function insideMosquitto(port: number): Promise<Insider & { close(): Promise<void> }> {
  const connect = (clientId: string): Promise<AclClient> => AclClient.connect({ protocol: 'mqtt', port, clientId });
  const client = await connect('insider');
  await client.subscribe(['#', '$SYS/x', '$discarded', '$x/#']);
  let marks = 0;
  return {
    receive: (text) => client.receive(text, (message) => message.text === text),
    texts: () => new Set(client.drain().map(({ text }) => text)),
    async publish(topic, text, { retain = false, qos = retain ? 1 : 0 } = {}) {
      const code = await client.publish(topic, text, { retain, qos });
      if (code !== 0) throw new Error(`the insider's publish on ${topic} was refused: ${code}`);
    },
    async retained() {
      // QoS 0 from one connection to itself: what was retained at SUBSCRIBE is sent before the mark.
      const late = await connect(`insider-late-${marks}`);
      const mark = `end of what is retained ${marks++}`;
      await late.subscribe(['#']);
      await late.publish('insider', mark, { qos: 0 });
      await late.receive(mark, ({ text }) => text === mark);
      const all = late.drain().filter(({ retain }: Received) => retain);
      await late.end();
      return new Map(all.map(({ topic, text }) => [topic, text]));
    },
    close: () => client.end(),
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            resolve((server.address() as AddressInfo).port);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
