import { command, defineProtocol, empty, event, secureEspV1 } from '@secure-esp/protocol';
import { describe, expect, test } from 'vitest';
import { mosquittoConfig, toMosquittoAcl, type MosquittoConfigOptions } from '../../src/index.js';

const options: MosquittoConfigOptions = {
  tls: {
    certPath: '/pki/server.crt',
    keyPath: '/pki/my keys/server.key',
    operatorCaPath: '/pki/ca.crt',
    deviceCaPath: '/pki/device-ca.crt',
  },
  dir: '/etc/broker',
};

const small = defineProtocol({
  name: 'small',
  version: 1,
  root: '/home',
  topics: {
    open: command(empty(), { description: 'Opens.' }),
    opened: event(empty(), { description: 'It is open.' }),
    'answers/{client}': event(empty(), { description: 'Answer.' }),
  },
});

describe('toMosquittoAcl', () => {
  test('gives devices their own subtree by user name, in pattern lines only', () => {
    expect(toMosquittoAcl(small, 'device')).toBe(
      `# Access of devices: contract small 1 (${small.contractHash}) below /home
pattern read /home/open
pattern read /home/devices/%u/open
pattern write /home/devices/%u/opened
pattern write /home/devices/%u/answers/+
`,
    );
  });

  test('gives operators commands, events and the connection test', () => {
    expect(toMosquittoAcl(small, 'operator')).toBe(
      `# Access of operators: contract small 1 (${small.contractHash}) below /home
pattern readwrite /home/open
pattern readwrite /home/devices/+/open
pattern read /home/devices/+/opened
pattern read /home/devices/+/answers/+
pattern readwrite /test
`,
    );
  });

  test('has a line for every topic of the contract and both roles', () => {
    for (const role of ['operator', 'device'] as const) {
      const acl = toMosquittoAcl(secureEspV1, role);
      for (const leaf of Object.keys(secureEspV1.topics)) expect(acl).toContain(`/${leaf.replace('{client}', '+')}\n`);
    }
  });
});

describe('mosquittoConfig', () => {
  test('has the two listeners, each with its CA and its ACL', () => {
    const { 'mosquitto.conf': text } = mosquittoConfig(options);
    const [common, operators, devices] = text.split(/\n# (?:operators|devices)\n/);
    expect(common).toContain('per_listener_settings true\n');
    expect(common).toContain('persistence false\n');
    expect(operators).toBe(`listener 8883 127.0.0.1
cafile /pki/ca.crt
certfile /pki/server.crt
keyfile /pki/my keys/server.key
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file /etc/broker/operators.acl
max_connections 10000
`);
    expect(devices).toBe(`listener 8884 127.0.0.1
cafile /pki/device-ca.crt
certfile /pki/server.crt
keyfile /pki/my keys/server.key
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file /etc/broker/devices.acl
max_connections 10000
`);
  });

  test('carries limits, user, store and revocation lists', () => {
    const { 'mosquitto.conf': text } = mosquittoConfig({
      ...options,
      tls: { ...options.tls, operatorCrlPath: '/pki/ca.crl', deviceCrlPath: '/pki/device-ca.crl' },
      ...{ host: '::1', operatorPort: 18883, devicePort: 18884, user: 'root', persistence: true },
      limits: { maxQueuedMessages: 7, maxPacketBytes: 2_048 },
    });
    const lines = text.split('\n');
    for (const line of [
      ...['listener 18883 ::1', 'listener 18884 ::1', 'user root', 'persistence true'],
      ...['persistence_location /etc/broker/', 'crlfile /pki/ca.crl', 'crlfile /pki/device-ca.crl'],
      ...['max_queued_messages 7', 'max_packet_size 2048', 'max_keepalive 600', 'persistent_client_expiration 168h'],
    ]) {
      expect(lines).toContain(line);
    }
  });

  test.each<[string, Partial<MosquittoConfigOptions>]>([
    ['a line break in a path', { dir: '/etc/broker\nallow_anonymous true' }],
    ['a line break in the host', { host: '127.0.0.1\nallow_anonymous true' }],
    ['a space at the end of a path', { dir: '/etc/broker ', tls: { ...options.tls, certPath: '/pki/server.crt ' } }],
    ['a relative path', { tls: { ...options.tls, keyPath: 'server.key' } }],
    ['an empty user', { user: '' }],
    ['port 0', { devicePort: 0 }],
    ['a port that is none', { operatorPort: 65_536 }],
    ['a limit that is no integer', { limits: { maxConnections: 1.5 } }],
  ])('refuses %s', (_what, change) => {
    expect(() => mosquittoConfig({ ...options, ...change })).toThrow(
      expect.objectContaining({ name: 'BrokerError', code: 'bad_option' }),
    );
  });
});
