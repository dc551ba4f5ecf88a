import type { Credentials } from '@secure-esp/pki';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, get } from 'node:https';
import { createServer } from 'node:net';
import { connect, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { bundleProgram, isAlive, signalGroup, startProgram } from './ota/real-program.js';
import { ask, IMAGE_BYTES, serve as started, type Served, statusOf } from './ota/served.js';
import { runMain, temporaryFolder } from './run-main.js';

let program: Awaited<ReturnType<typeof bundleProgram>>;
beforeAll(async () => {
  program = await bundleProgram();
});
afterAll(() => program.remove());

const serve = (...argv: string[]): Promise<Served> => started(program.bin, argv);

async function lengthOf(response: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  return bytes;
}

const page = async ({ admin }: Served, path: string): Promise<readonly [status: number, text: string]> => {
  const response = await fetch(admin + path);
  return [response.status, await response.text()];
};

const workersOf = (served: Served): Set<unknown> => new Set(served.log('replied').map(({ pid }) => pid));

/** Asks until every one of `count` processes has answered. */
async function untilAllAnswered(served: Served, count: number): Promise<number[]> {
  await expect
    .poll(async () => {
      expect(await statusOf(served, served.a)).toBe(404);
      return workersOf(served).size;
    })
    .toBe(count);
  return [...workersOf(served)].map(Number);
}

/** A TLS connection that offers to resume `session`; gives what the next one may offer. */
async function handshake({ port }: Served, { ca, cert, key }: Credentials, session?: Buffer) {
  const options = { host: '127.0.0.1', port, ca, cert, key, maxVersion: 'TLSv1.2', servername: 'localhost' } as const;
  const socket = connect({ ...options, ...(session === undefined ? {} : { session }) });
  await once(socket, 'secureConnect');
  const result = { reused: socket.isSessionReused(), session: socket.getSession() };
  socket.destroy();
  return result;
}

describe('ota serve with two processes', () => {
  test('serves, logs and counts from both, and lets sessions go on in either until somebody is revoked', async () => {
    const served = await serve('--workers', '2');
    await untilAllAnswered(served, 2);

    const { session } = await handshake(served, served.b);
    for (let attempt = 0; attempt < 6; attempt++) {
      expect((await handshake(served, served.b, session)).reused).toBe(true);
    }
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => {
      agent.destroy();
    });
    const open = await ask(served, served.a, { agent });
    open.resume();
    const cut = once(open.socket, 'close');

    const [status, text] = await page(served, '/metrics');
    const count = /^secure_esp_ota_requests_total\{status="404",method="GET",role="device"\} (\d+)$/m.exec(text)?.[1];
    expect([status, Number(count)]).toEqual([200, served.log('replied').length]);
    expect(text).toMatch(/^secure_esp_ota_workers 2$/m);

    await runMain(served.cwd, ['pki', 'revoke', 'a']);
    await cut;
    await expect.poll(() => served.log('revocations_changed')).toMatchObject([{ level: 'info', closed: 1 }]);
    expect((await handshake(served, served.b, session)).reused).toBe(false);
    expect([await statusOf(served, served.a), await statusOf(served, served.b)]).toEqual([403, 404]);
    await expect
      .poll(() => served.log('refused').filter(({ code }) => code === 'revoked'))
      .toMatchObject([{ level: 'warn', cn: 'a', role: 'device' }]);
    const [answered] = served.log('replied');
    expect(answered).toMatchObject({ level: 'info', method: 'GET', path: '/none.bin', status: 404, cn: 'a' });
    expect(answered).toMatchObject({ requestId: expect.stringMatching(/^[0-9a-f]{16}$/) as string });
    expect(answered).toHaveProperty('durationMs');
  });

  test('takes a new certificate and says so once', async () => {
    const served = await serve('--workers', '2');
    const peer = async (): Promise<string | undefined> => {
      const response = await ask(served, served.a);
      response.resume();
      if (!(response.socket instanceof TLSSocket)) throw new Error('not over TLS');
      return response.socket.getPeerX509Certificate()?.serialNumber;
    };
    const before = await peer();
    await runMain(served.cwd, ['pki', 'renew', 'ota']);
    await expect.poll(() => served.log('certificates_loaded'), { timeout: 15_000 }).toHaveLength(1);
    for (let attempt = 0; attempt < 4; attempt++) expect(await peer()).not.toBe(before);
  });

  test('replaces a process that was killed', async () => {
    const served = await serve('--workers', '2');
    const [victim = 0] = await untilAllAnswered(served, 2);
    process.kill(victim, 'SIGKILL');
    await expect
      .poll(() => served.log('worker_ended'))
      .toMatchObject([{ level: 'error', worker: victim, reason: 'SIGKILL' }]);
    await untilAllAnswered(served, 3);
    expect((await page(served, '/health/ready'))[0]).toBe(200);
    const [, text] = await page(served, '/metrics');
    expect(text).toMatch(/^secure_esp_ota_workers 2$/m);
    expect(text).toMatch(/^secure_esp_ota_worker_deaths_total 1$/m);
  });

  test('ends with a sentence when processes end again and again', async () => {
    const served = await serve('--workers', '3');
    const killed = new Set<number>();
    // Nobody answers a connection that was being handed to a process when it was killed: node:cluster forgets it.
    const agent = new Agent({ timeout: 1_000 });
    const killAll = async (): Promise<boolean> => {
      await statusOf(served, served.a, { agent }).catch(() => undefined);
      for (const pid of [...workersOf(served)].map(Number)) {
        if (!killed.has(pid) && isAlive(pid)) process.kill(pid, 'SIGKILL');
        killed.add(pid);
      }
      return served.child.exitCode !== null;
    };
    await expect.poll(killAll, { timeout: 60_000, interval: 20 }).toBe(true);
    expect(await served.ended).toBe(1);
    expect(served.stderr()).toMatch(/secure-esp: 5 processes of the update server ended within 10 seconds/);
    expect(served.stderr()).not.toMatch(/\n\s+at /);
  });

  test('ends its processes when it is killed itself', async () => {
    const served = await serve('--workers', '2');
    await untilAllAnswered(served, 2);
    served.child.kill('SIGKILL');
    // which comes only when nobody holds its output any more
    expect(await served.ended).toBe('SIGKILL');
    await expect(ask(served, served.a)).rejects.toThrow('ECONNREFUSED');
  });
});

describe.each([1, 2])('ota serve with --workers %i', (workers) => {
  const count = ['--workers', String(workers)];

  test('says that a port is taken, once', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    onTestFinished(() => {
      blocker.close();
    });
    const { port } = blocker.address() as { port: number };
    const cwd = await temporaryFolder();
    await runMain(cwd, ['pki', 'init']);
    for (const argv of [
      ['--port', String(port)],
      ['--port', '0', '--admin-port', String(port)],
    ]) {
      const ended = startProgram(program.bin, cwd, ['ota', 'serve', ...count, ...argv]);
      expect([await ended.ended, ended.stdout()]).toEqual([1, '']);
      expect(ended.stderr().trim().split('\n')).toEqual([
        `secure-esp: port ${port} of 127.0.0.1 is taken.`,
        `Choose another one with \`${argv.at(-2) ?? ''}\`, or stop the program that holds it.`,
      ]);
    }
  });

  test('lets running downloads end after Ctrl-C, and takes nothing new', async () => {
    const served = await serve(...count, '--drain-timeout', '60');
    expect(await page(served, '/health/ready')).toEqual([200, '{"status":"ready"}\n']);
    const download = await ask(served, served.a, { path: '/secure_esp.bin' });
    signalGroup(served.child, 'SIGINT');
    await expect
      .poll(() => page(served, '/health/ready'))
      .toEqual([503, '{"status":"not ready","reason":"draining"}\n']);
    expect((await page(served, '/health/live'))[0]).toBe(200);
    await expect
      .poll(() => ask(served, served.b).catch((error: unknown) => (error as { code: unknown }).code))
      .toBe('ECONNREFUSED');
    expect(await lengthOf(download)).toBe(IMAGE_BYTES);
    expect(await served.ended).toBe(130);
    expect(served.log('download')).toMatchObject([{ cn: 'a', bytes: IMAGE_BYTES, complete: true }]);
  });

  test('cuts downloads that take longer than --drain-timeout', async () => {
    const served = await serve(...count, '--drain-timeout', '1');
    const download = await ask(served, served.a, { path: '/secure_esp.bin' });
    download.on('error', () => undefined);
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(143);
    expect(served.log('download')).toMatchObject([{ complete: false }]);
  });

  test('ends at once on a second Ctrl-C', async () => {
    const served = await serve(...count, '--drain-timeout', '3600');
    const download = await ask(served, served.a, { path: '/secure_esp.bin' });
    download.on('error', () => undefined);
    signalGroup(served.child, 'SIGINT');
    await expect.poll(async () => (await page(served, '/health/ready'))[0]).toBe(503);
    signalGroup(served.child, 'SIGINT');
    expect(await served.ended).toBe(130);
  });
});

describe('ota serve --dangerously-serve-without-client-certificate', () => {
  const option = '--dangerously-serve-without-client-certificate';

  test('serves the named channels to everybody, with a warning', async () => {
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const served = await serve('--workers', '2', option, 'secure_esp', '--until', until);
    expect(served.stderr()).toContain(
      `WARNING: until ${until} everybody who reaches this port can download /secure_esp.bin`,
    );
    const { ca } = served.a;
    const anonymous = (path: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        get({ host: '127.0.0.1', port: served.port, ca, path, agent: false }, (response) => {
          response.destroy();
          resolve(response.statusCode);
        }).on('error', reject);
      });
    expect([await anonymous('/secure_esp.bin'), await anonymous('/other.bin')]).toEqual([200, 403]);
    await expect.poll(() => served.log('bridge_used')).toMatchObject([{ channel: 'secure_esp' }]);
  });

  test.each([
    [[option, 'secure_esp'], 'needs a last day'],
    [['--until', '2030-01-31'], 'which is not given'],
    [[option, '../x', '--until', '2030-01-31'], 'is no channel'],
    [[option, 'secure_esp', '--until', '2030-02-30'], '--until must be a day'],
    [[option, 'secure_esp', '--until', 'tomorrow'], '--until must be a day'],
  ])('%j is wrong usage', async (argv, text) => {
    const { exitCode, stderr } = await runMain(await temporaryFolder(), ['ota', 'serve', ...argv]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(text)]);
  });
});
