import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { device, deviceCa, operator, otherDevice, server as serverPair, serverCa } from '../fixtures/certificates.js';
import { get } from '../fixtures/https-client.js';
import { imagePath, requestFor, runServer, UNBUFFERABLE, until } from '../fixtures/running-server.js';
import { dial, readAll, sessionOf } from '../fixtures/tls-client.js';

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const CHANNEL = '/secure_esp.bin';

describe.each(VERSIONS)('sessions of %s', (version) => {
  const options = { pair: device, minVersion: version, maxVersion: version };

  it('are not resumed after revocations have changed, and the client connects all the same', async () => {
    const { server, port } = await runServer();
    const session = await sessionOf(port, options);
    expect((await dial(port, { ...options, session })).isSessionReused()).toBe(true);
    await server.revocationsChanged();
    const again = await dial(port, { ...options, session });
    expect(again.isSessionReused()).toBe(false);
    again.write(requestFor(CHANNEL, 'Connection: close'));
    expect((await readAll(again)).toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
    const renewed = await sessionOf(port, options);
    expect((await dial(port, { ...options, session: renewed })).isSessionReused()).toBe(true);
  });

  it('of a revoked device get 403 when they are resumed before that', async () => {
    const revoked = new Set<string>();
    const { port } = await runServer({ isRevoked: ({ cn }) => revoked.has(cn) });
    const session = await sessionOf(port, options);
    revoked.add('esp-001');
    const socket = await dial(port, { ...options, session });
    expect(socket.isSessionReused()).toBe(true);
    socket.write(requestFor(CHANNEL, 'Connection: close'));
    expect((await readAll(socket)).toString('latin1')).toMatch(/^HTTP\/1\.1 403 [\s\S]*"revoked"/);
  });

  it('of one server are resumed at another with the same ticket keys, also after both have changed them', async () => {
    const ticketKeys = randomBytes(48);
    const [one, other] = [await runServer({ ticketKeys }), await runServer({ ticketKeys })];
    const session = await sessionOf(one.port, options);
    expect((await dial(other.port, { ...options, session })).isSessionReused()).toBe(true);
    const stranger = await runServer();
    expect((await dial(stranger.port, { ...options, session })).isSessionReused()).toBe(false);

    const next = randomBytes(48);
    await one.server.revocationsChanged({ ticketKeys: next });
    await other.server.revocationsChanged({ ticketKeys: next });
    expect((await dial(other.port, { ...options, session })).isSessionReused()).toBe(false);
    const later = await sessionOf(one.port, options);
    expect((await dial(other.port, { ...options, session: later })).isSessionReused()).toBe(true);
  });

  it('outlive renewed certificates, but not a CA that is not trusted any more', async () => {
    const { server, port } = await runServer({ ticketKeys: randomBytes(48) });
    const theirs = { ...options, pair: operator };
    const session = await sessionOf(port, theirs);
    server.reloadTls({ ...serverPair, deviceCa, operatorCa: serverCa });
    expect((await dial(port, { ...theirs, session })).isSessionReused()).toBe(true);
    server.reloadTls({ ...serverPair, deviceCa });
    const socket = await dial(port, { ...theirs, session });
    socket.write(requestFor(CHANNEL, 'Connection: close'));
    const reply = (await readAll(socket)).toString('latin1');
    if (socket.isSessionReused()) expect(reply).toMatch(/^HTTP\/1\.1 403 /);
    else expect(reply).toBe('');
  });
});

describe('connections of revoked peers', () => {
  it('are cut when revocations have changed: running downloads and idle ones, and no others', async () => {
    const revoked = new Set<string>();
    const { server, port, release, events } = await runServer({ isRevoked: ({ cn }) => revoked.has(cn) }, UNBUFFERABLE);
    const idle = await dial(port, { pair: device });
    idle.write(requestFor('/nothing.bin'));
    await once(idle, 'data');
    const untouched = await dial(port, { pair: otherDevice });
    untouched.write(requestFor('/nothing.bin'));
    await once(untouched, 'data');
    const cut = await dial(port, { pair: device });
    cut.write(requestFor(imagePath(release)));
    await once(cut, 'data');
    cut.pause();
    expect(await server.revocationsChanged()).toEqual({ closed: 0 });

    revoked.add('esp-001');
    expect(await server.revocationsChanged()).toEqual({ closed: 2 });
    expect((await readAll(cut)).length).toBeLessThan(release.size);
    if (!idle.destroyed) await once(idle, 'close');
    await until(() => events.some(({ type }) => type === 'download'));
    expect(events.filter(({ type }) => type === 'connection_closed')).toMatchObject([
      { reason: 'revoked', client: { cn: 'esp-001' } },
      { reason: 'revoked', client: { cn: 'esp-001' } },
    ]);
    expect(events).toContainEqual(expect.objectContaining({ type: 'download', complete: false }));

    untouched.write(requestFor('/nothing.bin'));
    expect(String((await once(untouched, 'data'))[0])).toContain('HTTP/1.1 404');
    expect((await get(port, CHANNEL, device)).status).toBe(403);
    expect((await get(port, CHANNEL, otherDevice, { method: 'HEAD' })).status).toBe(200);
  });

  it('are cut when it cannot be told, too', async () => {
    const isRevoked = ({ cn }: { cn: string }) => {
      if (cn === 'esp-001') throw new Error('the list does not parse');
      return false;
    };
    const { server, port, events } = await runServer({ isRevoked });
    const [cut, untouched] = [await dial(port, { pair: device }), await dial(port, { pair: otherDevice })];
    await until(() => openConnections(server.server).then((count) => count === 2));
    expect(await server.revocationsChanged()).toEqual({ closed: 1 });
    await readAll(cut);
    expect(events).toMatchObject([{ type: 'failed', client: { cn: 'esp-001' } }]);
    expect(untouched.destroyed).toBe(false);
  });

  it('cannot be told with ticket keys of another length, and nothing changes then', async () => {
    const { server, port } = await runServer();
    const session = await sessionOf(port, { pair: device });
    for (const bytes of [0, 47, 49]) {
      const ticketKeys = randomBytes(bytes);
      await expect(server.revocationsChanged({ ticketKeys })).rejects.toMatchObject({ code: 'bad_option' });
      await expect(runServer({ ticketKeys })).rejects.toMatchObject({ code: 'bad_option' });
    }
    expect((await dial(port, { pair: device, session })).isSessionReused()).toBe(true);
  });
});

const openConnections = (server: { getConnections: (done: (error: Error | null, count: number) => void) => void }) =>
  new Promise<number>((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
