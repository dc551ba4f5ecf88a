import { startEmbeddedBroker, startMosquitto } from '@secure-esp/broker';
import type { PkiTree } from '@secure-esp/pki';
import { secureEspV1, withRoot } from '@secure-esp/protocol';
import { Aedes } from 'aedes';
import { connectAsync } from 'mqtt';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createTcp, type AddressInfo, type Server } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { brokerTls, brokerTlsFiles } from '../../../src/start-broker.js';
import { examine, examineAs, newTree, startBroker, startOta } from './clinic.js';

const at = (port: number, host = 'localhost'): string => `mqtts://${host}:${port}`;
const urls = (broker: { operatorPort: number; devicePort: number }, otaPort = 1): string[] => [
  ...['--url', at(broker.operatorPort), '--device-url', at(broker.devicePort)],
  ...['--ota', `https://localhost:${otaPort}`],
];
/** Ports at which nothing is, or what a test put there. */
const listening = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
};
const freePort = async (): Promise<number> => {
  const server = createTcp();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

describe('secure-esp doctor, with servers', () => {
  test('finds nothing wrong with an embedded broker and an update server', async () => {
    const { cwd, tree } = await newTree();
    const broker = await startBroker(tree);
    const report = await examine(cwd, ...urls(broker, await startOta(tree)));
    expect(report.results.filter(({ verdict }) => verdict !== 'ok' && verdict !== 'skip')).toEqual([]);
    expect(report.exitCode).toBe(0);
    expect(report.of('broker:operators')).toMatch(/^ok: localhost:\d+ lets an operator in with MQTT 5/);
    expect(report.of('broker:devices')).toMatch(/^ok: .*lets esp-001 in/);
    expect(report.of('access:operators')).toMatch(/^ok/);
    expect(report.of('access:devices')).toMatch(/^ok/);
    expect(report.of('roles:operator')).toMatch(/^ok: the devices’ listener refuses/);
    expect(report.of('roles:device')).toMatch(/^ok: the operators’ listener refuses/);
    expect(report.of('ota')).toMatch(/^ok/);
    expect(report.of('clock')).toMatch(/^ok/);
  });

  const missing = spawnSync('mosquitto', ['-h']).error === undefined ? undefined : 'mosquitto is not installed';
  test.skipIf(missing !== undefined && process.env['CI'] === undefined)(
    `nor with Mosquitto${missing === undefined ? '' : `: ${missing}`}`,
    async () => {
      const { cwd, tree } = await newTree();
      const tls = brokerTlsFiles(tree, await tree.crls());
      const broker = await startMosquitto({ tls, dir: join(cwd, 'mosquitto'), operatorPort: 0, devicePort: 0 });
      onTestFinished(() => broker.close());
      const report = await examine(cwd, ...urls(broker, await startOta(tree)));
      expect(report.results.filter(({ verdict }) => verdict !== 'ok' && verdict !== 'skip')).toEqual([]);
      expect(report.exitCode).toBe(0);
    },
  );

  test('leaves a device alone that is online', async () => {
    const { cwd, tree } = await newTree();
    const broker = await startBroker(tree);
    const { cert, key, ca } = await tree.device('esp-001');
    const options = { cert, key, ca, clientId: 'esp-001', protocolVersion: 5, reconnectPeriod: 0 } as const;
    const device = await connectAsync(at(broker.devicePort), options);
    onTestFinished(() => device.endAsync(true));
    const facts = { project: 'lamp', version: '1.0.0', chip: 'esp32', bootId: 1, resetReason: 'power_on', protocol: 1 };
    const status = { online: true, ...facts, contract: secureEspV1.contractHash };
    await device.publishAsync('/esp/devices/esp-001/status', JSON.stringify(status), { qos: 1, retain: true });
    const closed = new Promise<string>((resolve) => {
      device.once('close', () => {
        resolve('closed');
      });
    });
    const report = await examine(cwd, ...urls(broker));
    expect(report.of('broker:devices')).toMatch(/^ok: esp-001 online at this moment/);
    expect(report.of('access:devices')).toMatch(/^skip/);
    expect(
      await Promise.race([closed, device.publishAsync('/esp/devices/esp-001/log', 'still here', { qos: 1 })]),
    ).not.toBe('closed');
  });

  test('servers that do not run', async () => {
    const { cwd } = await newTree();
    const port = await freePort();
    const { exitCode, of } = await examine(cwd, ...urls({ operatorPort: port, devicePort: await freePort() }, port));
    expect(exitCode).toBe(1);
    expect(of('broker:operators')).toMatch(/^fail: .*nothing listens there \(network\)\. Start the broker with/);
    expect(of('broker:devices')).toMatch(/^fail: .*nothing listens there .*--device-url/);
    expect(of('access:operators')).toMatch(/^skip/);
    expect(of('roles:device')).toMatch(/^skip/);
    expect(of('ota')).toMatch(/^fail: .*nothing listens there .*ota serve/);
    expect(of('clock')).toMatch(/^skip/);
  });

  test('a broker and an update server of another tree', async () => {
    const { cwd } = await newTree();
    const other = await newTree();
    const broker = await startBroker(other.tree);
    const { exitCode, of } = await examine(cwd, ...urls(broker, await startOta(other.tree)));
    expect(exitCode).toBe(1);
    expect(of('broker:operators')).toMatch(/^fail: .*of another CA.*\(tls\)\. Check that `--url`.*--dir/);
    expect(of('ota')).toMatch(/^fail: .*of another CA.*\(tls\)/);
  });

  test('a host that the servers’ certificates do not name', async () => {
    const { cwd, tree } = await newTree({ hosts: ['broker.example'] });
    const broker = await startBroker(tree);
    const { of } = await examine(cwd, ...urls(broker, await startOta(tree)));
    expect(of('broker:operators')).toMatch(/^fail: .*does not name this host \(tls\)/);
    expect(of('ota')).toMatch(/^fail: .*does not name this host \(tls\)/);
    expect(of('certificate:broker')).toMatch(/pki init --host localhost/);
  });

  test('a broker whose certificate has expired', async () => {
    const { cwd, tree } = await newTree({ now: () => new Date(Date.now() - 900 * 86_400_000) });
    const broker = await startBroker(tree);
    const { of } = await examine(cwd, ...urls(broker));
    expect(of('broker:operators')).toMatch(/^fail: .*its certificate has expired \(tls\)/);
  });

  test('an operator’s certificate that is revoked, at the broker and at the update server', async () => {
    const { cwd, tree } = await newTree();
    await tree.revoke({ commonName: 'operator' });
    const broker = await startBroker(tree);
    const { of } = await examine(cwd, ...urls(broker));
    expect(of('broker:operators')).toMatch(/^fail: .*\(client-certificate\).*neither expired nor revoked/);
    expect(of('broker:devices')).toMatch(/^ok: .*not tried as a device/);
  });

  test('listeners that let in the certificates of both CAs', async () => {
    const { cwd, tree } = await newTree();
    const both = tree.ca + tree.deviceCa;
    const [operatorPort, devicePort] = await openBroker(tree, both, both);
    const { exitCode, of } = await examine(cwd, ...urls({ operatorPort, devicePort }));
    expect(exitCode).toBe(1);
    expect(of('roles:operator')).toMatch(/^fail: the devices’ listener lets in an operator.*one CA only/);
    expect(of('roles:device')).toMatch(/^fail: the operators’ listener lets in a device/);
  });

  test('a broker without access rules', async () => {
    const { cwd, tree } = await newTree();
    const [operatorPort, devicePort] = await openBroker(tree);
    const { exitCode, of } = await examine(cwd, ...urls({ operatorPort, devicePort }));
    expect(exitCode).toBe(1);
    expect(of('access:operators')).toMatch(/^warn: an operator may write log .*broker config/);
    expect(of('access:devices')).toMatch(/^fail: a device may speak for another/);
  });

  test('a broker with the access rules of another contract', async () => {
    const { cwd, tree } = await newTree();
    const protocol = withRoot(secureEspV1, '/other');
    const tls = brokerTls(tree, await tree.crls());
    const broker = await startEmbeddedBroker({ tls, protocol, operatorPort: 0, devicePort: 0 });
    onTestFinished(() => broker.close());
    const { exitCode, of } = await examine(cwd, ...urls(broker));
    expect(exitCode).toBe(1);
    expect(of('access:operators')).toMatch(/^fail: an operator may not send update\/url.*broker config/);
  });

  test('servers that are something else, or say nothing', async () => {
    const { cwd, tree } = await newTree();
    const plain = await listening(
      createTcp((socket) => socket.on('error', () => undefined).end('220 mail.example\r\n')),
    );
    const { cert, key } = tree.broker;
    const web = await listening(
      createTls({ cert, key }, (socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    const silent = await listening(createTcp((socket) => void socket.on('error', () => undefined)));
    const { of } = await examine(
      cwd,
      ...['--url', at(web), '--device-url', at(plain), '--ota', `https://localhost:${silent}`, '--deadline', '1'],
    );
    expect(of('broker:operators')).toMatch(/^fail: .*(not with MQTT|without a word|no answer).*/);
    expect(of('broker:devices')).toMatch(/^fail: .*does not speak TLS \(tls\)/);
    expect(of('ota')).toMatch(/^fail: .*no answer within 1 s/);
  });

  test('an update server that is another web server', async () => {
    const { cwd, tree } = await newTree();
    const { cert, key } = tree.ota;
    const port = await listening(
      createTls({ cert, key }, (socket) =>
        socket
          .on('error', () => undefined)
          .once('data', () => socket.end('HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n')),
      ),
    );
    const { of } = await examine(cwd, ...urls({ operatorPort: 1, devicePort: 2 }, port));
    expect(of('ota')).toMatch(/^fail: .*answers 200: it is no update server/);
    expect(of('clock')).toMatch(/^fail: this computer is \d+ s (ahead of|behind) the update server.*NTP/);
  });

  test.each([
    [300, /^warn: this computer is (299|300|301) s ahead of the update server.*NTP/],
    [-300, /^warn: this computer is (299|300|301) s behind the update server.*NTP/],
    [5, /^ok: this computer and the update server have the same time/],
    [2 * 86_400, /^fail: this computer is \d+ s ahead of/],
  ])('a clock that is %d s off', async (seconds, verdict) => {
    const { cwd, tree } = await newTree();
    const ota = `https://localhost:${await startOta(tree)}`;
    const now = (): Date => new Date(Date.now() + seconds * 1000);
    expect((await examineAs(cwd, { now }, { ota })).of('clock')).toMatch(verdict);
  });

  test('a name that does not exist', async () => {
    const { cwd } = await newTree();
    const { of } = await examine(cwd, '--url', 'mqtts://nowhere.invalid:8883');
    expect(of('broker:operators')).toMatch(/^fail: .*(no host of this name|cannot be looked up) \(name\)/);
  });
});

/** Two listeners, each with its CA, and a broker behind them that allows everything. */
async function openBroker(tree: PkiTree, operatorCa = tree.ca, deviceCa = tree.deviceCa): Promise<[number, number]> {
  const broker = await Aedes.createBroker();
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        broker.close(resolve);
      }),
  );
  const { cert, key } = tree.broker;
  const open = (ca: string): Promise<number> =>
    listening(createTls({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, broker.handle));
  return [await open(operatorCa), await open(deviceCa)];
}
