import { secureEspV1, withRoot } from '@secure-esp/protocol';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { isCommandError, isDeviceClientError, type InvalidEvent } from '../../src/index.js';
import { describeOnBrokers, failureOf, Opened } from '../fixtures/fleet.js';
import { eventually } from '../fixtures/eventually.js';
import { ManualTimers } from '../fixtures/manual-timers.js';
import type { ReceivedCommand } from '../fixtures/device-peer.js';
import type { TestBroker } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

const silent = (): void => undefined;

describeOnBrokers('commands', (start) => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await start();
  });
  afterAll(() => broker.close());

  it('carry the value of the contract, a reply topic of that device, correlation data and the contract expiry, never retained', async () => {
    const peer = await opened.peer(broker, 'wire');
    const client = await opened.client(broker);
    const device = client.device('wire');
    expect(await device.update.url('https://ota.example/fw')).toEqual({ ok: true });
    expect(await device.update.useUrl(1)).toEqual({ ok: true });
    expect(await device.update.interval(600)).toEqual({ ok: true });
    expect(await device.restart()).toEqual({ ok: true });
    expect(peer.received.map(({ leaf, payload }) => [leaf, payload])).toEqual([
      ['update/url', 'https://ota.example/fw'],
      ['update/use_url', '1'],
      ['update/interval', '600'],
      ['restart', ''],
    ]);
    const responseTopic = `/esp/devices/wire/replies/${client.id}`;
    expect(client.id).toMatch(/^[A-Za-z0-9_-]{16,64}$/);
    for (const command of peer.received) {
      expect(command.responseTopic).toBe(responseTopic);
      expect(command.correlationData).toHaveLength(16);
      expect(command.packet).toMatchObject({ qos: 1, retain: false });
      const expiry = command.packet.properties?.messageExpiryInterval;
      expect(expiry).toBeGreaterThan(0);
      expect(expiry).toBeLessThanOrEqual(command.leaf === 'restart' ? 10 : 60);
    }
    const correlations = new Set(peer.received.map(({ correlationData }) => correlationData?.toString('hex')));
    expect(correlations.size).toBe(4);
  });

  it('reject with the code and the detail of a refusal', async () => {
    const peer = await opened.peer(broker, 'refuser');
    const client = await opened.client(broker);
    peer.onCommand = (command) => peer.reply(command, { ok: false, code: 'no_url', detail: 'no URL is stored' });
    const error = await failureOf(client.device('refuser').update.useUrl(1));
    expect(isCommandError(error) && isDeviceClientError(error)).toBe(true);
    expect(error).toMatchObject({
      name: 'CommandError',
      code: 'no_url',
      replyCode: 'no_url',
      detail: 'no URL is stored',
      device: 'refuser',
      leaf: 'update/use_url',
    });
  });

  it('refuse a bad value, device id or leaf before anything is sent', async () => {
    const peer = await opened.peer(broker, 'untouched');
    const client = await opened.client(broker);
    const device = client.device('untouched');
    expect(await failureOf(device.update.interval(299))).toMatchObject({ code: 'invalid_argument' });
    expect(await failureOf(device.update.url('http://plain.example/'))).toMatchObject({ code: 'invalid_argument' });
    expect(await failureOf(device.send('log' as 'restart'))).toMatchObject({ code: 'invalid_argument' });
    expect(await failureOf(device.restart({ deadlineMs: 0 }))).toMatchObject({ code: 'invalid_argument' });
    for (const id of ['', '+', 'a/b', 'x'.repeat(65)]) {
      expect(() => client.device(id)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    }
    await device.restart();
    expect(peer.received).toHaveLength(1);
  });

  it('fail with device_offline for a device that was never seen', async () => {
    const client = await opened.client(broker, { retainedGraceMs: 50 });
    expect(await failureOf(client.device('nobody').restart())).toMatchObject({ code: 'device_offline' });
  });

  it('fail with device_offline for a device whose last will was sent, and work again when it is back', async () => {
    const peer = await opened.peer(broker, 'crasher');
    const client = await opened.client(broker);
    await client.device('crasher').restart();
    await peer.crash();
    const watch = client.watch({ device: 'crasher', types: ['status'] });
    for await (const event of watch) if (event.type === 'status' && !event.value.online) break;
    expect(await failureOf(client.device('crasher').restart())).toMatchObject({ code: 'device_offline' });
    await opened.peer(broker, 'crasher');
    await eventually('the device is back', () => client.connected);
    for await (const event of client.watch({ device: 'crasher', types: ['status'] })) {
      if (event.type === 'status' && event.value.online) break;
    }
    expect(await client.device('crasher').restart()).toEqual({ ok: true });
  });

  it('fail with device_offline at once when the device dies before it answers', async () => {
    const peer = await opened.peer(broker, 'dier');
    const client = await opened.client(broker);
    peer.onCommand = () => peer.crash();
    expect(await failureOf(client.device('dier').restart())).toMatchObject({ code: 'device_offline' });
  });

  it('can be sent to firmware that publishes no status', async () => {
    await opened.peer(broker, 'plain', { silent: true });
    const client = await opened.client(broker);
    expect(await client.device('plain').restart({ requireOnline: false })).toEqual({ ok: true });
  });

  it('reject with deadline when no reply comes in time, and ignore it when it comes late', async () => {
    const peer = await opened.peer(broker, 'late');
    const timers = new ManualTimers();
    const client = await opened.client(broker, { timers });
    peer.onCommand = silent;
    const answer = failureOf(client.device('late').restart());
    await eventually('the command arrives', () => peer.received.length === 1);
    timers.advance(9_999);
    timers.advance(1);
    expect(await answer).toMatchObject({ code: 'deadline' });
    await peer.reply(peer.received[0] as ReceivedCommand, { ok: false, code: 'busy', detail: '' });
    peer.onCommand = (command) => peer.reply(command, { ok: true });
    expect(await client.device('late').restart()).toEqual({ ok: true });
  });

  it('reject with aborted, with the reason of the signal, before and while waiting', async () => {
    const peer = await opened.peer(broker, 'aborted');
    const client = await opened.client(broker);
    peer.onCommand = silent;
    const device = client.device('aborted');
    const reason = new Error('changed my mind');
    expect(await failureOf(device.restart({ signal: AbortSignal.abort(reason) }))).toMatchObject({
      code: 'aborted',
      cause: reason,
    });
    const controller = new AbortController();
    const answer = failureOf(device.restart({ signal: controller.signal }));
    await eventually('the command arrives', () => peer.received.length === 1);
    controller.abort(reason);
    expect(await answer).toMatchObject({ code: 'aborted', cause: reason });
  });

  it('reject with closed when the client closes, which is idempotent', async () => {
    const peer = await opened.peer(broker, 'closing');
    const client = await opened.client(broker);
    peer.onCommand = silent;
    const answer = failureOf(client.device('closing').restart());
    await eventually('the command arrives', () => peer.received.length === 1);
    await Promise.all([client.close(), client.close()]);
    await client[Symbol.asyncDispose]();
    expect(await answer).toMatchObject({ code: 'closed' });
    expect(client.connected).toBe(false);
    expect(await failureOf(client.device('closing').restart())).toMatchObject({ code: 'closed' });
    expect(await failureOf(client.broadcast.restart())).toMatchObject({ code: 'closed' });
    expect(await failureOf(client.device('closing').forget())).toMatchObject({ code: 'closed' });
  });

  it('accept a reply only from the commanded device, with the right correlation data, once, and well formed', async () => {
    const [peer, liar] = [await opened.peer(broker, 'honest'), await opened.peer(broker, 'liar')];
    const invalid: InvalidEvent[] = [];
    const client = await opened.client(broker, { onInvalid: (event) => invalid.push(event) });
    const refusal = { ok: false, code: 'busy', detail: 'forged' };
    peer.onCommand = async (command) => {
      // Another device answers with the right correlation data, on its own reply topic.
      await liar.reply({ ...command, responseTopic: `/esp/devices/liar/replies/${client.id}` }, refusal);
      await peer.reply({ ...command, correlationData: Buffer.alloc(16) }, refusal);
      await peer.reply({ ...command, correlationData: Buffer.alloc(0) }, refusal);
      await peer.mqtt.publishAsync(command.responseTopic ?? '', JSON.stringify(refusal), { qos: 1 });
      await peer.reply(command, 'not json');
      await peer.reply(command, { ok: false, code: 'busy', detail: 'x'.repeat(300) });
      await peer.reply(command, { ok: true });
      await peer.reply(command, refusal);
    };
    expect(await client.device('honest').restart()).toEqual({ ok: true });
    expect(invalid.map(({ device, leaf, code }) => [device, leaf, code])).toEqual([
      ['honest', 'replies/{client}', 'bad_payload'],
      ['honest', 'replies/{client}', 'too_long'],
    ]);
    peer.onCommand = (command) => peer.reply(command, { ok: true });
    expect(await client.device('honest').restart()).toEqual({ ok: true });
  });

  it('keep many replies apart', async () => {
    const peer = await opened.peer(broker, 'many');
    const client = await opened.client(broker);
    const held: ReceivedCommand[] = [];
    peer.onCommand = (command) => {
      held.push(command);
    };
    const seconds = Array.from({ length: 50 }, (_, index) => 300 + index);
    const answers = seconds.map((value) =>
      client
        .device('many')
        .update.interval(value)
        .catch((error: unknown) => error),
    );
    await eventually('all arrive', () => held.length === seconds.length);
    for (const command of held.reverse()) {
      const odd = Number(command.payload) % 2 === 1;
      await peer.reply(command, odd ? { ok: false, code: 'busy', detail: command.payload } : { ok: true });
    }
    const results = await Promise.all(answers);
    for (const [index, value] of seconds.entries()) {
      if (value % 2 === 1) expect(results[index]).toMatchObject({ code: 'busy', detail: String(value) });
      else expect(results[index]).toEqual({ ok: true });
    }
  });

  it('reach every device as a broadcast, without a response topic', async () => {
    const peers = [await opened.peer(broker, 'one'), await opened.peer(broker, 'two')];
    const client = await opened.client(broker);
    await client.broadcast.update.interval(600);
    await client.broadcast.update.run();
    expect(await failureOf(client.broadcast.update.interval(1))).toMatchObject({ code: 'invalid_argument' });
    for (const peer of peers) {
      await eventually('both commands arrive', () => peer.received.length === 2);
      expect(peer.received.map(({ leaf, broadcast, responseTopic }) => [leaf, broadcast, responseTopic])).toEqual([
        ['update/interval', true, undefined],
        ['update/run', true, undefined],
      ]);
      expect(peer.received.every(({ packet }) => !packet.retain)).toBe(true);
    }
  });

  it('work below another root', async () => {
    const peer = await opened.peer(broker, 'rooted', { root: '/acme/plant-7' });
    const client = await opened.client(broker, { protocol: withRoot(secureEspV1, '/acme/plant-7') });
    expect(await client.device('rooted').update.interval(600)).toEqual({ ok: true });
    expect(peer.received).toHaveLength(1);
  });

  it('stay pending over a reconnect and take the reply on the new connection', async () => {
    const peer = await opened.peer(broker, 'patient');
    const client = await opened.client(broker);
    peer.onCommand = silent;
    const answer = client.device('patient').restart();
    await eventually('the command arrives', () => peer.received.length === 1);
    await broker.kill();
    await broker.restart();
    await eventually('the client is back', () => opened.changes.at(-1)?.state === 'connected' && client.connected);
    await eventually('the device is back', () => peer.mqtt.connected);
    await peer.online();
    // Sent now: by its reply the subscription to replies is known to be there again.
    peer.onCommand = (command) => peer.reply(command, { ok: true });
    expect(await client.device('patient').update.interval(600)).toEqual({ ok: true });
    await peer.reply(peer.received[0] as ReceivedCommand, { ok: true });
    expect(await answer).toEqual({ ok: true });
  });

  it('wait for the connection to come back, up to their deadline, if there is an offline queue', async () => {
    const offlineQueue = { maxCommands: 10, maxAgeMs: 60_000, onFull: 'reject' } as const;
    const client = await opened.client(broker, { offlineQueue });
    await broker.kill();
    await eventually('the loss is seen', () => !client.connected);
    expect(opened.changes.at(-1)).toMatchObject({ state: 'reconnecting' });
    expect(await failureOf(client.device('away').restart({ deadlineMs: 30 }))).toMatchObject({ code: 'deadline' });
    expect(await failureOf(client.broadcast.restart({ deadlineMs: 30 }))).toMatchObject({ code: 'deadline' });
    const answer = client.broadcast.restart();
    await broker.restart();
    await answer;
  });
});
