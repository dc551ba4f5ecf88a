import { isAbsolute, join } from 'node:path';
import { DEFAULT_PORTS, secureEspV1, type Protocol } from '@secure-esp/protocol';
import { BrokerError } from '../errors.js';
import { resolveLimits, type BrokerLimits } from '../limits.js';
import { toMosquittoAcl } from './mosquitto-acl.js';

/** Files of the broker, all PEM. */
export interface BrokerTlsPaths {
  /** The broker's certificate, followed by its intermediates. */
  readonly certPath: string;
  /** Its private key. */
  readonly keyPath: string;
  /** CA of the operators' certificates (`ca/certs/ca.crt`). */
  readonly operatorCaPath: string;
  /** CA of the devices' certificates. */
  readonly deviceCaPath: string;
  /** Revocation list of the operators' CA. Default: none. */
  readonly operatorCrlPath?: string;
  /** Revocation list of the devices' CA. Default: none. */
  readonly deviceCrlPath?: string;
}

/** What {@link mosquittoConfig} makes its files from. */
export interface MosquittoConfigOptions {
  /** Absolute paths. */
  readonly tls: BrokerTlsPaths;
  /** Absolute path of the folder that the three files will be in; the store too, if `persistence` is on. */
  readonly dir: string;
  /** Contract whose access rules apply. Default: `secureEspV1`. */
  readonly protocol?: Protocol;
  /** Address to bind to. Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 8883. */
  readonly operatorPort?: number;
  /** Default 8884. */
  readonly devicePort?: number;
  /** What one client may cost the broker. Default of each: see {@link BrokerLimits}. */
  readonly limits?: Partial<BrokerLimits>;
  /**
   * Absolute path of a Unix socket on which clients need no certificate, to end connections; nothing can be published or
   * heard there. Without spaces, in a folder that nobody else enters. Default: none.
   */
  readonly adminSocketPath?: string;
  /**
   * Absolute path of a Unix socket on which clients need no certificate and may do what operators may: for a listener in front
   * of Mosquitto that has checked their certificates, such as that of `startMosquitto` for WebSockets. Whoever enters its
   * folder is an operator. Without spaces. Default: none.
   */
  readonly operatorSocketPath?: string;
  /** Keep retained messages and sessions in `dir` over a restart. Default false. */
  readonly persistence?: boolean;
  /**
   * System user that Mosquitto becomes when started as root. Default: no line, so Mosquitto's own default `mosquitto`, which
   * must then be able to read `keyPath`. Without root it has no effect.
   */
  readonly user?: string;
}

/** Names of the files that make up a configuration. */
export interface MosquittoFiles {
  readonly 'mosquitto.conf': string;
  readonly 'operators.acl': string;
  readonly 'devices.acl': string;
  /** With `adminSocketPath`. */
  readonly 'admin.acl'?: string;
}

/**
 * Mosquitto's configuration with the same two listeners, rules and limits as the embedded broker. Pure: writes nothing. For
 * Mosquitto 2.0.
 *
 * Throws `bad_option` for a relative path, or a value that a configuration line cannot carry (line breaks, spaces at the ends).
 */
export function mosquittoConfig(options: MosquittoConfigOptions): MosquittoFiles {
  const { tls, dir } = options;
  const protocol = options.protocol ?? secureEspV1;
  const limits = resolveLimits(options.limits);
  const file = (name: string, path: string) => {
    if (!isAbsolute(path)) throw new BrokerError('bad_option', `${name} must be an absolute path`);
    return value(name, path);
  };
  const listener = (name: 'operators' | 'devices', port: number, ca: string, crl: string | undefined) => [
    '',
    `# ${name}`,
    `listener ${tcpPort(`${name} port`, port)} ${value('host', options.host ?? '127.0.0.1')}`,
    `cafile ${ca}`,
    `certfile ${file('tls.certPath', tls.certPath)}`,
    `keyfile ${file('tls.keyPath', tls.keyPath)}`,
    ...(crl === undefined ? [] : [`crlfile ${crl}`]),
    'tls_version tlsv1.2',
    'require_certificate true',
    'use_identity_as_username true',
    // So a device cannot take another one's client id, and with it its session.
    ...(name === 'devices' ? ['use_username_as_clientid true'] : []),
    'allow_anonymous false',
    `acl_file ${file('dir', join(dir, `${name}.acl`))}`,
    `max_connections ${limits.maxConnections}`,
  ];
  const crl = (name: 'operatorCrlPath' | 'deviceCrlPath') =>
    tls[name] === undefined ? undefined : file(`tls.${name}`, tls[name]);
  const lines = [
    'per_listener_settings true',
    ...(options.user === undefined ? [] : [`user ${value('user', options.user)}`]),
    ...(options.persistence === true
      ? ['persistence true', `persistence_location ${file('dir', dir)}/`]
      : ['persistence false']),
    'log_dest stderr',
    ...['error', 'warning', 'notice', 'information'].map((type) => `log_type ${type}`),
    'connection_messages true',
    'set_tcp_nodelay true',
    `max_packet_size ${limits.maxPacketBytes}`,
    `max_queued_messages ${limits.maxQueuedMessages}`,
    `max_inflight_messages ${limits.maxInflightMessages}`,
    `max_keepalive ${limits.maxKeepaliveSeconds}`,
    `persistent_client_expiration ${limits.maxSessionExpiryHours}h`,
    ...listener(
      'operators',
      options.operatorPort ?? DEFAULT_PORTS.operators,
      file('tls.operatorCaPath', tls.operatorCaPath),
      crl('operatorCrlPath'),
    ),
    ...listener(
      'devices',
      options.devicePort ?? DEFAULT_PORTS.devices,
      file('tls.deviceCaPath', tls.deviceCaPath),
      crl('deviceCrlPath'),
    ),
    ...(options.adminSocketPath === undefined
      ? []
      : socketListener({
          name: 'adminSocketPath',
          comment: 'whoever enters the folder of this socket may end connections, and nothing else',
          socket: file('adminSocketPath', options.adminSocketPath),
          acl: file('dir', join(dir, 'admin.acl')),
        })),
    ...(options.operatorSocketPath === undefined
      ? []
      : socketListener({
          name: 'operatorSocketPath',
          comment: 'operators whose certificates were checked in front of this socket',
          socket: file('operatorSocketPath', options.operatorSocketPath),
          acl: file('dir', join(dir, 'operators.acl')),
        })),
    '',
  ];
  return {
    'mosquitto.conf': lines.join('\n'),
    'operators.acl': toMosquittoAcl(protocol, 'operator'),
    'devices.acl': toMosquittoAcl(protocol, 'device'),
    ...(options.adminSocketPath === undefined ? {} : { 'admin.acl': 'topic deny #\n' }),
  };
}

function socketListener(listener: { name: string; comment: string; socket: string; acl: string }): readonly string[] {
  // Mosquitto would listen at what is before the space
  if (/\s/.test(listener.socket)) throw new BrokerError('bad_option', `${listener.name} must not have spaces`);
  return [
    '',
    `# ${listener.comment}`,
    `listener 0 ${listener.socket}`,
    'allow_anonymous true',
    `acl_file ${listener.acl}`,
  ];
}

/** A value is the rest of its line: a line break in it would be a second setting. */
function value(name: string, text: string): string {
  if (text === '' || text !== text.trim() || /\p{Cc}/u.test(text)) {
    throw new BrokerError('bad_option', `${name}: empty, or has control characters or spaces at its ends`);
  }
  return text;
}

function tcpPort(name: string, port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new BrokerError('bad_option', `${name} must be an integer in 1..65535, got ${port}`);
}
