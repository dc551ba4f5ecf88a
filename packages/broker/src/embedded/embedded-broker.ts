import { DEFAULT_PORTS, secureEspV1, type Protocol, type Role } from '@secure-esp/protocol';
import { Aedes, type Client, type Connection } from 'aedes';
import type { TLSSocket } from 'node:tls';
import { BrokerError } from '../errors.js';
import type { BrokerEvent } from '../events.js';
import { resolveLimits, type BrokerLimits } from '../limits.js';
import { identify } from '../listener/identity.js';
import { listen, type Listener } from '../listener/tls-listener.js';
import { permissionsOf, type Peer } from '../permissions.js';
import type { RunningBroker } from '../running-broker.js';
import { checkTls, type BrokerTls } from '../tls.js';
import { listenWebSocket } from '../websocket/websocket-listener.js';
import { resolveOrigins, type WebSocketOptions } from '../websocket/websocket-options.js';
import { hardenBroker, hardenClient } from './hardening.js';
import { createHooks } from './hooks.js';

export interface EmbeddedBrokerOptions extends WebSocketOptions {
  /** Certificate and key of the broker, the CAs of its clients, and their revocation lists. */
  readonly tls: BrokerTls;
  /** Contract whose access rules apply. Default: `secureEspV1`. */
  readonly protocol?: Protocol;
  /** Address to bind to. Default `127.0.0.1`; `::` or `0.0.0.0` to be reached by devices. */
  readonly host?: string;
  /** Default 8883; 0 = any free port. */
  readonly operatorPort?: number;
  /** Default 8884; 0 = any free port. */
  readonly devicePort?: number;
  /** What one client may cost the broker. Default of each: see {@link BrokerLimits}. */
  readonly limits?: Partial<BrokerLimits>;
  /** Told about connections and refusals, for the log. */
  readonly onEvent?: (event: BrokerEvent) => void;
}

/** The embedded broker: everything is in memory and gone after `close()`. */
export interface EmbeddedBroker extends RunningBroker {
  readonly kind: 'embedded';
  /**
   * Uses new certificates and revocation lists for connections from now on. Open ones stay, but for those of a CA that is
   * not trusted any more. Throws `bad_tls`.
   */
  reload(tls: BrokerTls): void;
}

/** MQTT 5: Not authorized. */
const REASON_NOT_AUTHORIZED = 0x87;
/** Time for the DISCONNECT packets of `close()`, milliseconds; then sockets are destroyed. */
const CLOSE_GRACE_MS = 1_000;

/**
 * Starts an MQTT 5 broker in this process, for demos, tests and single machines: two TLS listeners, one per CA, with the
 * contract's ACL, and one for operators over WebSocket if it is wanted. Resolves once all listen.
 *
 * Rejects with {@link BrokerError} `bad_tls`, `bad_option`, `port_taken` or `start_failed`; nothing stays open then.
 */
export async function startEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  checkTls(options.tls);
  const limits = resolveLimits(options.limits);
  const origins = resolveOrigins(options.websocketOrigins);
  const host = options.host ?? '127.0.0.1';
  const onEvent = options.onEvent ?? (() => undefined);
  const peers = new WeakMap<Connection, Peer>();
  let ended: (error: Error | undefined) => void = () => undefined;
  const exited = new Promise<Error | undefined>((resolve) => (ended = resolve));

  const broker = await Aedes.createBroker({
    ...createHooks({
      permissions: permissionsOf(options.protocol ?? secureEspV1),
      peerOf: (connection) => peers.get(connection),
      onEvent,
    }),
    connectTimeout: limits.connectDeadlineMs,
    keepaliveLimit: limits.maxKeepaliveSeconds,
    maximumPacketSize: limits.maxPacketBytes,
    sessionExpiryIntervalLimit: limits.maxSessionExpiryHours * 3_600,
    pendingSessionsLimit: limits.maxConnections,
    drainTimeout: 30_000,
  });
  hardenBroker(broker, limits.maxQueuedMessages);
  reportClients(broker, (client) => peers.get(client.conn), onEvent);

  const serve = (connection: Connection, peer: Peer) => {
    peers.set(connection, peer);
    hardenClient(broker.handle(connection));
  };
  const accept = (role: Role) => (socket: TLSSocket) => {
    const identity = identify(socket, role);
    if ('refusal' in identity) {
      onEvent({ type: 'denied', action: 'connect', role, reason: identity.refusal });
      socket.destroy();
      return;
    }
    serve(socket, identity.peer);
  };

  const listeners: Listener[] = [];
  let closing: Promise<void> | undefined;
  const close = (error?: Error) =>
    (closing ??= closeAll(broker, listeners).finally(() => {
      ended(error);
    }));
  const fail = (cause: unknown) => {
    void close(new BrokerError('exited', 'the embedded broker failed and was closed', { cause }));
  };
  // Not in the types: faults of the persistence.
  (broker as NodeJS.EventEmitter).on('error', fail);

  const common = (role: Role, port: number) => ({
    tls: options.tls,
    host,
    port,
    maxConnections: limits.maxConnections,
    handshakeDeadlineMs: limits.connectDeadlineMs,
    onRefused: (reason: string) => {
      onEvent({ type: 'denied', action: 'connect', role, reason });
    },
    onFault: fail,
  });
  const keep = (listener: Listener): Listener => {
    listeners.push(listener);
    return listener;
  };
  const open = async (role: Role, port: number) =>
    keep(await listen({ ...common(role, port), role, onConnection: accept(role) }));
  const openWebSocket = async (port: number) =>
    keep(
      await listenWebSocket({
        ...common('operator', port),
        origins,
        maxPacketBytes: limits.maxPacketBytes,
        onClient: serve,
      }),
    );
  try {
    const operators = await open('operator', options.operatorPort ?? DEFAULT_PORTS.operators);
    const devices = await open('device', options.devicePort ?? DEFAULT_PORTS.devices);
    const { websocketPort: wanted } = options;
    const webSockets = wanted === undefined ? undefined : await openWebSocket(wanted);
    return {
      kind: 'embedded',
      host,
      operatorPort: operators.port,
      devicePort: devices.port,
      websocketPort: webSockets?.port,
      exited,
      close: () => close(),
      [Symbol.asyncDispose]: () => close(),
      reload(tls) {
        if (closing !== undefined) throw new BrokerError('closed', 'the broker is closed');
        checkTls(tls);
        for (const listener of listeners) listener.setTls(tls);
      },
      disconnect: (peer) => disconnect(broker, peer, (client) => peers.get(client.conn)),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function reportClients(
  broker: Aedes,
  peerOf: (client: Client) => Peer | undefined,
  onEvent: (event: BrokerEvent) => void,
): void {
  broker.on('clientReady', (client) => {
    const peer = peerOf(client);
    if (peer) onEvent({ type: 'connected', role: peer.role, clientId: client.id, identity: peer.commonName });
  });
  broker.on('clientDisconnect', (client) => {
    const peer = peerOf(client);
    if (peer) onEvent({ type: 'disconnected', role: peer.role, clientId: client.id });
  });
}

async function disconnect(
  broker: Aedes,
  { role, commonName }: Peer,
  peerOf: (client: Client) => Peer | undefined,
): Promise<number> {
  const { clients } = broker as unknown as { clients: Record<string, Client> };
  const theirs = Object.values(clients).filter((client) => {
    const peer = peerOf(client);
    return peer?.role === role && peer.commonName === commonName;
  });
  const end = (client: Client): Promise<void> =>
    new Promise((resolve) => {
      client.disconnect({ reasonCode: REASON_NOT_AUTHORIZED }, resolve);
    });
  await Promise.all(theirs.map(end));
  return theirs.length;
}

async function closeAll(broker: Aedes, listeners: readonly Listener[]): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, CLOSE_GRACE_MS);
    broker.close(() => {
      clearTimeout(timer);
      resolve();
    });
  });
  await Promise.all(listeners.map((listener) => listener.close()));
}
