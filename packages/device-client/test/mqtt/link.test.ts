import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemTimers } from '../../src/environment.js';
import { DeviceClientError } from '../../src/errors.js';
import { FleetClient } from '../../src/fleet-client.js';
import { Lifetime } from '../../src/lifetime.js';
import { openLink, type Link } from '../../src/mqtt/link.js';
import { resolveOptions } from '../../src/options.js';
import { startProxy } from '../fixtures/cuttable-proxy.js';
import { eventually } from '../fixtures/eventually.js';
import { failureOf, Opened } from '../fixtures/fleet.js';
import { startAedes } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

async function linkTo(url: string): Promise<Link> {
  const link = await openLink({
    url: new URL(url),
    clientId: 'link-test',
    tls: undefined,
    verifyServer: true,
    keepAliveSeconds: 60,
    connectDeadlineMs: 10_000,
    ackDeadlineMs: 10_000,
    timers: systemTimers,
    onMessage: () => undefined,
    lifetime: new Lifetime(),
  });
  opened.add(() => link.close());
  return link;
}

describe('a link', () => {
  it('rejects at once what is started after its end', async () => {
    const broker = await startAedes();
    opened.add(() => broker.close());
    const link = await linkTo(broker.url);
    const reason = new DeviceClientError('unreachable', 'cut');
    link.kill(reason);
    expect(link.endReason).toBe(reason);
    const message = { topic: '/esp/restart', payload: new Uint8Array(), qos: 1 } as const;
    for (const late of [
      link.publish(message),
      link.subscribe('/esp/log', 1),
      link.during(new Promise(() => undefined)),
    ]) {
      expect(await failureOf(late)).toBe(reason);
    }
    await link.quiet();
    expect(await link.ended).toBe(reason);
  });

  it('ends when the broker says DISCONNECT, even if the connection then stays open', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        // CONNACK; then DISCONNECT with "server shutting down" (MQTT 5, 3.14.2.1), and silence.
        socket.write(Buffer.from([0x20, 3, 0, 0, 0]));
        setTimeout(() => socket.write(Buffer.from([0xe0, 2, 0x8b, 0])), 20);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.add(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    const link = await linkTo(`mqtt://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    const end = await link.ended;
    expect(end).toMatchObject({ code: 'refused' });
    expect(String(end)).toContain('139');
  });
});

describe('a client that is closed', () => {
  it('does not keep a connection that was accepted in the very same turn', async () => {
    const broker = await startAedes();
    opened.add(() => broker.close());
    const proxy = await startProxy(broker.port);
    opened.add(() => proxy.close());
    let closing: Promise<void> | undefined;
    const links: Link[] = [];
    const options = { url: proxy.url, dangerouslyAllowPlaintext: true, reconnect: { firstMs: 1, maxMs: 2 } };
    const client = new FleetClient(resolveOptions(options), {
      openLink: async (linkOptions) => {
        const link = await openLink(linkOptions);
        links.push(link);
        if (links.length > 1) closing = client.close();
        return link;
      },
    });
    await client.open(undefined);
    proxy.cut();
    await eventually('the loss is seen', () => !client.connected);
    proxy.mend();
    await eventually('it connects again', () => closing !== undefined);
    await closing;
    expect(links.map((link) => link.endReason !== undefined)).toEqual([true, true]);
    expect(client.connected).toBe(false);
  });
});
