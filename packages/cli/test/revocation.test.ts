import { openPki, type Credentials } from '@secure-esp/pki';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { get } from 'node:https';
import { Writable } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { firstFreePort } from '../src/demo/free-port.js';
import { followCrls } from '../src/follow-crls.js';
import { main } from '../src/index.js';
import { startBroker } from '../src/start-broker.js';
import { runMain, temporaryFolder } from './run-main.js';

/** Goal of a revocation: from the command to the end of the device's connection. */
const GOAL_MS = 2_000;

/** `secure-esp broker run` in this process, on free ports; ends with the test. */
async function serve(cwd: string, kind: string): Promise<{ devicePort: number; lines: string[] }> {
  const lines: string[] = [];
  const controller = new AbortController();
  let started: (port: number) => void = () => undefined;
  const port = new Promise<number>((resolve) => (started = resolve));
  const stdout = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      lines.push(chunk);
      const found = /devices on (\d+)/.exec(chunk)?.[1];
      if (found !== undefined) started(Number(found));
      done();
    },
  });
  const argv = ['broker', 'run', '--kind', kind, '--operator-port', '0', '--device-port', '0'];
  const running = main(argv, { cwd, stdout, stderr: stdout, signal: controller.signal });
  onTestFinished(async () => {
    controller.abort();
    await running;
  });
  const ended = running.then((exitCode) => {
    throw new Error(`broker run ended with ${exitCode}: ${lines.join('')}`);
  });
  return { devicePort: await Promise.race([port, ended]), lines };
}

/** A device's MQTT 3.1.1 connection; rejects when TLS or MQTT refuse it. */
async function deviceConnection(port: number, id: string, { ca, cert, key }: Credentials): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca, cert, key });
  onTestFinished(() => {
    socket.destroy();
  });
  const closed = once(socket, 'close').then(() => {
    throw new Error('closed before CONNACK');
  });
  closed.catch(() => undefined);
  const name = Buffer.from(id);
  const variable = Buffer.from('00044d5154540402003c', 'hex');
  socket.write(
    Buffer.concat([Buffer.of(0x10, variable.length + 2 + name.length), variable, Buffer.of(0, name.length), name]),
  );
  const [connack] = (await Promise.race([once(socket, 'data'), closed])) as [Buffer];
  expect(connack.toString('hex')).toBe('20020000');
  socket.on('error', () => undefined);
  return socket;
}

function installed(program: string): boolean {
  if (process.env['CI'] !== undefined) return true;
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin`;
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore', env: { PATH: path } });
    return true;
  } catch {
    return false;
  }
}

describe.each(['embedded', 'mosquitto'] as const)('broker run --kind %s', (kind) => {
  const name = 'ends the connection of a device that is revoked within two seconds and lets it in no more';
  test.skipIf(kind === 'mosquitto' && !installed('mosquitto'))(
    kind === 'mosquitto' ? `${name} (needs mosquitto)` : name,
    async () => {
      const cwd = await temporaryFolder();
      await runMain(cwd, ['pki', 'init', '--device', 'a', '--device', 'b']);
      const tree = await openPki(join(cwd, '.secure-esp'));
      const { devicePort, lines } = await serve(cwd, kind);
      const [a, b] = [await tree.device('a'), await tree.device('b')];
      const revoked = await deviceConnection(devicePort, 'a', a);
      const other = await deviceConnection(devicePort, 'b', b);
      const ended = once(revoked, 'close');
      const start = performance.now();
      expect((await runMain(cwd, ['pki', 'revoke', 'a', '--reason', 'keyCompromise'])).exitCode).toBe(0);
      await ended;
      expect(performance.now() - start).toBeLessThan(GOAL_MS);
      await expect(deviceConnection(devicePort, 'a', a)).rejects.toThrow();
      expect(other.closed).toBe(false);
      await deviceConnection(devicePort, 'b', b);
      await expect.poll(() => lines.join(''), { timeout: 5_000 }).toContain('"revoked_device_disconnected"');
      expect(lines.join('')).toContain('"revocation_lists_loaded","numbers":["1","2"]');
    },
    30_000,
  );

  test.skipIf(kind === 'mosquitto' && !installed('mosquitto'))(
    'refuses from its start what was revoked before',
    async () => {
      const cwd = await temporaryFolder();
      await runMain(cwd, ['pki', 'init', '--device', 'a', '--device', 'b']);
      await runMain(cwd, ['pki', 'revoke', 'a']);
      const tree = await openPki(join(cwd, '.secure-esp'));
      const { devicePort } = await serve(cwd, kind);
      await expect(deviceConnection(devicePort, 'a', await tree.device('a'))).rejects.toThrow();
      await deviceConnection(devicePort, 'b', await tree.device('b'));
    },
    30_000,
  );
});

test('ota serve refuses a revoked device from the next request on', async () => {
  const cwd = await temporaryFolder();
  await runMain(cwd, ['pki', 'init', '--device', 'a', '--device', 'b']);
  const tree = await openPki(join(cwd, '.secure-esp'));
  const port = await firstFreePort('127.0.0.1', 21_000);
  const controller = new AbortController();
  const running = runMain(cwd, ['ota', 'serve', '--port', String(port)], controller.signal);
  onTestFinished(async () => {
    controller.abort();
    await running;
  });
  const ask = async (id: string): Promise<number | undefined> => {
    const { ca, cert, key } = await tree.device(id);
    const options = { host: '127.0.0.1', port, path: '/secure_esp.bin', ca, cert, key, agent: false };
    return new Promise((resolve) => {
      get(options, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', () => {
        resolve(undefined);
      });
    });
  };
  await expect.poll(() => ask('a'), { timeout: 5_000 }).toBe(404);
  await runMain(cwd, ['pki', 'revoke', 'a']);
  expect(await ask('a')).toBe(403);
  expect(await ask('b')).toBe(404);
});

test('a list that spent half of its time is issued anew, or warned of where the CA’s key is kept elsewhere', async () => {
  const cwd = await temporaryFolder();
  await runMain(cwd, ['pki', 'init']);
  const dir = join(cwd, '.secure-esp');
  const nowMs = Date.now() + 20 * 86_400_000;
  const tree = await openPki(dir, { now: () => new Date(nowMs) });
  const stop = new AbortController();
  const broker = await startBroker(tree, {
    kind: 'embedded',
    host: '127.0.0.1',
    operatorPort: 0,
    devicePort: 0,
    dir,
    signal: stop.signal,
  });
  onTestFinished(() => broker.close());
  const follow = async (now: number, until: string): Promise<string[]> => {
    const events: string[] = [];
    const end = new AbortController();
    const opened = await openPki(dir, { now: () => new Date(now) });
    const following = followCrls(opened, broker, {
      loaded: await opened.crls(),
      signal: end.signal,
      pollMs: 5,
      now: () => now,
      onEvent: (event) => events.push(JSON.stringify(event)),
    });
    await expect.poll(() => events.join(), { timeout: 5_000 }).toContain(until);
    end.abort();
    await following;
    return events;
  };
  const renewed = await follow(nowMs, 'revocation_lists_loaded');
  expect(renewed).toEqual(['{"type":"revocation_lists_loaded","numbers":["2","2"]}']);
  await rm(tree.paths.caKey);
  await rm(tree.paths.deviceCaKey);
  const warned = await follow(nowMs + 20 * 86_400_000, 'revocation_failed');
  expect(warned).toHaveLength(1);
  expect(warned[0]).toContain('renew with `secure-esp pki crl`');
});
