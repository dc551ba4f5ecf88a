import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { device } from '../fixtures/certificates.js';
import {
  expectNormalService,
  imagePath,
  requestFor,
  runServer,
  type RunningServer,
  UNBUFFERABLE,
  until,
} from '../fixtures/running-server.js';
import { dial, ended, exchange, readAll } from '../fixtures/tls-client.js';

/** The beginning of a TLS record that announces a ClientHello of 512 bytes. */
const HELLO = Buffer.from('160301020001000' + '1fc0303', 'hex');

function tcp(port: number): Socket {
  const socket = connectTcp({ host: '127.0.0.1', port });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  return socket;
}

/** Sends one byte every few milliseconds, for ever, until the server has closed. */
async function drip(socket: Socket, bytes: Uint8Array): Promise<void> {
  let at = 0;
  const timer = setInterval(() => {
    const byte = bytes[at] ?? 0x61;
    at += 1;
    if (socket.writable) socket.write(Uint8Array.of(byte));
  }, 10);
  onTestFinished(() => {
    clearInterval(timer);
  });
  await ended(socket);
  clearInterval(timer);
}

const connectionsOf = ({ server }: RunningServer) =>
  new Promise<number>((resolve, reject) => {
    server.server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });

const abandoned = (running: RunningServer): unknown[] =>
  running.events.filter((event) => event.type === 'download' && !event.complete);

describe('slow clients', () => {
  it('are cut when they drip their handshake', async () => {
    const running = await runServer({ requestTimeoutMs: 300 });
    const socket = tcp(running.port);
    socket.resume();
    await drip(socket, HELLO);
    await until(() => running.events.some(({ type }) => type === 'handshake_failed'));
    await expectNormalService(running);
  });

  it('are cut when they drip their headers, on a kept connection, too', async () => {
    const running = await runServer({ requestTimeoutMs: 300, keepAliveTimeoutMs: 60_000 });
    const fresh = await dial(running.port, { pair: device });
    fresh.resume();
    await drip(fresh, Buffer.from('GET / HTTP/1.1\r\nX: '));
    const kept = await dial(running.port, { pair: device });
    kept.write(requestFor('/nothing.bin'));
    await once(kept, 'data');
    kept.resume();
    await drip(kept, Buffer.from('GET / HTTP/1.1\r\nX: '));
    await expectNormalService(running);
  });

  it('are cut when they read far too slowly, and not for that when they read nothing else', async () => {
    const running = await runServer({ minimumBytesPerSecond: 20_000_000, slowReaderGraceMs: 200 }, UNBUFFERABLE);
    const socket = await dial(running.port, { pair: device });
    socket.write(requestFor(imagePath(running.release)));
    // One record at a time: always something, so the idle timeout does not apply.
    const timer = setInterval(() => {
      socket.once('data', () => socket.pause());
      socket.resume();
    }, 20);
    onTestFinished(() => {
      clearInterval(timer);
    });
    await until(() => abandoned(running).length === 1);
    expect(running.events).toContainEqual(
      expect.objectContaining({
        type: 'connection_closed',
        reason: 'too_slow',
        client: expect.objectContaining({ cn: 'esp-001' }) as unknown,
      }),
    );
    await expectNormalService(running);
  });

  it('are not kept for long after a reply', async () => {
    const running = await runServer({ keepAliveTimeoutMs: 200 });
    const socket = await dial(running.port, { pair: device });
    socket.write(requestFor('/nothing.bin'));
    expect((await readAll(socket)).toString('latin1')).toMatch(/^HTTP\/1\.1 404 /);
    await expectNormalService(running);
  });
});

describe('clients that die', () => {
  it.each([
    ['at once', 0],
    ['in the record header', 3],
    ['in the handshake', HELLO.length],
  ])('%s', async (_name, bytes) => {
    const running = await runServer();
    for (let round = 0; round < 20; round += 1) {
      const socket = tcp(running.port);
      await once(socket, 'connect');
      if (bytes > 0) await new Promise((resolve) => socket.write(HELLO.subarray(0, bytes), resolve));
      socket.resetAndDestroy();
    }
    await until(() => connectionsOf(running).then((count) => count === 0));
    await expectNormalService(running);
  });

  it('in the middle of a body', async () => {
    const running = await runServer({}, UNBUFFERABLE);
    for (const die of ['reset', 'destroy', 'end'] as const) {
      const raw = tcp(running.port);
      await once(raw, 'connect');
      const socket = await dial(running.port, { pair: device, socket: raw });
      socket.write(requestFor(imagePath(running.release)));
      await once(socket, 'data');
      if (die === 'reset') raw.resetAndDestroy();
      else if (die === 'destroy') socket.destroy();
      else {
        socket.pause();
        raw.end();
        raw.pause();
        socket.destroy();
      }
    }
    await until(() => abandoned(running).length === 3);
    await until(() => connectionsOf(running).then((count) => count === 0));
    await expectNormalService(running);
  });

  it('in the middle of a request', async () => {
    const running = await runServer();
    const socket = await dial(running.port, { pair: device });
    await new Promise((resolve) => socket.write('GET /secure_esp.bin HTTP/1.1\r\nHost: lo', resolve));
    socket.destroy();
    await until(() => connectionsOf(running).then((count) => count === 0));
    await expectNormalService(running);
  });

  it('by saying that they send nothing more, and get a whole reply or a cut one', async () => {
    const running = await runServer();
    const socket = await dial(running.port, { pair: device, allowHalfOpen: true } as Parameters<typeof dial>[1]);
    socket.end(requestFor(imagePath(running.release), 'Connection: close'));
    const { length } = await readAll(socket);
    await until(() => connectionsOf(running).then((count) => count === 0));
    if (length > 0) expect(length).toBeGreaterThan(running.release.size);
    await expectNormalService(running);
  });
});

describe('many requests on one connection', () => {
  it('are answered in order, as many downloads at once as a client may have', async () => {
    const running = await runServer();
    const count = 50;
    const path = imagePath(running.release);
    const reply = await exchange(
      running.port,
      device,
      requestFor(path).repeat(count - 1) + requestFor('/last.bin', 'Connection: close'),
    );
    const statuses = [...reply.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1]);
    const ids = [...reply.matchAll(/x-request-id: ([0-9a-f]{16})\r\n/g)].map((match) => match[1]);
    expect(statuses).toHaveLength(count);
    expect(new Set(ids).size).toBe(count);
    // which of them get a download is up to the disk: it need not answer in order
    const downloads = statuses.slice(0, -1);
    expect(downloads.filter((status) => status === '200')).toHaveLength(4);
    expect(downloads.filter((status) => status === '429')).toHaveLength(count - 5);
    expect(statuses.at(-1)).toBe('404');
    await expectNormalService(running);
  });

  it('end with the last that is allowed', async () => {
    const running = await runServer({ maxRequestsPerConnection: 3, keepAliveTimeoutMs: 100 });
    const socket = await dial(running.port, { pair: device });
    for (const connection of ['keep-alive', 'keep-alive', 'close']) {
      socket.write(requestFor('/nothing.bin'));
      expect(String((await once(socket, 'data'))[0])).toMatch(new RegExp(`connection: ${connection}\\r\\n`, 'i'));
    }
    await readAll(socket);
    await expectNormalService(running);
  });

  it('count, when there are too many', async () => {
    const running = await runServer({ limits: { requestsPerClient: { requests: 5, perSeconds: 60 } } });
    const reply = await exchange(
      running.port,
      device,
      requestFor('/nothing.bin').repeat(9) + requestFor('/nothing.bin', 'Connection: close'),
    );
    const statuses = [...reply.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1]);
    expect(statuses).toEqual([...Array<string>(5).fill('404'), ...Array<string>(5).fill('429')]);
    await expectNormalService(running);
  });
});
