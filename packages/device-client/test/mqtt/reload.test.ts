import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect, type ConnectOptions, type TlsOptions } from '../../src/index.js';
import { createCertificates, hasOpenssl, type Certificates, type Pair } from '../fixtures/certificates.js';
import { startProxy } from '../fixtures/cuttable-proxy.js';
import { eventually } from '../fixtures/eventually.js';
import { describeOnBrokers, failureOf, Opened } from '../fixtures/fleet.js';
import { mosquittoMissing, startMosquitto, type TestBroker } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

const missing = mosquittoMissing() ?? (hasOpenssl() ? undefined : 'openssl is not installed');
const skip = missing !== undefined && process.env['CI'] === undefined;

describe.skipIf(skip)(`credentials that change${skip ? ` (${missing})` : ''}`, () => {
  let pki: Certificates;
  let broker: TestBroker;

  beforeAll(async () => {
    pki = createCertificates();
    broker = await startMosquitto([
      'allow_anonymous false',
      `cafile ${pki.ca.certFile}`,
      `certfile ${pki.broker.certFile}`,
      `keyfile ${pki.broker.keyFile}`,
      'require_certificate true',
      'use_identity_as_username true',
    ]);
  });
  afterAll(async () => {
    await broker.close();
    pki.remove();
  });

  const identity = ({ cert, key }: Pair): TlsOptions => ({ ca: pki.ca.cert, cert, key });
  async function client(tls: ConnectOptions['tls'], over: Partial<ConnectOptions> = {}) {
    const url = `mqtts://127.0.0.1:${String(broker.port)}`;
    const onConnectionChange: ConnectOptions['onConnectionChange'] = (change) => opened.changes.push(change);
    const one = await connect({ url, tls, reconnect: { firstMs: 20, maxMs: 50 }, onConnectionChange, ...over });
    opened.add(() => one.close());
    return one;
  }

  it('are asked for before every connection if they are a function', async () => {
    const asked: string[] = [];
    const proxy = await startProxy(broker.port);
    opened.add(() => proxy.close());
    const url = proxy.url.replace('mqtt:', 'mqtts:');
    const one = await client(() => Promise.resolve(identity(asked.push('') === 1 ? pki.operator : pki.device)), {
      url,
    });
    expect(asked).toHaveLength(1);
    proxy.cut();
    await eventually('the loss is seen', () => !one.connected);
    proxy.mend();
    await eventually('it is back', () => one.connected);
    expect(asked.length).toBeGreaterThan(1);
    const before = asked.length;
    await one.reload();
    expect(asked).toHaveLength(before + 1);
  });

  it('fail the attempt with tls if the function throws, and with deadline if it hangs', async () => {
    const cause = new Error('the key store is locked');
    expect(await failureOf(client(() => Promise.reject(cause)))).toMatchObject({ code: 'tls', cause });
    const hanging = client(() => new Promise(() => undefined), { connectDeadlineMs: 20 });
    expect(await failureOf(hanging)).toMatchObject({ code: 'deadline' });
  });

  it('replace the connection without a gap, and stay as they were if the new ones are refused', async () => {
    const one = await client(identity(pki.operator));
    const refused = await failureOf(one.reload({ tls: identity(pki.strangerOperator) }));
    expect(refused).toMatchObject({ name: 'DeviceClientError' });
    expect(await failureOf(one.reload({ tls: { ca: 'no', cert: 'PEM', key: 'here' } }))).toMatchObject({ code: 'tls' });
    expect(one.connected).toBe(true);
    await one.broadcast.restart();
    await one.reload({ tls: identity(pki.device) });
    expect(one.connected).toBe(true);
    await one.broadcast.restart();
    expect(opened.changes).toEqual([{ state: 'connected' }]);
  });

  it('are used at once by a client that could not reconnect with the old ones', async () => {
    let good = true;
    const proxy = await startProxy(broker.port);
    opened.add(() => proxy.close());
    const url = proxy.url.replace('mqtt:', 'mqtts:');
    const source = (): TlsOptions => identity(good ? pki.operator : pki.strangerOperator);
    const one = await client(source, { url, reconnect: { firstMs: 60_000, maxMs: 60_000 } });
    good = false;
    proxy.cut();
    await eventually('the loss is seen', () => !one.connected);
    proxy.mend();
    await one.reload({ tls: identity(pki.operator) });
    await eventually('it is back', () => one.connected, 10_000);
  });

  it('are not for a connection without TLS', async () => {
    const plain = await startMosquitto();
    opened.add(() => plain.close());
    const one = await opened.client(plain);
    expect(await failureOf(one.reload({ tls: identity(pki.operator) }))).toMatchObject({ code: 'invalid_argument' });
  });
});

describeOnBrokers('a connection that is replaced', (start) => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await start();
  });
  afterAll(() => broker.close());

  it('loses no reply, carries out nothing twice and shows no event twice', async () => {
    const peer = await opened.peer(broker, 'swap-1');
    const client = await opened.client(broker);
    const device = client.device('swap-1');
    const lines: string[] = [];
    const stream = device.logs();
    await stream.ready;
    const reading = (async () => {
      for await (const line of stream) lines.push(line);
    })();
    const reloaded = new AbortController();
    const reloads = (async () => {
      for (let round = 0; round < 10; round += 1) await client.reload();
      reloaded.abort();
    })();
    let sent = 0;
    while (!reloaded.signal.aborted) {
      sent += 1;
      const [answer] = await Promise.all([device.update.interval(1_000 + sent), peer.event('log', String(sent))]);
      expect(answer).toEqual({ ok: true });
    }
    await reloads;
    const payloads = peer.received.map(({ payload }) => payload);
    expect(payloads).toEqual(Array.from({ length: sent }, (_, index) => String(1_001 + index)));
    await peer.event('log', 'last');
    await eventually('the last line arrives', () => lines.at(-1) === 'last');
    expect(new Set(lines).size).toBe(lines.length);
    expect(opened.changes).toEqual([{ state: 'connected' }]);
    await stream.close();
    await reading;
  });

  it('is not held up by calls that gave up', async () => {
    const client = await opened.client(broker, { retainedGraceMs: 60_000 });
    expect(await failureOf(client.device('swap-2').settings({ deadlineMs: 20 }))).toMatchObject({ code: 'deadline' });
    const started = Date.now();
    await client.reload();
    // Ten seconds, if it waited for what is outstanding for ever.
    expect(Date.now() - started).toBeLessThan(8_000);
  });

  it('is closed with both its halves by a close meanwhile', async () => {
    const client = await opened.client(broker);
    const reload = client.reload().catch((error: unknown) => error);
    await client.close();
    expect(client.connected).toBe(false);
    const outcome = await reload;
    if (outcome !== undefined) expect(outcome).toMatchObject({ code: 'closed' });
    expect(await failureOf(client.reload())).toMatchObject({ code: 'closed' });
  });
});
