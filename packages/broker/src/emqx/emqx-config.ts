import { isAbsolute, join } from 'node:path';
import { DEFAULT_PORTS, secureEspV1, type Protocol } from '@secure-esp/protocol';
import { generateEmqxAcl } from '@secure-esp/protocol/codegen';
import { BrokerError } from '../errors.js';
import { resolveLimits, type BrokerLimits } from '../limits.js';
import type { BrokerTlsPaths } from '../mosquitto/mosquitto-config.js';
import {
  resolveOrigins,
  WEBSOCKET_PATH,
  WEBSOCKET_SUBPROTOCOL,
  type WebSocketOptions,
} from '../websocket/websocket-options.js';
import { block, hoconString, type Setting } from './hocon.js';

/** Without revocation lists: EMQX reads none from files. */
export type EmqxTlsPaths = Omit<BrokerTlsPaths, 'operatorCrlPath' | 'deviceCrlPath'>;

export interface EmqxConfigOptions extends WebSocketOptions {
  /** Absolute paths, as EMQX sees them. */
  readonly tls: EmqxTlsPaths;
  /** Absolute path of the folder that `emqx_acl.conf` will be in. */
  readonly dir: string;
  /** CNs of the operators, at least one: EMQX has one list of rules for all listeners and tells users apart by name. */
  readonly operators: readonly string[];
  /** Contract whose access rules apply. Default: `secureEspV1`. */
  readonly protocol?: Protocol;
  /** Address to bind to. Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 8883. */
  readonly operatorPort?: number;
  /** Default 8884. */
  readonly devicePort?: number;
  /** `maxKeepaliveSeconds` and the deadlines of the embedded broker have no counterpart. */
  readonly limits?: Partial<BrokerLimits>;
}

/** Names of the files that make up a configuration. */
export interface EmqxFiles {
  /** To be appended to EMQX's `etc/emqx.conf`, or included there. */
  readonly 'secure_esp.conf': string;
  readonly 'emqx_acl.conf': string;
}

/**
 * EMQX's configuration (HOCON) with the same two TLS listeners as the embedded broker, and its access rules. Pure: writes
 * nothing. For EMQX 5.1 or later; written after its documentation and **never run against an EMQX by this package's tests**:
 * try it before you rely on it.
 *
 * - Each listener has a zone of its own: the user name is the certificate's CN on both, the client id only on the devices',
 *   so that a device cannot take another one's session and an operator may connect more than once.
 * - The listeners that EMQX opens by itself (1883, 8083, 8084, 8883) are switched off. On those anybody could use any name.
 * - `authorization.sources` is replaced: the rules of the contract, and nothing else.
 * - **Revocation: none.** EMQX fetches lists over HTTP from the distribution point that is named in a client's certificate
 *   (`enable_crl_check`), and those of `@secure-esp/pki` name none, so the check stays off. A revoked certificate is accepted
 *   until its end: ban the name in EMQX, too (Dashboard, or its API `/api/v5/banned`), or use Mosquitto.
 *
 * Throws `bad_option` for a relative path, a value that the configuration cannot carry, or without operators; `ProtocolError`
 * `invalid_definition` for an operator's name that cannot stand in EMQX's rules.
 * Source: EMQX 5 documentation, "Listener Configuration", "CRL Check", "Use ACL File", "X.509 Certificate Authentication".
 */
export function emqxConfig(options: EmqxConfigOptions): EmqxFiles {
  const { tls, dir, operators, host = '127.0.0.1', protocol = secureEspV1 } = options;
  if (operators.length === 0) throw new BrokerError('bad_option', 'operators: name at least one');
  const limits = resolveLimits(options.limits);
  const file = (name: string, path: string): string => {
    if (!isAbsolute(path)) throw new BrokerError('bad_option', `${name} must be an absolute path`);
    return hoconString(name, path);
  };
  const listener = (
    name: 'operators' | 'devices',
    port: number,
    ca: string,
    type: 'ssl' | 'wss' = 'ssl',
    settings: readonly Setting[] = [],
  ): readonly string[] =>
    block(`listeners.${type}.${name}`, [
      ['bind', hoconString('host', `${address(host)}:${tcpPort(`${name} port`, port)}`)],
      ['zone', name],
      ...settings,
      ['max_connections', String(limits.maxConnections)],
      ['ssl_options.cacertfile', ca],
      ['ssl_options.certfile', file('tls.certPath', tls.certPath)],
      ['ssl_options.keyfile', file('tls.keyPath', tls.keyPath)],
      ['ssl_options.verify', 'verify_peer'],
      ['ssl_options.fail_if_no_peer_cert', 'true'],
      ['ssl_options.versions', '["tlsv1.3", "tlsv1.2"]'],
      ['ssl_options.enable_crl_check', 'false'],
    ]);
  const operatorCa = file('tls.operatorCaPath', tls.operatorCaPath);
  const origins = [...resolveOrigins(options.websocketOrigins)];
  const webSocket: readonly Setting[] = [
    ['websocket.mqtt_path', hoconString('path', WEBSOCKET_PATH)],
    ['websocket.fail_if_no_subprotocol', 'true'],
    ['websocket.supported_subprotocols', hoconString('subprotocol', WEBSOCKET_SUBPROTOCOL)],
    // what sends no Origin is no browser
    ['websocket.check_origin_enable', 'true'],
    ['websocket.allow_origin_absence', 'true'],
    // an empty list would be EMQX's default, its Dashboard
    ['websocket.check_origins', hoconString('websocketOrigins', origins.join(', ') || 'https://none.invalid')],
  ];
  const zone = (name: 'operators' | 'devices', identity: readonly Setting[]): readonly string[] =>
    block(`zones.${name}.mqtt`, [
      ['peer_cert_as_username', 'cn'],
      ...identity,
      ['max_packet_size', `${limits.maxPacketBytes}B`],
      ['max_mqueue_len', String(limits.maxQueuedMessages)],
      ['max_inflight', String(limits.maxInflightMessages)],
    ]);
  const lines = [
    '# For EMQX 5.1 or later: append it to etc/emqx.conf.',
    '',
    '# The listeners that EMQX has by default would let in anybody under any name.',
    ...['tcp', 'ssl', 'ws', 'wss'].map((type) => `listeners.${type}.default.enable = false`),
    '',
    '# enable_crl_check: the certificates name no distribution point to fetch a list from. Ban revoked names in EMQX.',
    ...listener('operators', options.operatorPort ?? DEFAULT_PORTS.operators, operatorCa),
    ...(options.websocketPort === undefined
      ? []
      : listener('operators', options.websocketPort, operatorCa, 'wss', webSocket)),
    ...listener('devices', options.devicePort ?? DEFAULT_PORTS.devices, file('tls.deviceCaPath', tls.deviceCaPath)),
    '',
    ...zone('operators', []),
    '# So a device cannot take another one’s client id, and with it its session.',
    ...zone('devices', [['peer_cert_as_clientid', 'cn']]),
    '',
    '# What is not allowed by the file is denied.',
    'authorization.no_match = deny',
    'authorization.deny_action = ignore',
    `authorization.sources = [{ type = file, enable = true, path = ${file('dir', join(dir, 'emqx_acl.conf'))} }]`,
    '',
  ];
  return { 'secure_esp.conf': lines.join('\n'), 'emqx_acl.conf': generateEmqxAcl(protocol, { operators }) };
}

/** As EMQX's `bind` has it: brackets around an IPv6 address. */
const address = (host: string): string => (host.includes(':') ? `[${host}]` : host);

function tcpPort(name: string, port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new BrokerError('bad_option', `${name} must be an integer in 1..65535, got ${port}`);
}
