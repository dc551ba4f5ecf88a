import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { PkiError } from '../../errors.js';
import type { Pem } from '../../pem.js';
import type { EstEventListener } from '../handler/est-event.js';
import type { EstHandler } from '../handler/est-handler.js';
import { toEstListener } from './est-listener.js';

/** What one client, and all together, may cost an enrolment server. */
export interface EstPortLimits {
  /** Further connections are refused. Default 256, of each listener. */
  readonly maxConnections?: number;
  /** A connection on which nothing moves is cut, milliseconds. Default 15 s. */
  readonly idleTimeoutMs?: number;
  /** Longest TLS handshake, longest request, and twice it for a request with its reply, milliseconds. Default 20 s. */
  readonly requestTimeoutMs?: number;
  /** What `close` grants to running requests, milliseconds. Default 5 s. */
  readonly closeTimeoutMs?: number;
}

export interface EstPortTls {
  readonly cert: Pem;
  readonly key: Pem;
  /** what a client's certificate is checked by */
  readonly ca: Pem;
}

const MAX_HEADER_BYTES = 8 * 1024;
const KEEP_ALIVE_MS = 5000;
const MIN_VERSION = 'TLSv1.2';

/** One TLS listener with one handler. */
export class EstPort {
  readonly #server: Server;
  readonly #closeTimeoutMs: number;
  readonly #sockets = new Set<Socket>();
  readonly #idle = new Set<Socket>();
  #closing = false;

  constructor(handler: EstHandler, tls: EstPortTls, limits: EstPortLimits, emit: EstEventListener) {
    const { requestTimeoutMs = 20_000 } = limits;
    this.#closeTimeoutMs = limits.closeTimeoutMs ?? 5000;
    const options = {
      ...tls,
      minVersion: MIN_VERSION,
      // who has no certificate may show a claim; whoever has one is judged by the handler
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(5000, requestTimeoutMs),
      maxHeaderSize: MAX_HEADER_BYTES,
    } as const;
    const listener = toEstListener(handler, { requestTimeoutMs: 2 * requestTimeoutMs });
    this.#server = withTlsErrors(() => createServer(options, listener));
    this.#server.maxConnections = limits.maxConnections ?? 256;
    this.#server.setTimeout(limits.idleTimeoutMs ?? 15_000);
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#watch(emit);
  }

  async listen(port: number, host: string | undefined): Promise<number> {
    this.#server.listen({ port, ...(host === undefined ? {} : { host }) });
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** @throws PkiError `ERR_PKI_KEY` */
  reloadTls(tls: EstPortTls): void {
    withTlsErrors(() => {
      this.#server.setSecureContext({ ...tls, minVersion: MIN_VERSION });
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (!this.#server.listening) return;
    const deadline = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, this.#closeTimeoutMs);
    try {
      const closed = once(this.#server, 'close');
      this.#server.close();
      // Node waits for those that never sent a request
      for (const socket of this.#idle) socket.destroySoon();
      await closed;
    } finally {
      clearTimeout(deadline);
    }
  }

  #watch(emit: EstEventListener): void {
    // Sockets in their TLS handshake are no HTTP connections yet: only this knows them.
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      const address = socket.remoteAddress;
      const code = error.code ?? error.name;
      emit({ type: 'handshake_failed', code, ...(address === undefined ? {} : { address }) });
    });
    this.#server.on('secureConnection', (socket) => {
      // a handshake that ended after `close` was called
      if (this.#closing) socket.destroySoon();
      this.#idle.add(socket);
      socket.once('close', () => this.#idle.delete(socket));
    });
    this.#server.on('request', ({ socket }, response) => {
      this.#idle.delete(socket);
      response.once('close', () => {
        if (socket.destroyed) return;
        // a connection that was busy when `close` was called would otherwise wait out its keep-alive time
        if (this.#closing) socket.destroySoon();
        else this.#idle.add(socket);
      });
    });
  }
}

function withTlsErrors<T>(action: () => T): T {
  try {
    return action();
  } catch {
    // OpenSSL's error may quote its input: it is not passed on
    throw new PkiError('ERR_PKI_KEY', 'tls.cert or tls.key does not parse, or they do not belong together', {
      field: 'tls',
    });
  }
}
