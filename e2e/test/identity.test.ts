import { initPki, openPki, type Credentials } from '@secure-esp/pki';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasTools } from './support/environment.js';
import { runProgram, startCli, startProgram, type Program } from './support/program.js';
import { useFixedPorts } from './support/fixed-ports.js';

useFixedPorts();

const available = hasTools('mosquitto', 'mosquitto_pub', 'mosquitto_sub', 'curl');

type Pair = Pick<Credentials, 'certPath' | 'keyPath'>;

/** Who gets in and who does not, tried from outside with tools that are not ours. */
describe.skipIf(!available).each(['embedded', 'mosquitto'] as const)('identity, with the %s broker', (kind) => {
  let dir: string;
  let demo: Program;
  let ca: string;
  let operators: string;
  let devices: string;
  let updates: string;
  let operator: Pair;
  let first: Pair;
  let stranger: Pair;
  let strangeOperator: Pair;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'secure-esp-identity-'));
    demo = startCli(['demo', '--broker', kind, '--devices', '1'], dir);
    await demo.waitFor(/Ctrl-C stops everything/, 90_000);
    [, operators = '', devices = ''] = await demo.waitFor(/operators on ([0-9]+), devices on ([0-9]+)/);
    [, updates = ''] = await demo.waitFor(/(https:\/\/localhost:[0-9]+\/secure_esp\.bin)/);
    const tree = await openPki(join(dir, '.secure-esp'));
    ca = tree.operator.caPath;
    operator = tree.operator;
    // A device of its own, so that the demo's device keeps its connection.
    first = await tree.issueDevice('esp-101');
    const other = await initPki({ dir: join(dir, 'other'), devices: ['esp-101'] });
    stranger = await other.device('esp-101');
    strangeOperator = other.operator;
  });
  afterAll(async () => {
    await demo.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const tls = (port: string, pair?: Pair): string[] => [
    ...['-h', 'localhost', '-p', port, '-V', '5', '--cafile', ca],
    ...(pair === undefined ? [] : ['--cert', pair.certPath, '--key', pair.keyPath]),
  ];
  const publish = (port: string, topic: string, pair?: Pair, id?: string): Promise<{ code: number; output: string }> =>
    runProgram('mosquitto_pub', [
      ...['-q', '1', '-t', topic, '-m', 'forged', ...tls(port, pair)],
      ...(id === undefined ? [] : ['-i', id]),
    ]);

  /** What an operator sees of everything below the root while `act` runs, up to a marker sent behind it. */
  const seenDuring = async (act: () => Promise<unknown>): Promise<string> => {
    const watcher = startProgram('stdbuf', [
      ...['-oL', 'mosquitto_sub', '-v', '-d', '-t', '/esp/#', '-t', '/test', ...tls(operators, operator)],
    ]);
    await watcher.waitFor(/Subscribed/);
    await act();
    await publish(operators, '/test', operator);
    await watcher.waitFor(/\/test forged/);
    await watcher.stop();
    return watcher.output();
  };

  test('no certificate, and certificates of another CA, are refused on both listeners and by the update server', async () => {
    for (const port of [operators, devices]) {
      for (const pair of [undefined, stranger, strangeOperator]) {
        expect((await publish(port, '/esp/devices/esp-101/log', pair)).code).not.toBe(0);
      }
    }
    for (const pair of [undefined, stranger, strangeOperator]) {
      const credentials = pair === undefined ? [] : ['--cert', pair.certPath, '--key', pair.keyPath];
      const { code } = await runProgram('curl', ['-sS', '--cacert', ca, ...credentials, updates]);
      expect(code).not.toBe(0);
    }
  });

  test('a device is refused on the operators’ listener, and an operator on the devices’', async () => {
    expect((await publish(operators, '/esp/update/run', first)).code).not.toBe(0);
    expect((await publish(devices, '/esp/devices/esp-101/log', operator)).code).not.toBe(0);
  });

  test('a device reaches its own topics only: not another device’s, no command, not under another client id', async () => {
    const seen = await seenDuring(async () => {
      await publish(devices, '/esp/devices/esp-101/log', first, 'esp-101');
      await publish(devices, '/esp/devices/esp-001/log', first, 'esp-101');
      await publish(devices, '/esp/devices/esp-001/update/run', first, 'esp-101');
      await publish(devices, '/esp/restart', first, 'esp-101');
      await publish(devices, '/esp/devices/esp-001/log', first, 'esp-001');
    });
    expect(seen).toContain('/esp/devices/esp-101/log forged');
    expect(seen).not.toMatch(/esp-001\/log forged|update\/run forged|restart forged/);
    // The true owner of the id was not disturbed.
    expect(seen).not.toMatch(/esp-001\/status .*"online":false/);
  });

  test('a device reads nothing of another device', async () => {
    const spy = startProgram('stdbuf', [
      ...['-oL', 'mosquitto_sub', '-v', '-d', '-i', 'esp-101', '-t', '/esp/#', ...tls(devices, first)],
    ]);
    await spy.waitFor(/Subscribed|SUBACK/);
    await publish(operators, '/esp/devices/esp-001/update/interval', operator);
    // Sent once the broker has acknowledged the first, so its arrival proves that the first is done.
    await publish(operators, '/esp/devices/esp-101/update/interval', operator);
    await spy.waitFor(/esp-101\/update\/interval forged/);
    await spy.stop();
    expect(spy.output()).not.toMatch(/esp-001/);
  });

  test('the update server serves a device and an operator', async () => {
    for (const pair of [first, operator]) {
      const credentials = ['--cert', pair.certPath, '--key', pair.keyPath];
      const { code, output } = await runProgram('curl', [
        '-sS',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '--cacert',
        ca,
        ...credentials,
        updates,
      ]);
      expect([code, output]).toEqual([0, '200']);
    }
  });
});
