import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join, relative } from 'node:path';
import { DEFAULT_PORTS } from '@secure-esp/protocol';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { composeServices, faultsOf, mountsOf, pathOnHost, type ComposeService } from './support/compose.js';
import { hasTools } from './support/environment.js';
import { installExample } from './support/example.js';
import { useFixedPorts } from './support/fixed-ports.js';
import { runGuide } from './support/guide.js';
import { runCli, runProgram, startCli, startProgram, type Program } from './support/program.js';

useFixedPorts();

interface Deployment {
  readonly name: string;
  readonly kind: 'mosquitto' | 'emqx';
  /** In its README. */
  readonly commands: number;
  /** Beside those of both listeners. */
  readonly brokerPorts: readonly string[];
  readonly writable: readonly string[];
  /** Files that the broker sees, and what `broker config` calls them. The first one names the others. */
  readonly configuration: readonly {
    readonly file: string;
    readonly written: string;
    /** A file of the example that stands before it. */
    readonly opening?: string;
  }[];
}

const deployments: readonly Deployment[] = [
  {
    name: 'deploy-mosquitto',
    kind: 'mosquitto',
    commands: 14,
    brokerPorts: [],
    writable: ['./server/mosquitto-data'],
    configuration: ['mosquitto.conf', 'operators.acl', 'devices.acl'].map((file) => ({ file, written: file })),
  },
  {
    name: 'deploy-emqx',
    kind: 'emqx',
    commands: 13,
    brokerPorts: ['127.0.0.1:18083:18083'],
    writable: ['./server/emqx-data', './server/emqx-log'],
    configuration: [
      { file: 'emqx.conf', written: 'secure_esp.conf', opening: 'node.conf' },
      { file: 'emqx_acl.conf', written: 'emqx_acl.conf' },
    ],
  },
];

/** Certificate and key of a name, in the folder of an example. */
const pairOf = (name: string): readonly [cert: string, key: string] => {
  if (name === 'operator') return ['.secure-esp/ca/certs/client.crt', '.secure-esp/ca/keys/client.key'];
  if (name === 'nobody') return ['nobody.crt', 'nobody.key'];
  return [`.secure-esp/devices/${name}/client.crt`, `.secure-esp/devices/${name}/client.key`];
};

const available = hasTools('mosquitto', 'mosquitto_pub', 'openssl', 'curl');

describe.skipIf(!available).each(deployments)('examples/$name', (deployment) => {
  const { name, kind, configuration } = deployment;
  let dir: string;
  let services: Readonly<Record<string, ComposeService>>;
  beforeAll(async () => {
    dir = await installExample(name);
    services = await composeServices(dir);
  }, 300_000);
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const service = (of: string): ComposeService => {
    const found = services[of];
    if (found === undefined) throw new Error(`no service ${of}`);
    return found;
  };
  const read = (...path: string[]): Promise<string> => readFile(join(dir, ...path), 'utf8');
  const filesOf = async (folder: string): Promise<readonly string[]> => {
    const entries = await readdir(join(dir, folder), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name: file }) => join(parentPath, file));
  };
  const run = async (command: string, ...args: readonly string[]): Promise<string> => {
    const { output, code } = await runProgram(command, args, { cwd: dir });
    expect([command, args, output, code]).toEqual([command, args, output, 0]);
    return output;
  };
  const secureEsp = async (line: string): Promise<string> => {
    const { output, code } = await runCli(line.split(' '), dir);
    expect([line, output, code]).toEqual([line, output, 0]);
    return output;
  };
  /** The program of the image, where the image has it below `/app`. */
  const program = async (): Promise<string> => {
    const [, path = ''] = /^ENTRYPOINT \["node", "\/app\/(.*)"\]$/m.exec(await read('Dockerfile')) ?? [];
    return join(dir, path);
  };
  /** An operator whose certificate is revoked. */
  const makeNobody = async (): Promise<void> => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'nobody.key'];
    await run('openssl', 'req', '-new', ...key, '-subj', '/CN=nobody', '-out', 'nobody.csr');
    await secureEsp('pki sign-csr nobody.csr --role operator --name nobody --out nobody.crt');
    await secureEsp('pki revoke nobody');
  };
  const started = (running: Program): Program => {
    onTestFinished(async () => {
      await running.stop();
    });
    return running;
  };
  /** The update server as its container starts it. */
  const startOta = async (): Promise<Program> => {
    const args = (service('ota').command ?? []).map((arg) => pathOnHost(dir, service('ota'), arg));
    const server = started(startProgram(process.execPath, [await program(), ...args]));
    await server.waitFor(/update server on https:\/\/0\.0\.0\.0:8070/, 20_000);
    return server;
  };
  /** HTTP status of the image for a client with this certificate. */
  const imageFor = async (client: string): Promise<string> => {
    const [cert, key] = pairOf(client);
    const ca = '.secure-esp/ca/certs/ca.crt';
    const to = ['--output', '/dev/null', '--write-out', '%{http_code}', 'https://localhost:8070/secure_esp.bin'];
    return run('curl', '--silent', '--cacert', ca, '--cert', cert, '--key', key, ...to);
  };

  test('the README: every command', async () => {
    const ran = await runGuide({ file: `examples/${name}/README.md`, dir, home: dir, ready: [], says: [] });
    expect([ran.commands, ran.running.size]).toEqual([deployment.commands, 0]);
    await makeNobody();
    await run('sh', 'collect.sh');
  }, 60_000);

  test('two services that can do little, and see nothing but what the README’s commands wrote', async () => {
    expect(Object.keys(services)).toEqual(['broker', 'ota']);
    expect(Object.entries(services).flatMap(([of, value]) => faultsOf(of, value))).toEqual([]);
    const mounts = Object.values(services).flatMap(mountsOf);
    expect(mounts.filter(({ writable }) => writable).map(({ source }) => source)).toEqual(deployment.writable);
    for (const { source } of mounts) await stat(join(dir, source));
    const published = (port: number): string => `${port}:${port}`;
    const { operators, devices, ota } = DEFAULT_PORTS;
    const brokerPorts = [published(operators), published(devices), ...deployment.brokerPorts];
    expect([service('broker').ports, service('ota').ports]).toEqual([brokerPorts, [published(ota)]]);
  });

  test('the image has what package-lock.json says, no root, and no other file', async () => {
    const dockerfile = await read('Dockerfile');
    expect(dockerfile).toMatch(/^FROM node:22-slim\n[^]*^USER node$/m);
    expect(await run(process.execPath, await program(), '--version')).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+\n$/);
    const copied = [...dockerfile.matchAll(/^COPY (.*) \.\/$/gm)].flatMap(([, files = '']) => files.split(' '));
    for (const file of copied) await stat(join(dir, file));
    const ignored = (await read('.dockerignore')).trim().split('\n');
    expect(ignored.filter((line) => !line.startsWith('#'))).toEqual(['*', ...copied.map((file) => `!${file}`)]);
  });

  test('each container sees one private key, its own, which only the owner can read', async () => {
    const issuing = [
      ...['ca/keys/ca.key', 'ca/keys/client.key', 'device-ca/keys/device-ca.key', 'devices/esp-001/client.key'],
      ...['secure_boot_signing_key.pem', 'release-keys/release.pem'],
    ];
    const secrets = await Promise.all(issuing.map((file) => read('.secure-esp', file)));
    const files = await filesOf('server');
    const keys: string[] = [];
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const text = await readFile(file, 'latin1');
      expect([file, secrets.some((secret) => text.includes(secret.trim()))]).toEqual([file, false]);
      if (!text.includes('PRIVATE KEY')) continue;
      expect([file, (await stat(file)).mode & 0o777]).toEqual([file, 0o600]);
      keys.push(relative(join(dir, 'server'), file));
    }
    expect(keys.sort()).toEqual(['broker/pki/ca/keys/server.key', 'ota/pki/ca/keys/update_key.pem']);
  });

  test('the broker’s configuration is what `broker config` writes, with the paths of the container', async () => {
    const out = await mkdtemp(join(dir, 'again-'));
    await secureEsp(`broker config --kind ${kind} --host 0.0.0.0 --out ${out}`);
    for (const { file, written, opening } of configuration) {
      const expected = (await readFile(join(out, written), 'utf8'))
        .replaceAll(join(dir, '.secure-esp'), '/secure-esp/pki')
        .replace(/^(persistence_location ).*$/m, '$1/mosquitto/data/')
        .replaceAll(out, '/secure-esp');
      expect(await read('server/broker', file)).toBe((opening === undefined ? '' : await read(opening)) + expected);
    }
    const main = await read('server/broker', configuration[0]?.file ?? '');
    const paths = [...main.matchAll(/(?<=[ "])\/secure-esp\/[^"\n]+/g)].map(([path]) => path);
    expect(paths.length).toBeGreaterThan(5);
    for (const path of paths) await stat(pathOnHost(dir, service('broker'), path));
  });

  test('the update server, as its container starts it: healthy, serves who may have it, writes nothing', async () => {
    const [check = '', ...checkArgs] = service('ota').healthcheck.test.slice(1);
    const contents = async (): Promise<unknown> => {
      const files = [...(await filesOf('server/ota')), ...(await filesOf('server/firmware'))].sort();
      return Promise.all(files.map(async (file) => [file, (await stat(file)).mtimeMs]));
    };
    const before = await contents();
    const server = await startOta();
    await run(check, ...checkArgs);
    expect(await Promise.all(['esp-001', 'operator', 'esp-002', 'nobody'].map(imageFor))).toEqual([
      ...['200', '200'],
      ...['403', '403'],
    ]);
    expect(await server.stop('SIGTERM')).toBe(143);
    expect((await runProgram(check, checkArgs)).code).toBe(1);
    expect(await contents()).toEqual(before);
  });

  test.runIf(kind === 'mosquitto')(
    'an installed Mosquitto with that configuration: a device is commanded and updated, then revoked',
    async () => {
      // The same file, with the paths of this machine; started as root, Mosquitto would become another user.
      const mapped = (await read('server/broker/mosquitto.conf')).replaceAll(
        /^(\w+ )(\/(?:secure-esp|mosquitto)\/.*)$/gm,
        (_, key: string, path: string) => key + pathOnHost(dir, service('broker'), path),
      );
      await writeFile(join(dir, 'native.conf'), `user ${userInfo().username}\n${mapped}`);
      const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` };
      const broker = started(startProgram('mosquitto', ['-c', 'native.conf'], { cwd: dir, env }));
      await broker.waitFor(/mosquitto version \S+ running/, 20_000);
      await startOta();
      await secureEsp('image build --project secure_esp --image-version 1.0.0 --out old.bin');
      await secureEsp('image sign old.bin --out app-1.0.0.bin');
      const device = started(
        startCli(['sim', 'esp-001', '--firmware', 'app-1.0.0.bin', '--require-manifest', '--no-checks'], dir),
      );
      await device.waitFor(/booted and connected/, 20_000);
      await secureEsp('device send esp-001 update/interval 600');
      expect(await secureEsp('device update esp-001')).toMatch(/1\.0\.0 -> 1\.1\.0/);

      /** Whether the broker takes the client's certificate. */
      const taken = async (client: string): Promise<boolean> => {
        const [cert, key] = pairOf(client);
        const port = String(client.startsWith('esp-') ? DEFAULT_PORTS.devices : DEFAULT_PORTS.operators);
        const to = ['-h', 'localhost', '-p', port, '--cafile', '.secure-esp/ca/certs/ca.crt'];
        const topic = ['-t', `/esp/devices/${client}/log`, '-m', 'x', '-q', '1'];
        const args = [...to, '--cert', cert, '--key', key, ...topic];
        return (await runProgram('mosquitto_pub', args, { cwd: dir })).code === 0;
      };
      expect([await taken('operator'), await taken('nobody'), await taken('esp-002')]).toEqual([true, false, false]);
      await device.stop();
      expect(await taken('esp-001')).toBe(true);
      await secureEsp('pki revoke esp-001');
      await run('sh', 'collect.sh');
      broker.child.kill('SIGHUP');
      await broker.waitFor(/Reloading config/, 10_000);
      await expect.poll(() => taken('esp-001'), { timeout: 10_000 }).toBe(false);
      await expect.poll(() => imageFor('esp-001'), { timeout: 10_000 }).toBe('403');
      expect([await taken('operator'), await broker.stop('SIGTERM')]).toEqual([true, 0]);
      expect(await filesOf('server/mosquitto-data')).toEqual([join(dir, 'server/mosquitto-data/mosquitto.db')]);
    },
    60_000,
  );
});
