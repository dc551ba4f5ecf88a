import { connect as connectSocket, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { BrokerEvent } from '../events.js';
import type { BrokerLimits } from '../limits.js';
import type { Peer } from '../permissions.js';
import { connackReason } from '../takeover/connect-packet.js';
import type { BrokerTls } from '../tls.js';
import { listenWebSocket } from '../websocket/websocket-listener.js';
import { readConnectHead } from './connect-head.js';

/** The operators' WebSocket listener in front of a Mosquitto of this program. */
export interface WebSocketGateway {
  readonly port: number;
  /** New certificates and revocation lists, for connections from now on; ends those whose CA is not trusted any more. */
  setTls(tls: BrokerTls): void;
  /** Ends the connections of operators with this name, and tells how many there were. */
  disconnect(commonName: string): Promise<number>;
  close(): Promise<void>;
}

export interface WebSocketGatewayOptions {
  readonly tls: BrokerTls;
  readonly host: string;
  readonly port: number;
  readonly origins: ReadonlySet<string>;
  readonly limits: BrokerLimits;
  /** Where Mosquitto takes whoever comes for an operator. */
  readonly socketPath: string;
  readonly onEvent: (event: BrokerEvent) => void;
  /** The listener itself failed. */
  readonly onFault: (error: Error) => void;
}

/**
 * Mosquitto 2.0's own `protocol websockets` ignores revocation lists, packet limits and `Origin`, and takes TLS 1.1. So the
 * connection ends here, is checked as by the embedded broker, and what is in it goes on to a Unix socket of Mosquitto.
 *
 * Rejects with `port_taken` or `start_failed`.
 */
export async function startWebSocketGateway(options: WebSocketGatewayOptions): Promise<WebSocketGateway> {
  const { limits, onEvent } = options;
  const open = new Map<Duplex, Peer>();
  const listener = await listenWebSocket({
    ...options,
    maxConnections: limits.maxConnections,
    maxPacketBytes: limits.maxPacketBytes,
    handshakeDeadlineMs: limits.connectDeadlineMs,
    onRefused: (reason) => {
      onEvent({ type: 'denied', action: 'connect', role: 'operator', reason });
    },
    onClient: (stream, peer) => {
      open.set(stream, peer);
      stream.once('close', () => open.delete(stream));
      // its 'close' follows
      stream.on('error', () => undefined);
      untilConnect(stream, limits, (clientId, received) => {
        const upstream = connectSocket(options.socketPath);
        upstream.write(received);
        join(stream, upstream);
        reportClient({ stream, upstream, clientId, peer, onEvent });
      });
    },
  });
  return {
    port: listener.port,
    setTls: (tls) => {
      listener.setTls(tls);
    },
    async disconnect(commonName) {
      const theirs = [...open].filter(([, peer]) => peer.commonName === commonName).map(([stream]) => stream);
      await Promise.all(theirs.map(end));
      return theirs.length;
    },
    close: () => listener.close(),
  };
}

/** Collects the CONNECT packet, and ends a client that sends something else, or nothing. */
function untilConnect(
  stream: Duplex,
  { connectDeadlineMs, maxPacketBytes }: BrokerLimits,
  onConnect: (clientId: string, received: Buffer) => void,
): void {
  const timer = setTimeout(() => stream.destroy(), connectDeadlineMs);
  stream.once('close', () => {
    clearTimeout(timer);
  });
  let received: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    const head = readConnectHead(received, maxPacketBytes);
    if (head.state === 'incomplete') return;
    clearTimeout(timer);
    stream.off('data', onData).pause();
    if (head.state === 'malformed') stream.destroy();
    else onConnect(head.clientId, received);
  };
  stream.on('data', onData);
}

/** Each side's bytes and end become the other's. */
function join(stream: Duplex, upstream: Socket): void {
  // its 'close' follows
  upstream.on('error', () => undefined);
  upstream.once('close', () => stream.destroy());
  stream.once('close', () => upstream.destroy());
  stream.pipe(upstream).pipe(stream);
}

/** Mosquitto's log has neither role nor name for what comes through its socket. */
function reportClient(client: {
  stream: Duplex;
  upstream: Socket;
  clientId: string;
  peer: Peer;
  onEvent: (event: BrokerEvent) => void;
}): void {
  const { stream, upstream, clientId, peer, onEvent } = client;
  let answer: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    answer = Buffer.concat([answer, chunk]);
    const reason = connackReason(answer);
    if (reason === undefined) return;
    upstream.off('data', onData);
    if (reason === 0) {
      onEvent({ type: 'connected', role: peer.role, clientId, identity: peer.commonName });
      stream.once('close', () => {
        onEvent({ type: 'disconnected', role: peer.role, clientId });
      });
    } else {
      onEvent({ type: 'denied', action: 'connect', role: peer.role, clientId, reason: `reason code ${reason}` });
    }
  };
  upstream.on('data', onData);
}

const end = (stream: Duplex): Promise<void> =>
  new Promise((resolve) => {
    stream.once('close', resolve);
    stream.destroy();
  });
