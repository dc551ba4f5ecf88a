import { createServer as createHttpsServer } from 'node:https';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { identify } from '../listener/identity.js';
import { listen, type Listener, type ListenerOptions } from '../listener/tls-listener.js';
import type { Peer } from '../permissions.js';
import { WEBSOCKET_PATH, WEBSOCKET_SUBPROTOCOL } from './websocket-options.js';

export interface WebSocketListenerOptions extends Omit<ListenerOptions, 'role' | 'createServer' | 'onConnection'> {
  readonly origins: ReadonlySet<string>;
  readonly maxPacketBytes: number;
  /** The bytes of one connection, whatever their frames were. */
  readonly onClient: (stream: Duplex, peer: Peer) => void;
}

/** One frame may carry several packets, and ws holds it until it is whole. */
const MIN_FRAME_LIMIT_BYTES = 65_536;
const MAX_HEADER_BYTES = 8_192;
/** RFC 6455, 7.4.1: data of a type that cannot be accepted. MQTT is in binary frames only (MQTT 5, section 6). */
const CLOSE_UNSUPPORTED_DATA = 1003;

/**
 * The operators' listener for MQTT over WebSocket: HTTPS with a client certificate of their CA, and nothing but the upgrade
 * on one path. Rejects like {@link listen}.
 */
export function listenWebSocket(options: WebSocketListenerOptions): Promise<Listener> {
  const { handshakeDeadlineMs, onRefused, onClient } = options;
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // compressed together with what an attacker chose, secrets can be guessed by their length
    perMessageDeflate: false,
    maxPayload: Math.max(MIN_FRAME_LIMIT_BYTES, options.maxPacketBytes),
    handleProtocols: () => WEBSOCKET_SUBPROTOCOL,
  });
  webSockets.on('wsClientError', (error, socket) => {
    onRefused(error.message);
    socket.destroy();
  });

  const upgrade = (request: IncomingMessage, socket: TLSSocket, head: Buffer): void => {
    const refusal = refusalOf(request, options.origins);
    const identity = refusal ?? identify(socket, 'operator');
    if ('refusal' in identity) {
      onRefused(identity.refusal);
      refuse(socket, refusal?.status ?? 403);
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const stream = createWebSocketStream(webSocket);
      webSocket.on('message', (_data, isBinary) => {
        if (isBinary) return;
        webSocket.close(CLOSE_UNSUPPORTED_DATA);
        stream.destroy();
      });
      onClient(stream, identity.peer);
    });
  };

  return listen({
    ...options,
    role: 'operator',
    // MQTT begins with the upgrade
    onConnection: () => undefined,
    createServer: (tlsOptions) =>
      createHttpsServer({
        ...tlsOptions,
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: handshakeDeadlineMs,
        requestTimeout: handshakeDeadlineMs,
        connectionsCheckingInterval: Math.ceil(handshakeDeadlineMs / 4),
      })
        .on('request', (_request, response) => {
          response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end();
        })
        .on('upgrade', (request, socket, head) => {
          if (socket instanceof TLSSocket) upgrade(request, socket, head);
          else socket.destroy();
        }),
  });
}

/** What is wrong with the request, as HTTP and as a sentence for the log. ws checks the rest of the handshake. */
function refusalOf(
  request: IncomingMessage,
  origins: ReadonlySet<string>,
): { readonly status: 400 | 403 | 404; readonly refusal: string } | undefined {
  const [path] = (request.url ?? '').split('?');
  if (path !== WEBSOCKET_PATH) return { status: 404, refusal: `WebSocket: the path must be ${WEBSOCKET_PATH}` };
  const { origin } = request.headers;
  if (origin !== undefined && !origins.has(origin)) {
    return { status: 403, refusal: `WebSocket: pages of ${JSON.stringify(origin.slice(0, 256))} may not connect` };
  }
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.includes(WEBSOCKET_SUBPROTOCOL)
    ? undefined
    : { status: 400, refusal: `WebSocket: the subprotocol must be ${WEBSOCKET_SUBPROTOCOL}` };
}

function refuse(socket: Duplex, status: number): void {
  socket.on('error', () => {
    socket.destroy();
  });
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
