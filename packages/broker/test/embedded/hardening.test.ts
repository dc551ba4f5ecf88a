import { once } from 'node:events';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startEmbeddedBroker, type EmbeddedBroker } from '../../src/index.js';
import { createTestCertificates, type TestCertificates } from '../support/certificates.js';
import { TestClient } from '../support/mqtt-client.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith } from '../support/tools.js';

const dir = temporaryFolder();
let certificates: TestCertificates;
let broker: EmbeddedBroker;
let clients: TestClient[] = [];
const operator = async (clientId: string) => {
  const client = await TestClient.connect({
    ...{ port: broker.operatorPort, ca: certificates.ca, credentials: certificates.operator, clientId },
  });
  clients.push(client);
  return client;
};

/** Vitest fails a run with an uncaught exception, so each test here also says: nothing ended the process. */
describeWith(['openssl'], 'an authenticated client cannot end the embedded broker', () => {
  beforeAll(async () => {
    certificates = createTestCertificates(join(dir, 'pki'));
    const tls = { ...certificates.broker, operatorCa: certificates.ca, deviceCa: certificates.deviceCa };
    broker = await startEmbeddedBroker({ tls, operatorPort: 0, devicePort: 0 });
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.end()));
    clients = [];
  });
  afterAll(async () => {
    await broker.close();
  });

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('by the client id %s', async (clientId) => {
    const first = await operator(clientId);
    await first.subscribe('/test');
    await first.publish('/test', 'hello');
    await first.receive('hello', ({ text }) => text === 'hello');
    const second = await operator(clientId);
    await first.closed;
    expect(second.mqtt.connected).toBe(true);
  });

  test.each(['constructor', '__proto__', 'toString'])('by a subscription to %s', async (filter) => {
    const client = await operator('op');
    await client.subscribe(filter);
    await client.mqtt.subscribeAsync([filter, '/test']).catch(() => undefined);
    const other = await operator('other');
    await other.subscribe('/test');
    await other.publish('/test', 'hello');
    await other.receive('hello', ({ text }) => text === 'hello');
  });

  test('by a topic of a thousand levels', async () => {
    const publisher = await operator('publisher');
    publisher.mqtt.publish('/test'.repeat(1_000), 'x');
    await publisher.closed;
    const subscriber = await operator('subscriber');
    subscriber.mqtt.subscribe('/test'.repeat(1_000));
    await subscriber.closed;
    await operator('third');
  });

  test.each(['', ', sent before CONNACK'])('by filters that a plain object cannot hold%s', async (when) => {
    const filters = Buffer.concat([...['__proto__', '/test'].flatMap((filter) => [field(filter), Buffer.from([1])])]);
    const subscribe = packet(0x82, Buffer.from([0, 9, 0]), filters);
    if (when === '') await send(CONNECT, subscribe);
    else await send(Buffer.concat([CONNECT, subscribe]), Buffer.alloc(0));
    await operator('op');
  });

  test('by any bytes: random ones, and packets with random changes', async () => {
    const packets = [CONNECT, PUBLISH, SUBSCRIBE, Buffer.from([0xc0, 0]), Buffer.from([0xe0, 0])];
    const mutated = fc
      .tuple(
        fc.shuffledSubarray(packets, { minLength: 1 }),
        fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 6 }),
      )
      .map(([chosen, changes]) => {
        const bytes = Buffer.concat(chosen);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes;
      });
    const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.oneof(mutated, random), async (connected, bytes) => {
        await send(connected ? Buffer.concat([CONNECT, bytes]) : bytes);
      }),
      { numRuns: 300 },
    );
    const client = await operator('op');
    await client.subscribe('/test');
    await client.publish('/test', 'alive');
    await client.receive('alive', ({ text }) => text === 'alive');
  });
});

const field = (text: string) => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
const packet = (type: number, ...parts: Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([type, body.length]), body]);
};
/** With a will that has properties. */
const CONNECT = packet(
  0x10,
  ...[field('MQTT'), Buffer.from([5, 0x06, 0, 60, 5, 0x11, 0, 0, 0, 10]), field('fuzz')],
  ...[Buffer.from([5, 0x18, 0, 0, 0, 1]), field('/test'), field('will')],
);
const PUBLISH = packet(
  0x33,
  ...[field('/test'), Buffer.from([0, 7, 15, 0x02, 0, 0, 0, 9, 0x08]), field('/test'), Buffer.from([0x09, 0, 0])],
  Buffer.from('payload'),
);
const SUBSCRIBE = packet(0x82, Buffer.from([0, 8, 2, 0x0b, 1]), field('/test'), Buffer.from([0x1d]));

/** Sends the first packet; once the broker has answered it, the second; and waits for the end of the connection. */
async function send(first: Buffer, second?: Buffer): Promise<void> {
  const { cert, key } = certificates.operator;
  const socket = connectTls({ host: '127.0.0.1', port: broker.operatorPort, ca: certificates.ca, cert, key });
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'secureConnect');
  if (second === undefined) socket.end(first);
  else {
    socket.write(first);
    socket.once('data', () => socket.end(second));
  }
  socket.resume();
  await closed;
}
