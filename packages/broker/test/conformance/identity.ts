import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { expect } from 'vitest';
import { disconnectByTakeover } from '../../src/index.js';
import { connectPacket } from '../../src/takeover/connect-packet.js';
import { until } from '../support/mqtt-client.js';
import { RESTART, own, on, refused, isRefused, type Scenario } from './scenario.js';

/** Who gets in, and as whom. */
export const IDENTITY: readonly Scenario[] = [
  {
    name: 'an operator and a device connect, each on its listener',
    async run({ operator, device }) {
      const [op, esp] = [await operator('op'), await device('esp-001')];
      expect([op.mqtt.connected, esp.mqtt.connected]).toEqual([true, true]);
    },
  },
  {
    name: 'no certificate is refused on both listeners',
    async run({ broker, connect }) {
      await refused(connect({ port: broker.operatorPort, clientId: 'op' }));
      await refused(connect({ port: broker.devicePort, clientId: 'esp-001' }));
    },
  },
  {
    name: 'a certificate of another CA is refused on both listeners',
    async run({ broker, connect, certificates: { stranger: credentials } }) {
      await refused(connect({ port: broker.operatorPort, credentials, clientId: 'op' }));
      await refused(connect({ port: broker.devicePort, credentials, clientId: 'esp-001' }));
    },
  },
  {
    name: "an operator's certificate is refused on the devices' listener, a device's on the operators'",
    async run({ broker, connect, certificates }) {
      await refused(connect({ port: broker.devicePort, credentials: certificates.operator, clientId: 'operator' }));
      await refused(
        connect({ port: broker.operatorPort, credentials: certificates.device('esp-001'), clientId: 'esp-001' }),
      );
    },
  },
  {
    name: 'a certificate that is only for servers is refused as a client',
    async run({ broker, connect, certificates: { broker: server, serverAsDevice } }) {
      await refused(connect({ port: broker.operatorPort, credentials: server, clientId: 'op' }));
      await refused(connect({ port: broker.devicePort, credentials: serverAsDevice, clientId: 'esp-001' }));
    },
  },
  {
    name: 'TLS 1.1 is refused',
    async run({ broker, certificates: { ca, operator } }) {
      const socket = connectTls({
        ...{ host: '127.0.0.1', port: broker.operatorPort, ca, cert: operator.cert, key: operator.key },
        ...{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
      });
      const outcome = await new Promise((resolve) => {
        socket.once('secureConnect', resolve);
        socket.once('error', resolve);
      });
      socket.destroy();
      expect(outcome).toBeInstanceOf(Error);
    },
  },
  {
    name: "a device that names another's client id does not disturb it",
    async run({ operator, device, certificates }) {
      const victim = await device('esp-001');
      await victim.subscribe(own('esp-001', 'restart'));
      // Mosquitto gives it its own id, the embedded broker refuses it.
      const intruder = device('esp-001', { credentials: certificates.device('esp-002') });
      await intruder.catch(() => undefined);
      const op = await operator('op');
      await op.publish(own('esp-001', 'restart'), '');
      await victim.receive('its own command', on(own('esp-001', 'restart')));
      expect(victim.mqtt.connected).toBe(true);
    },
  },
  {
    name: 'several operators share one certificate at the same time',
    async run({ operator }) {
      const [one, two] = [await operator('one'), await operator('two')];
      await two.subscribe('/test');
      await one.publish('/test', 'hello');
      await two.receive('hello', on('/test', 'hello'));
      expect(one.mqtt.connected).toBe(true);
    },
  },
  {
    name: 'a revoked device is refused after the reload, and disconnectByTakeover ends its open connection',
    async run({ broker, revoke, operator, device, certificates }) {
      const { ca, operator: credentials } = certificates;
      const [revoked, other] = [await device('esp-001'), await device('esp-002')];
      await revoke(certificates.deviceCrl([certificates.device('esp-001')]));
      expect(revoked.mqtt.connected).toBe(true);
      await disconnectByTakeover({
        ...{ host: '127.0.0.1', port: broker.operatorPort, deviceId: 'esp-001' },
        tls: { ca, cert: credentials.cert, key: credentials.key },
      });
      await revoked.closed;
      // Mosquitto takes the signal a moment later.
      await until('the device is refused', () => isRefused(device('esp-001')));
      const op = await operator('op');
      await other.subscribe(RESTART);
      await op.publish(RESTART, '');
      await other.receive('what is not revoked goes on', on(RESTART));
    },
  },
  ...(['TLSv1.2', 'TLSv1.3'] as const).map((version): Scenario => ({
    name: `a ${version} session from before a revocation, which a resumption would not verify again, opens nothing`,
    async run({ broker, revoke, device, certificates }) {
      const { cert, key } = certificates.device('esp-001');
      const options = {
        ...{ host: '127.0.0.1', port: broker.devicePort, ca: certificates.ca, cert, key },
        ...{ minVersion: version, maxVersion: version },
      };
      const { sessions } = await mqttOverTls(options);
      expect(sessions.length).toBeGreaterThan(0);
      await revoke(certificates.deviceCrl([certificates.device('esp-001')]));
      await until('the device is refused', () => isRefused(device('esp-001')));
      for (const session of sessions) await expect(mqttOverTls({ ...options, session })).rejects.toThrow();
    },
  })),
  ...(['TLSv1.2', 'TLSv1.3'] as const).map((version): Scenario => ({
    name: `a ${version} session is never resumed`,
    unsupported: { mosquitto: '2.0 resumes sessions until the next reload, which forgets them' },
    async run({ broker, certificates }) {
      const { cert, key } = certificates.device('esp-001');
      const options = {
        ...{ host: '127.0.0.1', port: broker.devicePort, ca: certificates.ca, cert, key },
        ...{ minVersion: version, maxVersion: version },
      };
      const { sessions } = await mqttOverTls(options);
      for (const session of sessions) expect((await mqttOverTls({ ...options, session })).reused).toBe(false);
    },
  })),
];

/** Connects, waits for the answer to CONNECT (every session ticket has arrived by then), and ends. */
async function mqttOverTls(options: ConnectionOptions): Promise<{ sessions: Buffer[]; reused: boolean }> {
  const sessions: Buffer[] = [];
  const socket = connectTls(options);
  socket.on('session', (session) => sessions.push(session));
  socket.write(connectPacket('esp-001'));
  await new Promise<void>((resolve, reject) => {
    socket.once('data', () => {
      resolve();
    });
    socket.on('error', reject);
    socket.once('close', () => {
      reject(new Error('closed without an answer'));
    });
  });
  const session = socket.getSession();
  const reused = socket.isSessionReused();
  socket.destroy();
  return { sessions: session === undefined ? sessions : [...sessions, session], reused };
}
