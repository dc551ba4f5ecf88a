import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { TLSSocket } from 'node:tls';
import { DEFAULT_PORTS } from '@secure-esp/protocol';
import { OtaError } from '../errors.js';
import { type IsRevoked, isRevokedClient } from '../handler/authorize.js';
import { createOtaHandler, type OtaHandlerOptions } from '../handler/ota-handler.js';
import { isolate, type OtaEventListener } from '../handler/ota-event.js';
import type { OtaClient } from '../http/ota-exchange.js';
import { type ClientAuthorities, clientOfSocket } from './client-certificate.js';
import { type Connections, cutSlowReaders, trackConnections } from './connections.js';
import { toNodeListener } from './node-listener.js';
import { OTA_SERVER_DEFAULTS, type OtaServerLimits, resolveServerLimits } from './server-limits.js';
import { checkTicketKeys, type OtaServerTls, readAuthorities, secureContextOf, withTlsErrors } from './server-tls.js';

/**
 * With `dangerouslyServeWithoutClientCertificate`, the TLS handshake succeeds without a certificate, or with one that does
 * not verify, until the server is restarted after the date; the handler refuses such clients everything else.
 */
export interface OtaServerOptions extends OtaHandlerOptions, OtaServerLimits {
  /** Certificate and key of the server, and the CAs of its clients. */
  readonly tls: OtaServerTls;
  /** Default: all interfaces. */
  readonly host?: string;
  /** Default 8070; 0 takes a free one. */
  readonly port?: number;
  /**
   * Keys of the TLS session tickets, 48 random bytes: the same for several processes behind one address, so that a session
   * of one is resumed by the others. Secret: whoever has them can read TLS 1.2 sessions, and resume sessions of others.
   * Default: random ones.
   */
  readonly ticketKeys?: Buffer;
}

/** A TLS server around a handler, made by {@link createOtaServer}. Nothing listens before `listen`. */
export interface OtaServer extends AsyncDisposable {
  /** Starts listening. Rejects with what the operating system says (`EADDRINUSE`), or `closed`. */
  listen(port?: number, host?: string): Promise<{ readonly port: number }>;
  /** @throws OtaError `not_listening` */
  readonly port: number;
  /**
   * Takes renewed certificates for all connections from now on; open ones stay.
   * @throws OtaError `bad_certificate`, and nothing has changed.
   */
  reloadTls(tls: OtaServerTls): void;
  /**
   * To be called when revocations have changed: from now on no TLS session from before is resumed, and the connections of
   * revoked peers are cut, running downloads, too. Those for which `isRevoked` fails are cut as well (event `failed`).
   * `ticketKeys`: the new keys, 48 bytes, where several processes share them. Default: random ones.
   * @returns how many connections were cut. Rejects with `bad_option`, and nothing has changed.
   */
  revocationsChanged(options?: { readonly ticketKeys?: Buffer }): Promise<{ readonly closed: number }>;
  /** Accepts nothing new, lets running downloads end for `closeTimeoutMs`, then cuts them. Idempotent. */
  close(): Promise<void>;
  /** The server beneath, for what this interface does not offer. */
  readonly server: Server;
}

/**
 * The standalone update server: TLS 1.2 or newer, client certificates required, no listener until `listen`.
 * @throws OtaError `bad_certificate`, `bad_option`
 */
export function createOtaServer(options: OtaServerOptions): OtaServer {
  return new StandaloneOtaServer(options);
}

class StandaloneOtaServer implements OtaServer {
  readonly server: Server;
  readonly #host: string | undefined;
  readonly #port: number;
  readonly #closeTimeoutMs: number;
  readonly #connections: Connections;
  readonly #isRevoked: IsRevoked;
  readonly #emit: OtaEventListener;
  readonly #stopWatching: () => void;
  #authorities: ClientAuthorities;
  #ticketKeys: Buffer | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: OtaServerOptions) {
    const limits = resolveServerLimits(options);
    this.#authorities = readAuthorities(options.tls);
    this.#host = options.host;
    this.#port = options.port ?? DEFAULT_PORTS.ota;
    this.#closeTimeoutMs = limits.closeTimeoutMs;
    this.#isRevoked = options.isRevoked ?? (() => false);
    this.#emit = isolate(options.onEvent);
    const listener = toNodeListener(createOtaHandler(options), {
      clientOf: ({ socket }) => (socket instanceof TLSSocket ? this.#clientOf(socket) : undefined),
      replyTimeoutMs: limits.replyTimeoutMs,
    });
    const http = {
      handshakeTimeout: limits.requestTimeoutMs,
      headersTimeout: limits.requestTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(5000, limits.requestTimeoutMs),
      maxHeaderSize: OTA_SERVER_DEFAULTS.maxHeaderBytes,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
    };
    const verification = {
      requestCert: true,
      rejectUnauthorized: options.dangerouslyServeWithoutClientCertificate === undefined,
    };
    this.server = withTlsErrors(() =>
      createServer({ ...secureContextOf(options.tls), ...verification, ...http }, listener),
    );
    if (options.ticketKeys !== undefined) this.#useTicketKeys(checkTicketKeys(options.ticketKeys));
    this.server.maxConnections = limits.maxConnections;
    this.server.maxRequestsPerSocket = limits.maxRequestsPerConnection;
    this.server.setTimeout(limits.idleTimeoutMs);
    this.#connections = trackConnections(this.server);
    const { minimumBytesPerSecond, slowReaderGraceMs: graceMs } = limits;
    this.#stopWatching = cutSlowReaders(this.server, { minimumBytesPerSecond, graceMs }, (socket) => {
      this.#emit({ type: 'connection_closed', reason: 'too_slow', ...about(this.#clientOf(socket)) });
    });
    this.#watch();
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') {
      throw new OtaError('not_listening', 'the server is not listening');
    }
    return address.port;
  }

  async listen(port = this.#port, host = this.#host): Promise<{ readonly port: number }> {
    if (this.#closing !== undefined) throw new OtaError('closed', 'the server is closed');
    this.server.listen({ port, ...(host === undefined ? {} : { host }) });
    await once(this.server, 'listening');
    return { port: this.port };
  }

  reloadTls(tls: OtaServerTls): void {
    const authorities = readAuthorities(tls);
    withTlsErrors(() => {
      this.server.setSecureContext(secureContextOf(tls));
    });
    this.#authorities = authorities;
    // The new context has made up keys of its own.
    if (this.#ticketKeys !== undefined) this.server.setTicketKeys(this.#ticketKeys);
  }

  async revocationsChanged(options: { readonly ticketKeys?: Buffer } = {}): Promise<{ readonly closed: number }> {
    this.#useTicketKeys(options.ticketKeys === undefined ? randomBytes(48) : checkTicketKeys(options.ticketKeys));
    const cut = await Promise.all([...this.#connections.secured].map((socket) => this.#cutIfRevoked(socket)));
    return { closed: cut.filter((done) => done).length };
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #clientOf(socket: TLSSocket): OtaClient | undefined {
    return clientOfSocket(socket, this.#authorities);
  }

  #useTicketKeys(keys: Buffer): void {
    this.#ticketKeys = keys;
    this.server.setTicketKeys(keys);
  }

  async #cutIfRevoked(socket: TLSSocket): Promise<boolean> {
    const client = socket.destroyed ? undefined : this.#clientOf(socket);
    if (client === undefined) return false;
    try {
      if (!(await isRevokedClient(client, this.#isRevoked)) || socket.destroyed) return false;
      this.#emit({ type: 'connection_closed', reason: 'revoked', client });
    } catch (error) {
      if (socket.destroyed) return false;
      this.#emit({ type: 'failed', error, client });
    }
    socket.destroy();
    return true;
  }

  #watch(): void {
    this.server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      const address = socket.remoteAddress;
      const code = refusalOfCertificate(socket) ?? error.code ?? error.name;
      this.#emit({ type: 'handshake_failed', code, ...(address === undefined ? {} : { address }) });
    });
    const closeIdle = () => {
      this.server.closeIdleConnections();
    };
    // A connection that was busy when `close` was called would otherwise wait out its keep-alive time.
    this.server.on('request', (_request, response) => {
      response.once('close', () => {
        if (this.#closing !== undefined) setImmediate(closeIdle);
      });
    });
  }

  async #shutDown(): Promise<void> {
    this.#stopWatching();
    if (!this.server.listening) return;
    const deadline = setTimeout(() => {
      for (const socket of this.#connections.sockets) socket.destroy();
    }, this.#closeTimeoutMs);
    try {
      const closed = once(this.server, 'close');
      this.server.close();
      await closed;
    } finally {
      clearTimeout(deadline);
    }
  }
}

const about = (client: OtaClient | undefined) => (client === undefined ? {} : { client });

/** OpenSSL's word for what is wrong with the client's certificate. Node's types say Error, Node says string. */
function refusalOfCertificate(socket: TLSSocket): string | undefined {
  const reason: unknown = socket.authorizationError;
  return typeof reason === 'string' ? reason : undefined;
}
