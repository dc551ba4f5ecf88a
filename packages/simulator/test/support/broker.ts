import { spawn, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { TestPki } from './pki.js';

/** Why there is no Mosquitto; `undefined`: there is one. */
export const mosquittoMissing: string | undefined =
  spawnSync('mosquitto', ['-h']).error === undefined ? undefined : 'mosquitto is not installed';

export interface TestBroker extends AsyncDisposable {
  readonly url: string;
}

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
};

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });

/** Real Mosquitto, one listener with client certificates of both CAs. */
export const startBroker = async (pki: TestPki): Promise<TestBroker> => {
  const port = await freePort();
  const at = (name: string): string => join(pki.dir, name);
  await writeFile(at('clients.crt'), pki.tree.ca + pki.tree.deviceCa);
  await writeFile(
    at('mosquitto.conf'),
    [
      `listener ${String(port)} 127.0.0.1`,
      `cafile ${at('clients.crt')}`,
      `certfile ${pki.tree.paths.brokerCert}`,
      `keyfile ${pki.tree.paths.brokerKey}`,
      'require_certificate true',
      'use_identity_as_username true',
      'persistence false',
      'user root',
      '',
    ].join('\n'),
  );
  const broker = spawn('mosquitto', ['-c', at('mosquitto.conf')], { stdio: 'ignore' });
  const exited = new Promise((resolve) => broker.once('exit', resolve));
  for (let attempt = 0; !(await accepts(port)); attempt += 1) {
    if (attempt > 200) throw new Error('mosquitto does not listen');
    await delay(20);
  }
  return {
    url: `mqtts://localhost:${String(port)}`,
    async [Symbol.asyncDispose]() {
      broker.kill();
      await exited;
    },
  };
};

export interface Operator extends AsyncDisposable {
  readonly client: MqttClient;
  /** Everything received, in order. */
  readonly received: readonly { readonly topic: string; readonly payload: string }[];
  send(topic: string, payload?: string): Promise<void>;
  /** The first message after `since` that fits. */
  until(fits: (topic: string, payload: string) => boolean, since?: number): Promise<string>;
}

const UNTIL_MS = 20_000;

export const connectOperator = async (pki: TestPki, broker: TestBroker): Promise<Operator> => {
  const { cert, key } = pki.tree.operator;
  const options: IClientOptions = { protocolVersion: 5, reconnectPeriod: 0, cert, key, ca: pki.tree.ca };
  const client = await connectAsync(broker.url, options);
  const received: { topic: string; payload: string }[] = [];
  const waiting = new Set<(from: number) => void>();
  client.on('message', (topic, payload) => {
    received.push({ topic, payload: payload.toString() });
    for (const wake of waiting) wake(received.length - 1);
  });
  await client.subscribeAsync('/esp/#', { qos: 1 });
  return {
    client,
    received,
    async send(topic, payload = '') {
      await client.publishAsync(topic, payload, { qos: 1 });
    },
    until: (fits, since = 0) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(check);
          reject(new Error(`no such message; the last were ${JSON.stringify(received.slice(-6))}`));
        }, UNTIL_MS);
        const check = (from: number): void => {
          const found = received.slice(from).find(({ topic, payload }) => fits(topic, payload));
          if (found === undefined) return;
          clearTimeout(late);
          waiting.delete(check);
          resolve(found.payload);
        };
        waiting.add(check);
        check(since);
      }),
    async [Symbol.asyncDispose]() {
      await client.endAsync(true);
    },
  };
};
