import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage, signImage } from '@secure-esp/firmware-image';
import { signerFromPem } from '@secure-esp/firmware-image/node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasTools, temporaryFolder } from './support/environment.js';
import { runCli, runProgram, startCli, type Program } from './support/program.js';

/** Devices that update at one broadcast: 100 here, 1000 in `npm run verify`. */
const DEVICES = Number(process.env['SECURE_ESP_SIM_DEVICES'] ?? '100');
const DEADLINE_MS = 60_000 + DEVICES * 500;
/** As an image of a few features has. */
const CODE_BYTES = 192 * 1024;

interface Pace {
  readonly ms: number;
  readonly devicesPerSecond: number;
  readonly cpuMsPerDevice: number;
}

interface Figures {
  readonly confirmed: number;
  readonly connect: Pace;
  readonly update: Pace;
  readonly memory: {
    readonly rssBytesPerDevice: number;
    readonly heapBytesPerDevice: number;
    readonly externalBytesPerDevice: number;
    readonly peakRssBytes: number;
  };
}

interface World {
  readonly dir: string;
  readonly operatorPort: string;
  readonly devicePort: string;
  readonly otaPort: string;
}

/** One Mosquitto and one update server with a release, each a process of its own. */
async function startWorld(): Promise<World> {
  const dir = await temporaryFolder();
  const run = async (...args: readonly string[]): Promise<void> => {
    const { code, output } = await runCli(args, dir);
    expect([args[0], output, code]).toEqual([args[0], expect.any(String), 0]);
  };
  const serve = (...args: readonly string[]): Program => {
    const program = startCli(args, dir);
    onTestFinished(async () => {
      await program.stop();
    });
    return program;
  };
  await run('pki', 'init', '--host', 'localhost');
  for (const version of ['1.0.0', '1.1.0']) await writeImage(dir, version);
  const broker = serve('broker', 'run', '--kind', 'mosquitto', '--operator-port', '0', '--device-port', '0');
  const [, operatorPort = '', devicePort = ''] = await broker.waitFor(/operators on (\d+), devices on (\d+)/);
  const server = serve('ota', 'serve', '--port', '0', '--log-level', 'warn');
  const [, otaPort = ''] = await server.waitFor(/update server on https:\/\/[\d.]+:(\d+)/);
  await run('ota', 'publish', '1.1.0.bin', '--url', `https://localhost:${otaPort}`);
  return { dir, operatorPort, devicePort, otaPort };
}

async function writeImage(dir: string, version: string): Promise<void> {
  const key = await readFile(join(dir, '.secure-esp/secure_boot_signing_key.pem'), 'utf8');
  const payload = Buffer.alloc(CODE_BYTES, version);
  const image = await buildImage({ chip: 'esp32', project: 'secure_esp', version, payload });
  await writeFile(join(dir, `${version}.bin`), await signImage(image, signerFromPem(key, 'v1-ecdsa-p256')));
}

/** The devices, online. */
async function startFleet(world: World, count: number, ...more: readonly string[]): Promise<Program> {
  const { dir, devicePort, otaPort } = world;
  const servers = ['--url', `mqtts://localhost:${devicePort}`, '--ota', `https://localhost:${otaPort}/secure_esp.bin`];
  const options = ['--firmware', '1.0.0.bin', '--require-manifest', '--no-checks', ...servers, ...more];
  const fleet = startCli(['sim', '--count', String(count), ...options], dir);
  onTestFinished(async () => {
    await fleet.stop('SIGINT', 60_000);
  });
  await fleet.waitFor(new RegExp(`${count} virtual devices are online`), DEADLINE_MS);
  return fleet;
}

const numbered = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `esp-${String(first + index).padStart(5, '0')}`);

/** The JSON at the end of what was printed. */
const figuresOf = (output: string): Figures => JSON.parse(output.slice(output.indexOf('\n{') + 1)) as Figures;

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;

describe.skipIf(!hasTools('mosquitto', 'mosquitto_pub'))('a fleet of virtual devices in one process', () => {
  test(
    `takes an update at one broadcast to ${DEVICES} devices, and none of them fails`,
    async () => {
      const world = await startWorld();
      const fleet = await startFleet(world, DEVICES, '--json', '--once');
      const at = (file: string): string => join(world.dir, '.secure-esp/ca', file);
      const operator = [
        '--cafile',
        at('certs/ca.crt'),
        '--cert',
        at('certs/client.crt'),
        '--key',
        at('keys/client.key'),
      ];
      const broadcast = ['-h', 'localhost', '-p', world.operatorPort, '-t', '/esp/update/run', '-n', '-q', '1'];
      expect(await runProgram('mosquitto_pub', [...broadcast, ...operator])).toEqual({ code: 0, output: '' });

      const late = setTimeout(() => fleet.child.kill('SIGINT'), DEADLINE_MS);
      const code = await fleet.ended;
      clearTimeout(late);
      const figures = figuresOf(fleet.output());
      expect([figures, code]).toMatchObject([
        { devices: DEVICES, confirmed: DEVICES, failedRuns: 0, failedReasons: {}, dead: 0 },
        0,
      ]);
      const { connect, update, memory } = figures;
      console.log(
        [
          `${DEVICES} devices: online in ${connect.ms} ms (${connect.devicesPerSecond} a second, ${connect.cpuMsPerDevice} ms of CPU each),`,
          `updated in ${update.ms} ms (${update.cpuMsPerDevice} ms of CPU each);`,
          `each ${kib(memory.rssBytesPerDevice)} resident, of it ${kib(memory.heapBytesPerDevice)} heap and`,
          `${kib(memory.externalBytesPerDevice)} buffers; ${kib(memory.peakRssBytes)} at most in all`,
        ].join(' '),
      );
    },
    2 * DEADLINE_MS,
  );

  test('takes an update by commands to one device after another, from several operators at once', async () => {
    const world = await startWorld();
    const fleet = await startFleet(world, 12);
    const url = ['--url', `mqtts://localhost:${world.operatorPort}`];
    const waves = [numbered(1, 4), numbered(5, 8), numbered(9, 12)];
    const ended = await Promise.all(waves.map((ids) => runCli(['device', 'update', ...ids, ...url], world.dir)));
    for (const { output, code } of ended) expect([output, code]).toEqual([expect.stringContaining('4 of 4 done'), 0]);
    // Ctrl-C ends it in order, with the figures.
    expect(await fleet.stop()).toBe(130);
    expect(fleet.output()).toMatch(/^runs +12 confirmed, 0 failed$/m);
    expect(fleet.output()).toMatch(/^devices +12, 0 dead, 0 connection attempts failed$/m);
  }, 120_000);
});
