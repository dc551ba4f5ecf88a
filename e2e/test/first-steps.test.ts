import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { hasTools } from './support/environment.js';
import { runCli, runProgram, startCli, startProgram, type Program } from './support/program.js';
import { useFixedPorts } from './support/fixed-ports.js';

useFixedPorts();

const available = hasTools('mosquitto', 'mosquitto_pub', 'mosquitto_sub');

/** Who connects: the files of a party, and the listener that it belongs to. */
interface Party {
  readonly cert: string;
  readonly key: string;
  readonly listener: 'operators' | 'devices';
}

interface House {
  readonly dir: string;
  readonly ports: Readonly<Record<Party['listener'], string>>;
  readonly broker: Program;
}

const OPERATOR: Party = { cert: 'ca/certs/client.crt', key: 'ca/keys/client.key', listener: 'operators' };
const device = (id: string): Party => ({
  cert: `devices/${id}/client.crt`,
  key: `devices/${id}/client.key`,
  listener: 'devices',
});

const PATH = [process.env['PATH'] ?? '', '/usr/sbin', '/usr/local/sbin'].join(delimiter);

async function freePorts(): Promise<[operators: string, devices: string]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => {
            resolve((server.address() as AddressInfo).port);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [String(ports[0]), String(ports[1])];
}

async function command(dir: string, ...args: string[]): Promise<string> {
  const { code, output } = await runCli(args, dir);
  expect([output, code]).toEqual([output, 0]);
  return output;
}

/** From an empty folder to a broker, in the commands of the README. */
const WAYS: [way: string, start: (dir: string) => Promise<House>][] = [
  [
    'pki init, broker run --kind mosquitto',
    async (dir) => {
      await command(dir, 'pki', 'init', '--host', 'localhost', '--device', 'a', '--device', 'b');
      // ports of its own, because the usual ones may be taken where tests run
      const ports = ['--operator-port', '0', '--device-port', '0'];
      const broker = startCli(['broker', 'run', '--kind', 'mosquitto', ...ports], dir);
      const [, operators = '', devices = ''] = await broker.waitFor(/operators on (\d+), devices on (\d+)/);
      return { dir, broker, ports: { operators, devices } };
    },
  ],
  [
    'pki init, broker config, mosquitto',
    async (dir) => {
      await command(dir, 'pki', 'init', '--host', 'localhost', '--device', 'a', '--device', 'b');
      const [operators, devices] = await freePorts();
      const ports = ['--operator-port', operators, '--device-port', devices];
      const printed = await command(dir, 'broker', 'config', '--out', 'mosquitto', ...ports);
      expect(printed).toContain('mosquitto -c mosquitto/mosquitto.conf');
      // as root Mosquitto would become another user, who cannot read the key
      const args = ['-c', await withUser(join(dir, 'mosquitto', 'mosquitto.conf'))];
      const broker = startProgram('mosquitto', args, { cwd: dir, env: { ...process.env, PATH } });
      await broker.waitFor(/mosquitto version \S+ running/, 20_000);
      return { dir, broker, ports: { operators, devices } };
    },
  ],
];

async function withUser(path: string): Promise<string> {
  await appendFile(path, `\nuser ${userInfo().username}\n`);
  return path;
}

describe.skipIf(!available).each(WAYS)('from nothing to a protected Mosquitto: %s', (_way, start) => {
  let house: House;

  beforeAll(async () => {
    house = await start(await mkdtemp(join(tmpdir(), 'secure esp e2e ')));
  });
  afterAll(async () => {
    await house.broker.stop('SIGTERM');
    await rm(house.dir, { recursive: true, force: true });
  });

  const at = (file: string): string => join(house.dir, '.secure-esp', file);
  /** `-h $IP -p 8883 --cert client.crt --key client.key --cafile ca.crt`, as the seed's README has it. */
  const connection = ({ cert, key, listener }: Party): string[] => [
    ...['-h', 'localhost', '-p', house.ports[listener]],
    ...['--cert', at(cert), '--key', at(key), '--cafile', at('ca/certs/ca.crt')],
  ];
  /** Resolves once it is subscribed; ends with the test. */
  const subscribe = async (party: Party, topic: string): Promise<Program> => {
    const args = ['-oL', 'mosquitto_sub', '-t', topic, '-q', '1', '-d', ...connection(party)];
    const program = startProgram('stdbuf', args);
    onTestFinished(() => program.stop('SIGTERM').then(() => undefined));
    await program.waitFor(/Subscribed/, 15_000);
    return program;
  };
  /** MQTT 5, so that a refusal has a reason code. */
  const publish = (party: Party, topic: string, message: string): Promise<{ code: number; output: string }> =>
    runProgram('mosquitto_pub', ['-V', '5', '-q', '1', '-t', topic, '-m', message, ...connection(party)]);

  test.each(['a', 'b'])('device %s reports, and the operator hears it', async (id) => {
    const operator = await subscribe(OPERATOR, '/esp/log');
    expect(await publish(device(id), '/esp/log', `${id} is up`)).toEqual({ code: 0, output: '' });
    await operator.waitFor(new RegExp(`^${id} is up$`, 'm'), 15_000);
  });

  test('the operator commands all devices and one of them', async () => {
    const topic = '/esp/devices/a/restart';
    const [a, b, heard] = await Promise.all([
      subscribe(device('a'), '/esp/update/interval'),
      subscribe(device('b'), '/esp/update/interval'),
      subscribe(OPERATOR, topic),
    ]);
    expect(await publish(OPERATOR, '/esp/update/interval', '10000')).toEqual({ code: 0, output: '' });
    await Promise.all([a, b].map((program) => program.waitFor(/^10000$/m, 15_000)));
    expect(await publish(OPERATOR, topic, 'only you')).toEqual({ code: 0, output: '' });
    await heard.waitFor(/^only you$/m, 15_000);
  });

  test('a device cannot write another’s topics or command anybody', async () => {
    const operator = await subscribe(OPERATOR, '/esp/#');
    for (const topic of ['/esp/devices/b/status', '/esp/devices/b/restart', '/esp/restart', '/test', '/other']) {
      const { output } = await publish(device('a'), topic, 'forged');
      expect([topic, output]).toEqual([topic, expect.stringContaining('Not authorized')]);
    }
    expect(await publish(device('a'), '/esp/devices/a/status', '{"online":false}')).toEqual({ code: 0, output: '' });
    await operator.waitFor(/\{"online":false\}/, 15_000);
    expect(operator.output()).not.toContain('forged');
  });

  test('a device hears what is for it and nothing that is for another', async () => {
    const all = await subscribe(device('a'), '#');
    expect(await publish(OPERATOR, '/esp/devices/b/restart', 'for b')).toEqual({ code: 0, output: '' });
    expect(await publish(device('b'), '/esp/devices/b/status', 'of b')).toEqual({ code: 0, output: '' });
    expect(await publish(OPERATOR, '/esp/devices/a/restart', 'for a')).toEqual({ code: 0, output: '' });
    await all.waitFor(/^for a$/m, 15_000);
    expect(all.output()).not.toMatch(/^(?:for|of) b$/m);
  });

  test.each([
    ['without a certificate', [], 'operators'],
    ['without a certificate', [], 'devices'],
    [
      'a device at the operators’ listener',
      ['--cert', 'devices/a/client.crt', '--key', 'devices/a/client.key'],
      'operators',
    ],
    ['an operator at the devices’ listener', ['--cert', OPERATOR.cert, '--key', OPERATOR.key], 'devices'],
    ['a server’s certificate', ['--cert', 'ca/certs/server.crt', '--key', 'ca/keys/server.key'], 'operators'],
  ] as const)('nobody gets in: %s (%s, %s)', async (_who, files, listener) => {
    const own = files.map((file) => (file.startsWith('--') ? file : at(file)));
    const args = ['-h', 'localhost', '-p', house.ports[listener], '--cafile', at('ca/certs/ca.crt'), ...own];
    const { code } = await runProgram('mosquitto_pub', ['-V', '5', '-t', '/esp/log', '-m', 'let me in', ...args]);
    expect(code).not.toBe(0);
  });

  test('the seed’s first try works as it is written', async () => {
    const heard = await subscribe(OPERATOR, '/test');
    expect(await publish(OPERATOR, '/test', 'test-message')).toEqual({ code: 0, output: '' });
    await heard.waitFor(/^test-message$/m, 15_000);
  });
});
