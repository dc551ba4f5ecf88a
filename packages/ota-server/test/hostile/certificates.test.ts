import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as certificates from '../fixtures/certificates.js';
import { expectNormalService, imagePath, requestFor, runServer, until } from '../fixtures/running-server.js';
import { dial, readAll } from '../fixtures/tls-client.js';

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const CHANNEL = '/secure_esp.bin';

/** What a client gets: the status, or `none` when the connection ends without a reply. */
async function statusOf(
  port: number,
  pair: certificates.Pair | undefined,
  version: (typeof VERSIONS)[number],
  target = CHANNEL,
): Promise<string> {
  const options = {
    host: '127.0.0.1',
    port,
    ca: certificates.serverCa,
    ...pair,
    minVersion: version,
    maxVersion: version,
  };
  const socket = connect(options);
  onTestFinished(() => {
    socket.destroy();
  });
  // TLS 1.3 clients learn only later that they were refused.
  socket.on('error', () => undefined);
  socket.on('secureConnect', () => socket.write(requestFor(target, 'Connection: close')));
  const reply = (await readAll(socket)).toString('latin1');
  return /^HTTP\/1\.1 (\d{3})/.exec(reply)?.[1] ?? 'none';
}

describe.each(VERSIONS)('certificates over %s', (version) => {
  it('that do not verify never get as far as a request', async () => {
    const running = await runServer();
    const refused = ['stranger', 'expired', 'broker', 'server'] as const;
    for (const name of refused) {
      expect([name, await statusOf(running.port, certificates[name], version)]).toEqual([name, 'none']);
    }
    expect(await statusOf(running.port, undefined, version)).toBe('none');
    await until(() => running.events.length === refused.length + 1);
    expect(new Set(running.events.map(({ type }) => type))).toEqual(new Set(['handshake_failed']));
    await expectNormalService(running);
  });

  it('that verify, and are revoked or for another role than their CA may give, get nothing', async () => {
    const running = await runServer({ isRevoked: ({ cn }) => cn === 'esp-001' });
    for (const name of ['device', 'deviceAsOperator', 'operatorAsDevice'] as const) {
      for (const target of [CHANNEL, imagePath(running.release), '/update', '/', '/etc/passwd']) {
        const status = await statusOf(running.port, certificates[name], version, target);
        expect([name, target, status]).toEqual([name, target, '403']);
      }
    }
    await expectNormalService(running);
  });
});

describe('the bridge for devices without a certificate', () => {
  it('opens the handshake to all, and one file; certificates count as before', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    onTestFinished(() => {
      warn.mockRestore();
    });
    const soon = new Date(Date.now() + 60_000);
    const running = await runServer({
      dangerouslyServeWithoutClientCertificate: { channels: ['secure_esp'], until: soon },
      isRevoked: ({ cn }) => cn === 'esp-001',
    });
    expect(warn).toHaveBeenCalledWith(
      expect.stringContaining('secure_esp'),
      expect.objectContaining({ type: 'OtaSecurityWarning' }),
    );
    for (const version of VERSIONS) {
      for (const name of [undefined, 'stranger', 'expired', 'broker'] as const) {
        const pair = name === undefined ? undefined : certificates[name];
        expect([name, await statusOf(running.port, pair, version)]).toEqual([name, '200']);
        for (const target of ['/other.bin', imagePath(running.release), '/update', '/']) {
          expect([name, target, await statusOf(running.port, pair, version, target)]).toEqual([name, target, '403']);
        }
      }
      expect(await statusOf(running.port, certificates.device, version)).toBe('403');
      expect(await statusOf(running.port, certificates.otherDevice, version, imagePath(running.release))).toBe('200');
    }
    expect(running.events).toContainEqual(
      expect.objectContaining({ type: 'bridge_used', channel: 'secure_esp', address: '127.0.0.1' }),
    );
    await expectNormalService(running);
  });

  it('is closed from its date on, for connections that are open, too', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    onTestFinished(() => {
      warn.mockRestore();
    });
    let now = new Date();
    const running = await runServer({
      now: () => now,
      dangerouslyServeWithoutClientCertificate: { channels: ['secure_esp'], until: new Date(now.getTime() + 60_000) },
    });
    const socket = await dial(running.port, { pair: undefined });
    socket.write(requestFor(CHANNEL).replace('GET', 'HEAD'));
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    now = new Date(now.getTime() + 60_000);
    socket.write(requestFor(CHANNEL).replace('GET', 'HEAD'));
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 403 /);
    await expectNormalService(running);
  });
});
