import { spawnSync } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toMosquittoAcl } from '@secure-esp/broker';
import { type Credentials, openPki } from '@secure-esp/pki';
import { type Protocol, secureEspV1 } from '@secure-esp/protocol';
import { generateEmqxAcl } from '@secure-esp/protocol/codegen';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { loadProtocol } from '../src/load-protocol.js';
import { bundleProgram, type Program, startProgram } from './ota/real-program.js';
import { collect, NEEDED } from './part-of-tree.js';
import { runMain, temporaryFolder } from './run-main.js';

const repository = join(import.meta.dirname, '../../..');
/** What users write, with the package’s sources where its name would be: tests need no build. */
const IMPORTS = `
import { command, defineProtocol, event, extendProtocol, integer, json, secureEspV1, text }
  from '${join(repository, 'packages/protocol/src/index.ts')}';
import { z } from 'zod';
const topics = {
  'lamp/level': command(text(integer(0, 100), { maxBytes: 4 }), { description: 'Brightness, per cent.' }),
  'lamp/power': event(json(z.object({ watts: integer(0, 60) }), { maxBytes: 32 }), {
    description: 'Power that the lamp takes.',
    retain: true,
  }),
};
`;
const CONTRACTS = {
  'lamps.ts': `${IMPORTS}export default extendProtocol(secureEspV1, { name: 'lamps', root: '/lamps', topics });`,
  // nobody is online in it: no status, no replies, no updates
  'plain.ts': `${IMPORTS}export default defineProtocol({ name: 'plain', version: 3, root: '/plain', topics });`,
  'none.ts': 'export const nothing = 1;',
  'broken.ts': 'export default (',
};

const hasMosquitto = spawnSync('mosquitto', ['-h']).error === undefined;

let program: Awaited<ReturnType<typeof bundleProgram>>;
beforeAll(async () => {
  program = await bundleProgram();
});
afterAll(() => program.remove());

/** A folder with a tree, what a broker needs of it in `part`, and the contracts. */
async function folder(): Promise<string> {
  const cwd = await temporaryFolder();
  await symlink(join(repository, 'node_modules'), join(cwd, 'node_modules'));
  for (const [name, text] of Object.entries(CONTRACTS)) await writeFile(join(cwd, name), text);
  await runMain(cwd, ['pki', 'init', '--device', 'a', '--device', 'b']);
  await copyPart(cwd);
  return cwd;
}

const copyPart = (cwd: string): Promise<void> => collect(join(cwd, '.secure-esp'), join(cwd, 'part'), NEEDED.broker);

const contractIn = (cwd: string, file: keyof typeof CONTRACTS): Promise<Protocol> => {
  const { stdout, stderr } = process;
  return loadProtocol({ cwd, stdout, stderr, signal: new AbortController().signal }, file);
};

interface Running extends Program {
  readonly operatorPort: number;
  readonly devicePort: number;
  readonly contract: unknown;
  /** Lines of its log with this type. */
  log(type: string): readonly unknown[];
}

async function run(cwd: string, ...argv: readonly string[]): Promise<Running> {
  const ports = ['--operator-port', '0', '--device-port', '0'];
  const started = startProgram(program.bin, cwd, ['broker', 'run', '--dir', 'part', ...ports, '--json', ...argv]);
  const lines = (): Record<string, unknown>[] =>
    started
      .stdout()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const log = (type: string) => lines().filter((line) => line['type'] === type);
  await Promise.race([
    expect.poll(() => log('listening'), { timeout: 60_000 }).toHaveLength(1),
    started.ended.then((code) => {
      throw new Error(`ended with ${code}: ${started.stderr()}`);
    }),
  ]);
  const { operatorPort, devicePort, contract } = log('listening')[0] as Record<string, unknown>;
  return { ...started, operatorPort: Number(operatorPort), devicePort: Number(devicePort), contract, log };
}

interface Peer {
  readonly mqtt: MqttClient;
  /** `topic payload`, in the order in which they came. */
  readonly heard: readonly string[];
  /** What the broker answers: undefined when it takes the message. */
  publish(topic: string, payload: string, retain?: boolean): Promise<string | undefined>;
}

async function connect(port: number, { cert, key, ca, cn }: Credentials, ...topics: string[]): Promise<Peer> {
  const mqtt = await connectAsync(`mqtts://localhost:${port}`, {
    ...{ cert, key, ca, clientId: cn, protocolVersion: 5, reconnectPeriod: 0 },
  });
  onTestFinished(() => mqtt.endAsync(true));
  const heard: string[] = [];
  mqtt.on('error', () => undefined);
  mqtt.on('message', (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
  if (topics.length > 0) await mqtt.subscribeAsync(topics, { qos: 1 });
  return {
    mqtt,
    heard,
    publish: (topic, payload, retain = false) =>
      mqtt.publishAsync(topic, payload, { qos: 1, retain }).then(
        () => undefined,
        (error: unknown) => (error as Error).message,
      ),
  };
}

describe.each(['embedded', 'mosquitto'])('broker run --kind %s --protocol', (kind) => {
  const options = { skip: kind === 'mosquitto' && !hasMosquitto, timeout: 60_000 };

  test.each([
    ['lamps.ts', '/lamps', { name: 'lamps', version: 1 }],
    ['plain.ts', '/plain', { name: 'plain', version: 3 }],
  ])('%s: its commands and events pass, everything else is refused', options, async (file, root, contract) => {
    const cwd = await folder();
    const tree = await openPki(join(cwd, '.secure-esp'));
    const broker = await run(cwd, '--kind', kind, '--protocol', file);
    expect(broker.contract).toEqual(contract);
    const own = (device: string, leaf: string): string => `${root}/devices/${device}/${leaf}`;

    const operator = await connect(broker.operatorPort, tree.operator, '#');
    const foreign = ['/esp/restart', '/esp/devices/a/restart', own('b', 'lamp/level')];
    const device = await connect(broker.devicePort, await tree.device('a'), own('a', 'lamp/level'), ...foreign);

    // what the contract does not say, among it the commands of the built-in one
    for (const topic of ['/esp/restart', '/esp/devices/a/restart', `${root}/lamp/blink`]) {
      expect(await operator.publish(topic, '')).toMatch(/not authorized/i);
    }
    // another device’s event, an event of the built-in contract, a command
    for (const topic of [own('b', 'lamp/power'), '/esp/devices/a/log', own('a', 'lamp/level')]) {
      expect(await device.publish(topic, '{"watts":1}')).toMatch(/not authorized/i);
    }
    expect(await device.publish(own('a', 'lamp/power'), '{"watts":7}', true)).toBeUndefined();
    expect(await operator.publish(own('b', 'lamp/level'), '1')).toBeUndefined();
    expect(await operator.publish(own('a', 'lamp/level'), '40')).toBeUndefined();
    await expect.poll(() => device.heard).toEqual([`${own('a', 'lamp/level')} 40`]);
    await expect.poll(() => operator.heard).toContain(`${own('a', 'lamp/power')} {"watts":7}`);
    expect(operator.heard.filter((line) => !line.startsWith(root))).toEqual([]);
    // it is retained: who comes later hears it
    const late = await connect(broker.operatorPort, { ...tree.operator, cn: 'late' }, own('+', 'lamp/power'));
    await expect.poll(() => late.heard).toEqual([`${own('a', 'lamp/power')} {"watts":7}`]);
  });

  test('keeps the rules of the contract after a revocation', options, async () => {
    const cwd = await folder();
    const tree = await openPki(join(cwd, '.secure-esp'));
    const broker = await run(cwd, '--kind', kind, '--protocol', 'plain.ts');
    const revoked = await connect(broker.devicePort, await tree.device('a'));
    const left = new Promise((resolve) =>
      revoked.mqtt.once('close', () => {
        resolve('left');
      }),
    );
    const device = await connect(broker.devicePort, await tree.device('b'), '/plain/devices/b/lamp/level');
    await runMain(cwd, ['pki', 'revoke', 'a']);
    await copyPart(cwd);
    expect(await left).toBe('left');
    await expect.poll(() => broker.log('revoked_device_disconnected')).toMatchObject([{ deviceId: 'a' }]);
    const operator = await connect(broker.operatorPort, tree.operator);
    expect(await operator.publish('/esp/devices/b/restart', '')).toMatch(/not authorized/i);
    expect(await operator.publish('/plain/devices/b/lamp/level', '5')).toBeUndefined();
    await expect.poll(() => device.heard).toEqual(['/plain/devices/b/lamp/level 5']);
  });
});

describe('the contract of broker run and broker config', () => {
  test('is the project file’s without --protocol, the built-in one without both', async () => {
    const cwd = await folder();
    const config = async (...argv: string[]): Promise<string> => {
      const { exitCode, stderr } = await runMain(cwd, ['broker', 'config', '--out', 'out', ...argv]);
      expect([exitCode, stderr]).toEqual([0, '']);
      return readFile(join(cwd, 'out/devices.acl'), 'utf8');
    };
    expect(await config()).toBe(toMosquittoAcl(secureEspV1, 'device'));
    await writeFile(join(cwd, 'secure-esp.config.ts'), `export default { protocol: './lamps.ts' };\n`);
    const lamps = await contractIn(cwd, 'lamps.ts');
    expect(await config()).toBe(toMosquittoAcl(lamps, 'device'));
    expect(await readFile(join(cwd, 'out/operators.acl'), 'utf8')).toBe(toMosquittoAcl(lamps, 'operator'));
    expect(await config('--protocol', 'plain.ts')).toBe(toMosquittoAcl(await contractIn(cwd, 'plain.ts'), 'device'));
    await config('--kind', 'emqx');
    const emqx = await readFile(join(cwd, 'out/emqx_acl.conf'), 'utf8');
    expect(emqx).toBe(generateEmqxAcl(lamps, { operators: ['operator'] }));
    const broker = await run(cwd);
    expect(broker.contract).toEqual({ name: 'lamps', version: 1 });
  });

  test.each([
    ['missing.ts', /^secure-esp: protocol "missing\.ts" cannot be loaded: .*no such file.*\nCheck the path.*\n$/i],
    [
      'broken.ts',
      /^secure-esp: protocol "broken\.ts" cannot be loaded: [^]*\nIt must be a TypeScript or JavaScript module\.\n$/,
    ],
    [
      'none.ts',
      /^secure-esp: protocol "none\.ts" has no protocol as its default export\.\nWrite `export default define/,
    ],
  ])('%s is refused before anything is started or written', async (file, stderr) => {
    const cwd = await folder();
    for (const command of [['run'], ['config', '--out', 'out']]) {
      const ended = await runMain(cwd, ['broker', ...command, '--protocol', file]);
      expect(ended).toEqual({ exitCode: 1, stdout: '', stderr: expect.stringMatching(stderr) as string });
    }
    await expect(readFile(join(cwd, 'out/devices.acl'))).rejects.toThrow('ENOENT');
  });
});
