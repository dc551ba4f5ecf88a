import { openPki, type Credentials, type PkiTree } from '@secure-esp/pki';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasTools, workspaceRoot } from './support/environment.js';
import { mbedtlsBuilds } from './support/mbedtls-builds.js';
import { runCli, runProgram, startCli, type Program } from './support/program.js';

const SOURCE = join(workspaceRoot, 'packages/pki/test/cross-checks/mbedtls-check.c');

const hasPrograms = hasTools('gcc', 'mosquitto');

const hex = (text: string): string => Buffer.from(text).toString('hex');
const HTTP = hex('GET /secure_esp.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
/** MQTT 3.1.1 CONNECT, clean session, client id `a`. */
const MQTT = '100d00044d5154540402003c000161';
const CONNACK = 'received 20020000';

/** The TLS of the chip at the servers of this project. */
describe.skipIf(!hasPrograms).each(mbedtlsBuilds())('a device on $name', ({ flags, libraries }) => {
  let dir: string;
  let tree: PkiTree;
  let a: Credentials;
  let broker: Program;
  let ota: Program;
  const ports = { operators: '', devices: '', ota: '' };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'secure-esp-e2e-'));
    const program = join(dir, 'mbedtls-check');
    const compiled = await runProgram('gcc', [
      '-std=c11',
      '-D_DEFAULT_SOURCE',
      '-O1',
      ...flags,
      SOURCE,
      '-o',
      program,
      ...libraries,
    ]);
    expect(compiled).toEqual({ code: 0, output: '' });
    const devices = ['--device', 'a', '--device', 'revoked'];
    expect((await runCli(['pki', 'init', '--host', 'localhost', ...devices], dir)).code).toBe(0);
    expect((await runCli(['pki', 'revoke', 'revoked'], dir)).code).toBe(0);
    tree = await openPki(join(dir, '.secure-esp'));
    a = await tree.device('a');
    const any = ['--operator-port', '0', '--device-port', '0'];
    broker = startCli(['broker', 'run', '--kind', 'mosquitto', ...any], dir);
    ota = startCli(['ota', 'serve', '--port', '0'], dir);
    const [, operators = '', ofDevices = ''] = await broker.waitFor(/operators on (\d+), devices on (\d+)/);
    const [, update = ''] = await ota.waitFor(/update server on https:\/\/[^ ]+:(\d+)/);
    Object.assign(ports, { operators, devices: ofDevices, ota: update });
  });
  afterAll(async () => {
    await Promise.all([broker.stop(), ota.stop()]);
    await rm(dir, { recursive: true, force: true });
  });

  interface Visit {
    who?: Pick<Credentials, 'certPath' | 'keyPath'>;
    name?: string;
    ca?: string;
  }
  /** Lines of the handshake and of the reply, the latter as text where it is text. */
  async function visit(port: string, request: string, { who, name = 'localhost', ca }: Visit): Promise<string> {
    const files = [ca ?? tree.paths.caCert, who?.certPath ?? '-', who?.keyPath ?? '-'];
    const { code, output } = await runProgram(join(dir, 'mbedtls-check'), ['client', port, name, ...files, request]);
    expect(code).toBe(0);
    return output.replace(/^received (485454502f.*)$/m, (_, text: string) => Buffer.from(text, 'hex').toString());
  }

  test('reaches the broker and the update server', async () => {
    expect(await visit(ports.devices, MQTT, { who: a })).toMatch(new RegExp(`^connected TLSv1\\.[23]\n${CONNACK}`));
    expect(await visit(ports.ota, HTTP, { who: a })).toMatch(/^connected TLSv1\.[23]\nHTTP\/1\.1 404 /);
  });

  test('refuses both under another name and with another CA', async () => {
    const other = join(dir, 'other.crt');
    await writeFile(other, tree.deviceCa);
    for (const [port, request] of [
      [ports.devices, MQTT],
      [ports.ota, HTTP],
    ] as const) {
      expect(await visit(port, request, { who: a, name: 'evil.example' })).toMatch(
        /^error .*\nrefused\nThe certificate Common Name \(CN\) does not match/,
      );
      expect(await visit(port, request, { who: a, ca: other })).toMatch(
        /^error .*\nrefused\nThe certificate is not correctly signed by the trusted CA/,
      );
    }
  });

  test('is refused by the broker when it is revoked, has no certificate or that of another role', async () => {
    const revoked = await tree.device('revoked');
    for (const who of [revoked, undefined, tree.operator, tree.broker, tree.ota]) {
      expect(await visit(ports.devices, MQTT, who === undefined ? {} : { who })).not.toContain(CONNACK);
    }
    expect(await visit(ports.operators, MQTT, { who: a })).not.toContain(CONNACK);
    expect(await visit(ports.operators, MQTT, { who: tree.operator })).toContain(CONNACK);
  });

  test('is refused by the update server when it is revoked, has no certificate or that of a server', async () => {
    const revoked = await tree.device('revoked');
    expect(await visit(ports.ota, HTTP, { who: revoked })).toMatch(/HTTP\/1\.1 403 /);
    for (const who of [undefined, tree.broker, tree.ota]) {
      expect(await visit(ports.ota, HTTP, who === undefined ? {} : { who })).not.toMatch(/HTTP\/1\.1 [24]0[04]/);
    }
  });
});
