// The default export: the build for browsers has no other.
import mqttJs, { type IClientOptions, type IClientPublishOptions, type IStore } from 'mqtt';
import { asBuffer } from '../bytes.js';
import type { LinkOptions, OutgoingMessage, TlsOptions } from './link.js';

/** More than any topic of a contract needs (payloads end at 64 KiB); a bigger packet is not worth its memory. */
const MAXIMUM_PACKET_BYTES = 131_072;

/** mqtt.js's options for one connection that it must not remake by itself. */
export function toClientOptions(
  options: LinkOptions,
  tls: TlsOptions | undefined,
): IClientOptions & { minVersion: 'TLSv1.2' } {
  const { url } = options;
  return {
    protocol: url.protocol.replace(':', '') as 'mqtts',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.protocol.startsWith('ws') ? { path: url.pathname } : {}),
    ...(tls === undefined ? {} : { ca: tls.ca, cert: tls.cert, key: tls.key }),
    ...(tls?.servername === undefined ? {} : { servername: tls.servername }),
    rejectUnauthorized: options.verifyServer,
    minVersion: 'TLSv1.2',
    clientId: options.clientId,
    protocolVersion: 5,
    clean: true,
    keepalive: options.keepAliveSeconds,
    // Ours fires first; this one only frees the socket if a test's timers never fire.
    connectTimeout: options.connectDeadlineMs + 1_000,
    reconnectPeriod: 0,
    outgoingStore: forgetfulStore(),
    resubscribe: false,
    // Handlers first, then the socket: messages that arrive with CONNACK would be lost otherwise.
    manualConnect: true,
    properties: { sessionExpiryInterval: 0, maximumPacketSize: MAXIMUM_PACKET_BYTES },
  };
}

/** mqtt.js keeps copies of what is not acknowledged to send it again. No link reconnects, so nothing is ever sent again. */
function forgetfulStore(): IStore {
  const store: IStore = new mqttJs.Store();
  store.put = (_, done) => {
    done();
    return store;
  };
  store.del = (_, done) => {
    done();
    return store;
  };
  return store;
}

/** mqtt.js's options for one message. */
export function toPublishOptions(message: OutgoingMessage): IClientPublishOptions {
  const { qos, retain = false, expirySeconds, responseTopic, correlationData } = message;
  const properties: NonNullable<IClientPublishOptions['properties']> = {};
  if (expirySeconds !== undefined) properties.messageExpiryInterval = expirySeconds;
  if (responseTopic !== undefined) properties.responseTopic = responseTopic;
  if (correlationData !== undefined) properties.correlationData = asBuffer(correlationData);
  return { qos, retain, properties };
}
