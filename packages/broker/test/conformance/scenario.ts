import { expect } from 'vitest';
import type { RunningBroker } from '../../src/index.js';
import type { TestBroker } from '../support/brokers.js';
import type { TestCertificates } from '../support/certificates.js';
import type { Received, TestClient, TestClientOptions } from '../support/mqtt-client.js';

export type ClientOptions = Partial<TestClientOptions>;

/** One running broker, fresh for each scenario, and ways to connect to it. Connections are ended afterwards. */
export interface Conformance extends TestBroker {
  readonly certificates: TestCertificates;
  readonly connect: (options: ClientOptions) => Promise<TestClient>;
  readonly operator: (clientId: string, options?: ClientOptions) => Promise<TestClient>;
  readonly device: (id: string, options?: ClientOptions) => Promise<TestClient>;
}

export interface Scenario {
  readonly name: string;
  /** Kinds of brokers that do not do this, with the reason. The README's table says the same. */
  readonly unsupported?: Partial<Record<RunningBroker['kind'], string>>;
  readonly run: (context: Conformance) => Promise<void>;
}

/** A broadcast command. */
export const RESTART = '/esp/restart';
/** A device's own topic. */
export const own = (id: string, leaf: string) => `/esp/devices/${id}/${leaf}`;
/** Fits a message on this topic (with this text). */
export const on =
  (topic: string, text?: string) =>
  (message: Received): boolean =>
    message.topic === topic && (text === undefined || message.text === text);
/** Topics of what a client has received, in order. */
export const topics = (client: TestClient) => client.messages.map(({ topic }) => topic);
/** Payloads of what a client has received, in order. */
export const texts = (client: TestClient) => client.messages.map(({ text }) => text);
/** Fails unless the connection is refused. */
export const refused = async (connection: Promise<TestClient>) => {
  await expect(connection).rejects.toThrow();
};

/** True if the connection is refused. */
export const isRefused = (connection: Promise<TestClient>) =>
  connection.then(
    () => false,
    () => true,
  );
