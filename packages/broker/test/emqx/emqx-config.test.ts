import { expect, describe, test } from 'vitest';
import { defineProtocol, command, empty } from '@secure-esp/protocol';
import { generateEmqxAcl } from '@secure-esp/protocol/codegen';
import { emqxConfig, type EmqxConfigOptions } from '../../src/index.js';

const options: EmqxConfigOptions = {
  tls: {
    certPath: '/pki/server.crt',
    keyPath: '/pki/my "keys"/server.key',
    operatorCaPath: '/pki/ca.crt',
    deviceCaPath: '/pki/device-ca.crt',
  },
  dir: '/etc/emqx/secure-esp',
  operators: ['operator'],
};

describe('emqxConfig', () => {
  test('has the two listeners and their zones, and none of those that EMQX opens by itself', () => {
    expect(emqxConfig(options)['secure_esp.conf']).toBe(`# For EMQX 5.1 or later: append it to etc/emqx.conf.

# The listeners that EMQX has by default would let in anybody under any name.
listeners.tcp.default.enable = false
listeners.ssl.default.enable = false
listeners.ws.default.enable = false
listeners.wss.default.enable = false

# enable_crl_check: the certificates name no distribution point to fetch a list from. Ban revoked names in EMQX.
listeners.ssl.operators {
  bind = "127.0.0.1:8883"
  zone = operators
  max_connections = 10000
  ssl_options.cacertfile = "/pki/ca.crt"
  ssl_options.certfile = "/pki/server.crt"
  ssl_options.keyfile = "/pki/my \\"keys\\"/server.key"
  ssl_options.verify = verify_peer
  ssl_options.fail_if_no_peer_cert = true
  ssl_options.versions = ["tlsv1.3", "tlsv1.2"]
  ssl_options.enable_crl_check = false
}
listeners.ssl.devices {
  bind = "127.0.0.1:8884"
  zone = devices
  max_connections = 10000
  ssl_options.cacertfile = "/pki/device-ca.crt"
  ssl_options.certfile = "/pki/server.crt"
  ssl_options.keyfile = "/pki/my \\"keys\\"/server.key"
  ssl_options.verify = verify_peer
  ssl_options.fail_if_no_peer_cert = true
  ssl_options.versions = ["tlsv1.3", "tlsv1.2"]
  ssl_options.enable_crl_check = false
}

zones.operators.mqtt {
  peer_cert_as_username = cn
  max_packet_size = 17408B
  max_mqueue_len = 1000
  max_inflight = 20
}
# So a device cannot take another one’s client id, and with it its session.
zones.devices.mqtt {
  peer_cert_as_username = cn
  peer_cert_as_clientid = cn
  max_packet_size = 17408B
  max_mqueue_len = 1000
  max_inflight = 20
}

# What is not allowed by the file is denied.
authorization.no_match = deny
authorization.deny_action = ignore
authorization.sources = [{ type = file, enable = true, path = "/etc/emqx/secure-esp/emqx_acl.conf" }]
`);
  });

  test('has a listener for operators over WebSocket if it is wanted, for the listed pages only', () => {
    const websocketOrigins = ['https://panel.example', 'https://localhost:8443'];
    const text = emqxConfig({ ...options, websocketPort: 8885, websocketOrigins })['secure_esp.conf'];
    const [, listener = ''] = /listeners\.wss\.operators \{\n([^}]*)\}/.exec(text) ?? [];
    for (const line of [
      ...['bind = "127.0.0.1:8885"', 'zone = operators', 'websocket.mqtt_path = "/mqtt"'],
      ...['websocket.check_origin_enable = true', 'ssl_options.cacertfile = "/pki/ca.crt"'],
      ...[
        'websocket.check_origins = "https://panel.example, https://localhost:8443"',
        'ssl_options.verify = verify_peer',
      ],
    ]) {
      expect(listener).toContain(`  ${line}\n`);
    }
    expect(emqxConfig(options)['secure_esp.conf']).not.toContain('wss.operators');
  });

  test('comes with the rules that the contract’s generator writes', () => {
    const protocol = defineProtocol({
      name: 'small',
      version: 1,
      root: '/home',
      topics: { open: command(empty(), { description: 'Opens.' }) },
    });
    const operators = ['operator', 'night-shift'];
    const files = emqxConfig({ ...options, protocol, operators });
    expect(files['emqx_acl.conf']).toBe(generateEmqxAcl(protocol, { operators }));
  });

  test('carries addresses, ports and limits', () => {
    const text = emqxConfig({
      ...options,
      ...{ host: '::1', operatorPort: 18883, devicePort: 18884 },
      limits: { maxConnections: 7, maxPacketBytes: 2_048 },
    })['secure_esp.conf'];
    for (const line of [
      'bind = "[::1]:18883"',
      'bind = "[::1]:18884"',
      'max_connections = 7',
      'max_packet_size = 2048B',
    ]) {
      expect(text).toContain(`  ${line}\n`);
    }
  });

  test.each<[string, Partial<EmqxConfigOptions>]>([
    ['a line break in a path', { dir: '/etc/emqx\nlisteners.tcp.default.enable = true' }],
    ['a name of EMQX’s environment in a path', { dir: '/etc/${EMQX_ETC_DIR}' }],
    ['a line break in the host', { host: '127.0.0.1\n' }],
    ['a relative path', { tls: { ...options.tls, keyPath: 'server.key' } }],
    ['an empty path', { tls: { ...options.tls, certPath: '' } }],
    ['port 0', { devicePort: 0 }],
    ['no operator', { operators: [] }],
    ['a limit that is no integer', { limits: { maxConnections: 1.5 } }],
  ])('refuses %s', (_what, change) => {
    expect(() => emqxConfig({ ...options, ...change })).toThrow(
      expect.objectContaining({ name: 'BrokerError', code: 'bad_option' }),
    );
  });

  test('refuses an operator whose name would be a rule', () => {
    expect(() => emqxConfig({ ...options, operators: ['x"}, all}.'] })).toThrow(
      expect.objectContaining({ name: 'ProtocolError', code: 'invalid_definition' }),
    );
  });
});
