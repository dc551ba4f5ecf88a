import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, type ConnectOptions } from '../../src/index.js';
import { eventually } from '../fixtures/eventually.js';
import { failureOf, Opened } from '../fixtures/fleet.js';
import { freePort } from '../fixtures/free-port.js';
import { ManualTimers } from '../fixtures/manual-timers.js';
import { startAedes } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

/** A TCP server that is no broker. */
async function serve(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.add(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `mqtt://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

const plain = (url: string, over: Partial<ConnectOptions> = {}): Promise<unknown> =>
  failureOf(connect({ url, dangerouslyAllowPlaintext: true, ...over }));

describe('connect', () => {
  it('fails with unreachable where nothing listens, and for a name that does not exist', async () => {
    expect(await plain(`mqtt://127.0.0.1:${String(await freePort())}`)).toMatchObject({ code: 'unreachable' });
    expect(await plain('mqtt://does-not-exist.invalid')).toMatchObject({ code: 'unreachable' });
  });

  it('fails with refused at a broker that speaks only MQTT 3.1.1', async () => {
    // CONNACK of MQTT 3.1.1 with return code 1, "unacceptable protocol version" (3.1.1, 3.2.2.3).
    const url = await serve((socket) => socket.once('data', () => socket.end(Buffer.from([0x20, 2, 0, 1]))));
    expect(await plain(url)).toMatchObject({ code: 'refused' });
  });

  it('fails with refused when the broker says no, hangs up, or talks nonsense', async () => {
    const notAuthorized = await serve((socket) =>
      socket.once('data', () => socket.write(Buffer.from([0x20, 3, 0, 135, 0]))),
    );
    const error = await plain(notAuthorized);
    expect(error).toMatchObject({ code: 'refused' });
    expect(String(error)).toContain('135');
    expect(await plain(await serve((socket) => socket.once('data', () => socket.end())))).toMatchObject({
      code: 'refused',
    });
    const http = await serve((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    expect(await plain(http)).toMatchObject({ code: 'refused' });
  });

  it('fails with deadline at a server that accepts and stays silent, and leaves no timer behind', async () => {
    const timers = new ManualTimers();
    let connections = 0;
    const url = await serve(() => (connections += 1));
    const failure = plain(url, { timers });
    await eventually('it connects', () => connections === 1);
    timers.advance(10_000);
    expect(await failure).toMatchObject({ code: 'deadline' });
    expect(timers.pending).toBe(0);
  });

  it('fails with aborted before and while connecting', async () => {
    const reason = new Error('enough');
    let connections = 0;
    const url = await serve(() => (connections += 1));
    expect(await plain(url, { signal: AbortSignal.abort(reason) })).toMatchObject({ code: 'aborted', cause: reason });
    expect(connections).toBe(0);
    const controller = new AbortController();
    const failure = plain(url, { signal: controller.signal });
    await eventually('it connects', () => connections === 1);
    controller.abort(reason);
    expect(await failure).toMatchObject({ code: 'aborted', cause: reason });
  });

  it('fails with denied where the broker does not let it read its replies', async () => {
    const broker = await startAedes({ denySubscribe: (_, filter) => filter.includes('/replies/') });
    opened.add(() => broker.close());
    expect(await plain(broker.url)).toMatchObject({ code: 'denied' });
  });

  it.each<[string, Partial<ConnectOptions>]>([
    ['plain MQTT that was not asked for', { dangerouslyAllowPlaintext: undefined }],
    ['another scheme', { url: 'https://127.0.0.1' }],
    ['no URL', { url: 'broker:8883' }],
    ['a password in the URL', { url: 'mqtts://user:secret@127.0.0.1' }],
    ['a client id in the URL', { url: 'mqtts://127.0.0.1?clientId=x' }],
    ['TLS files with a plain URL', { tls: { ca: '', cert: '', key: '' } }],
    ['a deadline of zero', { connectDeadlineMs: 0 }],
    ['a fractional deadline', { commandDeadlineMs: 1.5 }],
    ['a longest delay below the first', { reconnect: { firstMs: 10, maxMs: 5 } }],
    ['a keep-alive of one second', { keepAliveSeconds: 1 }],
    ['a client id prefix with a slash', { clientIdPrefix: 'a/b' }],
  ])('fails with invalid_argument for %s', async (_, options) => {
    const error = await plain('mqtt://127.0.0.1:1', options);
    expect(error).toMatchObject({ code: 'invalid_argument' });
    expect(String(error)).not.toContain('secret');
  });
});

describe('a connected client', () => {
  it('gives up a broker that leaves a SUBSCRIBE unanswered', async () => {
    const timers = new ManualTimers();
    let bytes = 0;
    const url = await serve((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.from([0x20, 3, 0, 0, 0]));
        socket.on('data', (chunk) => (bytes += chunk.length));
      });
    });
    const failure = plain(url, { timers });
    await eventually('it subscribes', () => bytes > 0);
    timers.advance(10_000);
    expect(await failure).toMatchObject({ code: 'deadline' });
  });

  it('rejects a command with denied when the broker forbids it', async () => {
    const broker = await startAedes({
      denyPublish: (_, topic) => topic.endsWith('/restart') || topic.endsWith('/settings'),
    });
    opened.add(() => broker.close());
    const client = await opened.client(broker);
    const device = client.device('esp-001');
    expect(await failureOf(device.restart({ requireOnline: false }))).toMatchObject({ code: 'denied' });
    expect(await failureOf(client.broadcast.restart())).toMatchObject({ code: 'denied' });
    expect(await failureOf(device.forget())).toMatchObject({ code: 'denied' });
  });

  it('rejects an update with denied when the broker does not let it follow the state', async () => {
    const broker = await startAedes({ denySubscribe: (_, filter) => filter.endsWith('/update/state') });
    opened.add(() => broker.close());
    const client = await opened.client(broker);
    expect(await failureOf(client.device('esp-001').update.run())).toMatchObject({ code: 'denied' });
  });

  it('leaves no timer behind, and says nothing but goodbye when closed', async () => {
    const broker = await startAedes();
    opened.add(() => broker.close());
    const timers = new ManualTimers();
    const client = await opened.client(broker, { timers });
    expect(timers.pending).toBe(0);
    await opened.peer(broker, 'esp-001');
    await client.device('esp-001').restart();
    // The device's status stays subscribed for a minute after the last command.
    expect([timers.pending, timers.waitsFor(60_000)]).toEqual([1, true]);
    await client.device('esp-001').status();
    await client.broadcast.restart();
    expect(timers.pending).toBe(1);
    const pending = failureOf(client.device('esp-002').restart());
    await client.close();
    expect(await pending).toMatchObject({ code: 'closed' });
    expect(await failureOf(client.device('esp-003').restart())).toMatchObject({ code: 'closed' });
    expect(timers.pending).toBe(0);
    expect(opened.changes).toEqual([{ state: 'connected' }, { state: 'closed' }]);
  });

  it('reports its comings and goings, backs off, and stops when closed', async () => {
    const broker = await startAedes();
    opened.add(() => broker.close());
    const client = await opened.client(broker);
    expect(opened.changes).toEqual([{ state: 'connected' }]);
    await broker.kill();
    await eventually('it tries again', () => opened.changes.length >= 4);
    for (const [index, change] of opened.changes.slice(1, 4).entries()) {
      expect(change).toMatchObject({ state: 'reconnecting', attempt: index, error: { code: 'unreachable' } });
    }
    await broker.restart();
    await eventually('it is back', () => client.connected);
    await broker.kill();
    await eventually('the loss is seen', () => !client.connected);
    await client.close();
    expect(opened.changes.at(-1)).toEqual({ state: 'closed' });
    const changes = opened.changes.length;
    await client.close();
    expect(opened.changes).toHaveLength(changes);
  });
});
