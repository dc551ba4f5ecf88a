import { openPki, type Credentials, type PkiTree } from '@secure-esp/pki';
import { once } from 'node:events';
import { cp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { Agent, get, type AgentOptions } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type ConnectionOptions, type SecureVersion, TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasTools, temporaryFolder } from './support/environment.js';
import { runCli, startCli, type Program } from './support/program.js';

/** Goal of a revocation: from the command's end until the device is out and stays out, everywhere. */
const GOAL_MS = 2_000;

const KINDS = ['embedded', 'mosquitto'] as const;
type Kind = (typeof KINDS)[number];

const hasMosquitto = hasTools('mosquitto');
const describeBrokers = (name: string, body: (kind: Kind) => void): void => {
  for (const kind of KINDS) {
    describe.skipIf(kind === 'mosquitto' && !hasMosquitto)(`${name} (${kind})`, () => {
      body(kind);
    });
  }
};

async function secureEsp(cwd: string, ...args: string[]): Promise<string> {
  const { code, output } = await runCli(args, cwd);
  expect([output, code]).toEqual([output, 0]);
  return output;
}

/** A tree with devices `a` and `b`. */
async function freshTree(): Promise<{ cwd: string; tree: PkiTree; a: Credentials; b: Credentials }> {
  const cwd = await temporaryFolder();
  await secureEsp(cwd, 'pki', 'init', '--device', 'a', '--device', 'b');
  const tree = await openPki(join(cwd, '.secure-esp'));
  return { cwd, tree, a: await tree.device('a'), b: await tree.device('b') };
}

interface Broker {
  readonly program: Program;
  readonly operatorPort: number;
  readonly devicePort: number;
  /** Resolves when the program reported this since the last call that waited for the same. */
  readonly event: (type: string) => Promise<void>;
}

async function serveBroker(cwd: string, kind: Kind): Promise<Broker> {
  const args = ['broker', 'run', '--kind', kind, '--operator-port', '0', '--device-port', '0'];
  const program = startCli(args, cwd);
  onTestFinished(() => program.stop().then(() => undefined));
  const [, operators, devices] = await program.waitFor(/operators on (\d+), devices on (\d+)/);
  const seen = new Map<string, number>();
  return {
    program,
    operatorPort: Number(operators),
    devicePort: Number(devices),
    async event(type) {
      const count = (seen.get(type) ?? 0) + 1;
      seen.set(type, count);
      await program.waitFor(new RegExp(`(?:"type":"${type}"[^]*?){${count}}`), 15_000);
    },
  };
}

async function serveOta(cwd: string): Promise<number> {
  const program = startCli(['ota', 'serve', '--port', '0'], cwd);
  onTestFinished(() => program.stop().then(() => undefined));
  return Number((await program.waitFor(/update server on https:\/\/[^ ]+:(\d+)/))[1]);
}

/** MQTT 3.1.1 CONNECT: clean session, a minute of keep-alive. */
function connectPacket(id: string): Buffer {
  const name = Buffer.from(id);
  const variable = Buffer.from('00044d5154540402003c', 'hex');
  return Buffer.concat([Buffer.of(0x10, variable.length + 2 + name.length), variable, Buffer.of(0, name.length), name]);
}

/** An MQTT connection that the broker accepted, or undefined when TLS or MQTT refused it. */
async function mqtt(
  port: number,
  id: string,
  { ca, cert, key }: Credentials,
  more: ConnectionOptions = {},
): Promise<TLSSocket | undefined> {
  const socket = connect({ host: '127.0.0.1', port, ca, cert, key, ...more });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.write(connectPacket(id));
  const first = await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => [])]).catch(() => []);
  return (first[0] as Buffer | undefined)?.toString('hex') === '20020000' ? socket : undefined;
}

async function accepts(...args: Parameters<typeof mqtt>): Promise<boolean> {
  const socket = await mqtt(...args);
  socket?.destroy();
  return socket !== undefined;
}

/** Status of one request, or undefined when the connection was refused; with the socket it went over. */
function ask(
  port: number,
  { ca, cert, key }: Credentials,
  agent: Agent | false = false,
  more: AgentOptions = {},
): Promise<{ status: number | undefined; socket?: TLSSocket }> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path: '/secure_esp.bin', ca, cert, key, agent, ...more };
    get(options, (response) => {
      const { socket } = response;
      if (!(socket instanceof TLSSocket)) throw new Error('not over TLS');
      response.resume();
      response.on('end', () => {
        resolve({ status: response.statusCode, socket });
      });
    }).on('error', () => {
      resolve({ status: undefined });
    });
  });
}

/** A session that a TLS client may resume. In TLS 1.3 tickets come after the handshake. */
function watchSession(socket: TLSSocket): () => Buffer | undefined {
  let session: Buffer | undefined = socket.getSession();
  socket.on('session', (newer: Buffer) => (session = newer));
  return () => session;
}

/** Repeats until it is refused; resolves with the time of that. */
async function untilRefused(attempt: () => Promise<boolean>, deadlineMs = 15_000): Promise<number> {
  const end = performance.now() + deadlineMs;
  while (await attempt()) {
    if (performance.now() > end) throw new Error(`still accepted after ${deadlineMs} ms`);
  }
  return performance.now();
}

describeBrokers('a revoked device is out of everything within two seconds', (kind) => {
  test('pitfall 9: its MQTT connection ends, and neither broker nor update server lets it in again', async () => {
    const { cwd, a, b } = await freshTree();
    const [{ devicePort }, otaPort] = await Promise.all([serveBroker(cwd, kind), serveOta(cwd)]);
    const open = await mqtt(devicePort, 'a', a);
    const other = await mqtt(devicePort, 'b', b);
    if (open === undefined || other === undefined) throw new Error('a device was refused before anything was revoked');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => {
      agent.destroy();
    });
    const before = await ask(otaPort, a, agent);
    expect(before.status).toBe(404);

    const closed = once(open, 'close').then(() => performance.now());
    const started = performance.now();
    await secureEsp(cwd, 'pki', 'revoke', 'a', '--reason', 'keyCompromise');
    const ended = performance.now();
    const onOpenConnection = ask(otaPort, a, agent);
    const [disconnected, refused, refusedUpdate] = await Promise.all([
      closed,
      untilRefused(() => accepts(devicePort, 'a', a)),
      untilRefused(async () => (await ask(otaPort, a)).status !== 403),
    ]);
    // refused, or cut before it was answered
    expect([403, undefined]).toContain((await onOpenConnection).status);
    const cut = await untilRefused(() => delay(5, before.socket?.destroyed === false));

    const after = (time: number): number => Math.max(0, Math.round(time - ended));
    const times = {
      'MQTT connection ended': after(disconnected),
      'broker refuses': after(refused),
      'update server refuses': after(refusedUpdate),
      'update connection ended': after(cut),
    };
    const text = Object.entries(times).map(([what, ms]) => `${what} after ${ms} ms`);
    console.log(`revocation, ${kind}: ${text.join(', ')} (the command took ${Math.round(ended - started)} ms)`);
    for (const [what, ms] of Object.entries(times)) expect([what, ms < GOAL_MS]).toEqual([what, true]);

    expect(other.closed).toBe(false);
    expect(await accepts(devicePort, 'b', b)).toBe(true);
    expect((await ask(otaPort, b)).status).toBe(404);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a resumed session of %s does not let it in either', async (version) => {
    const { cwd, a } = await freshTree();
    const [{ devicePort, event }, otaPort] = await Promise.all([serveBroker(cwd, kind), serveOta(cwd)]);
    const only = { minVersion: version as SecureVersion, maxVersion: version as SecureVersion };
    const open = await mqtt(devicePort, 'a', a, only);
    if (open === undefined) throw new Error('refused before anything was revoked');
    const brokerSession = watchSession(open);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => {
      agent.destroy();
    });
    const { socket } = await ask(otaPort, a, agent, only);
    if (socket === undefined) throw new Error('refused before anything was revoked');
    const otaSession = watchSession(socket);
    await secureEsp(cwd, 'pki', 'revoke', 'a');
    await event('revoked_device_disconnected');
    const [session, updateSession] = [brokerSession(), otaSession()];
    expect(await accepts(devicePort, 'a', a, { ...only, ...(session && { session }) })).toBe(false);
    const resumed = await ask(otaPort, a, false, { ...only, ...(updateSession && { session: updateSession }) });
    expect([403, undefined]).toContain(resumed.status);
  });

  test('an operator is not let in again', async () => {
    const { cwd, tree } = await freshTree();
    const { operatorPort, event } = await serveBroker(cwd, kind);
    expect(await accepts(operatorPort, 'panel', tree.operator)).toBe(true);
    await secureEsp(cwd, 'pki', 'revoke', 'operator');
    await event('revocation_lists_loaded');
    await untilRefused(() => accepts(operatorPort, 'panel', tree.operator), GOAL_MS);
  });

  test('an operator’s open connections are ended, those of another go on', async () => {
    const { cwd, tree, a } = await freshTree();
    const { operatorPort, devicePort, event } = await serveBroker(cwd, kind);
    const open = [await mqtt(operatorPort, 'panel', tree.operator), await mqtt(operatorPort, 'script', tree.operator)];
    const device = await mqtt(devicePort, 'a', a);
    if (device === undefined) throw new Error('refused before anything was revoked');
    const closed = open.map(async (socket) => {
      if (socket === undefined) throw new Error('refused before it was revoked');
      await once(socket, 'close');
    });
    await secureEsp(cwd, 'pki', 'revoke', 'operator');
    const start = performance.now();
    await Promise.all(closed);
    expect(performance.now() - start).toBeLessThan(GOAL_MS);
    await event('revoked_operator_disconnected');
    expect(device.closed).toBe(false);
  });

  test('also when the tree’s operator was revoked before', async () => {
    const { cwd, a } = await freshTree();
    const { devicePort, event } = await serveBroker(cwd, kind);
    await secureEsp(cwd, 'pki', 'revoke', 'operator');
    await event('revocation_lists_loaded');
    const open = await mqtt(devicePort, 'a', a);
    if (open === undefined) throw new Error('refused before it was revoked');
    const closed = once(open, 'close').then(() => true);
    await secureEsp(cwd, 'pki', 'revoke', 'a');
    await event('revocation_lists_loaded');
    await untilRefused(() => accepts(devicePort, 'a', a), GOAL_MS);
    const late = new Promise<boolean>((resolve) => setTimeout(resolve, 5_000, false));
    expect(await Promise.race([closed, late])).toBe(true);
  });
});

/** Puts a file in the place of the devices' list in one step, as an administrator's tool would. */
async function replaceList(path: string, change: (copy: string) => Promise<void>): Promise<void> {
  const copy = `${path}.other`;
  await cp(path, copy);
  await change(copy);
  await rename(copy, path);
}

const DAMAGES: [what: string, change: (copy: string, foreign: string) => Promise<void>][] = [
  ['empty', (copy) => truncate(copy, 0)],
  ['cut off', (copy) => truncate(copy, 200)],
  ['unreadable', (copy) => writeFile(copy, '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n')],
  ['of another CA', (copy, foreign) => cp(foreign, copy)],
];

describeBrokers('a revocation list that is no good does not open the broker', (kind) => {
  test('pitfall 7: put over the good one of a running broker: it keeps what it has, says so, and takes the next good one', async () => {
    const { cwd, tree, a, b } = await freshTree();
    const stranger = await freshTree();
    await secureEsp(cwd, 'pki', 'revoke', 'a');
    const { devicePort, event } = await serveBroker(cwd, kind);
    for (const [what, change] of DAMAGES) {
      await replaceList(tree.paths.deviceCaCrl, (copy) => change(copy, stranger.tree.paths.deviceCaCrl));
      await event('revocation_failed');
      expect([what, await accepts(devicePort, 'a', a), await accepts(devicePort, 'b', b)]).toEqual([what, false, true]);
    }
    await secureEsp(cwd, 'pki', 'crl');
    expect(await accepts(devicePort, 'a', a)).toBe(false);
    expect(await accepts(devicePort, 'b', b)).toBe(true);
    await secureEsp(cwd, 'pki', 'revoke', 'b');
    await untilRefused(() => accepts(devicePort, 'b', b), GOAL_MS);
  });

  test.each(DAMAGES)('found %s at the start: the broker does not start', async (_what, change) => {
    const { cwd, tree } = await freshTree();
    const stranger = await freshTree();
    await replaceList(tree.paths.deviceCaCrl, (copy) => change(copy, stranger.tree.paths.deviceCaCrl));
    const { code, output } = await runCli(
      ['broker', 'run', '--kind', kind, '--operator-port', '0', '--device-port', '0'],
      cwd,
    );
    expect(code).toBe(1);
    expect(output).toContain('device-ca.crl');
  });

  test('deleted while the broker runs: the revoked stay out', async () => {
    const { cwd, tree, a, b } = await freshTree();
    await secureEsp(cwd, 'pki', 'revoke', 'a');
    const { devicePort, event } = await serveBroker(cwd, kind);
    await rm(tree.paths.deviceCaCrl);
    await event('revocation_failed');
    expect(await accepts(devicePort, 'a', a)).toBe(false);
    expect(await accepts(devicePort, 'b', b)).toBe(true);
  });

  test('deleted before the start: the revoked stay out', async () => {
    const { cwd, tree, a } = await freshTree();
    await secureEsp(cwd, 'pki', 'revoke', 'a');
    await rm(tree.paths.deviceCaCrl);
    const program = startCli(['broker', 'run', '--kind', kind, '--operator-port', '0', '--device-port', '0'], cwd);
    onTestFinished(() => program.stop().then(() => undefined));
    const started = await program.waitFor(/devices on (\d+)/).catch(() => undefined);
    if (started !== undefined) expect(await accepts(Number(started[1]), 'a', a)).toBe(false);
    else expect(program.output()).toContain('device-ca.crl');
  });

  test('an older one put back does not let the revoked in', async () => {
    const { cwd, tree, a, b } = await freshTree();
    const older = await readFile(tree.paths.deviceCaCrl);
    await secureEsp(cwd, 'pki', 'revoke', 'a');
    const { devicePort, event } = await serveBroker(cwd, kind);
    await replaceList(tree.paths.deviceCaCrl, (copy) => writeFile(copy, older));
    await event('revocation_failed');
    expect(await accepts(devicePort, 'a', a)).toBe(false);
    expect(await accepts(devicePort, 'b', b)).toBe(true);
  });
});
