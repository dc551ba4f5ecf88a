import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { runCli, runProgram, startCli, type Program } from './program.js';

/** The files that one client has, wherever it is. */
export interface ClientFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** `secure-esp broker run` on Mosquitto and `secure-esp ota serve` on one tree, on free ports; they end with the test. */
export interface PkiServers {
  readonly broker: Program;
  readonly ota: Program;
  readonly operatorPort: string;
  readonly devicePort: string;
  readonly otaPort: string;
}

export async function startServers(cwd: string): Promise<PkiServers> {
  const broker = startCli(['broker', 'run', '--kind', 'mosquitto', '--operator-port', '0', '--device-port', '0'], cwd);
  onTestFinished(async () => {
    await broker.stop();
  });
  const ota = startCli(['ota', 'serve', '--port', '0'], cwd);
  onTestFinished(async () => {
    await ota.stop();
  });
  const [, operatorPort = '', devicePort = ''] = await broker.waitFor(/operators on (\d+), devices on (\d+)/);
  const [, otaPort = ''] = await ota.waitFor(/update server on https:\/\/[^:]+:(\d+)/);
  return { broker, ota, operatorPort, devicePort, otaPort };
}

/** Runs a command that must succeed; gives what it printed. */
export async function cli(cwd: string, ...args: string[]): Promise<string> {
  const { code, output } = await runCli(args, cwd);
  expect([args.join(' '), code, code === 0 ? '' : output]).toEqual([args.join(' '), 0, '']);
  return output;
}

/** Copies a client's files to where no command of ours changes them: to the device in the field. */
export async function install(cwd: string, from: ClientFiles, name: string): Promise<ClientFiles> {
  const dir = join(cwd, 'field', name);
  await mkdir(dir, { recursive: true });
  const files = { ca: join(dir, 'ca.crt'), cert: join(dir, 'client.crt'), key: join(dir, 'client.key') };
  for (const part of ['ca', 'cert', 'key'] as const) await cp(from[part], files[part]);
  return files;
}

export const tlsArguments = ({ ca, cert, key }: ClientFiles): string[] => [
  '--cafile',
  ca,
  '--cert',
  cert,
  '--key',
  key,
];

/** True if the broker takes a message of this client; `mosquitto_pub` says so by its exit code. */
export async function publishes(files: ClientFiles, port: string, id: string, topic = '/esp/log'): Promise<boolean> {
  const args = ['-h', 'localhost', '-p', port, '-i', id, '-q', '1', '-V', 'mqttv5', '-t', topic, '-m', '600'];
  const { code } = await runProgram('timeout', ['10', 'mosquitto_pub', ...args, ...tlsArguments(files)]);
  return code === 0;
}

/** What the update server answers: a status, or `refused` for no connection at all. */
export async function asks({ ca, cert, key }: ClientFiles, port: string): Promise<string> {
  const tls = ['--cacert', ca, '--cert', cert, '--key', key];
  const url = `https://localhost:${port}/secure_esp.bin`;
  const { code, output } = await runProgram('curl', [
    '-s',
    '-m',
    '10',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    ...tls,
    url,
  ]);
  return code === 0 ? output.trim() : 'refused';
}

/** Runs openssl, which must be content. */
export async function openssl(...args: string[]): Promise<string> {
  const { code, output } = await runProgram('openssl', args);
  expect([args.join(' '), code, code === 0 ? '' : output]).toEqual([args.join(' '), 0, '']);
  return output;
}
