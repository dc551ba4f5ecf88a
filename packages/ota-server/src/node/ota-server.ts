import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { type SecureContextOptions, TLSSocket } from 'node:tls';
import { DEFAULT_PORTS } from '@secure-esp/protocol';
import { OtaError } from '../errors.js';
import { createOtaHandler, type OtaHandlerOptions } from '../handler/ota-handler.js';
import { isolate, type OtaEventListener } from '../handler/ota-event.js';
import { type ClientAuthorities, clientOfSocket, readCertificates } from './client-certificate.js';
import { toNodeListener } from './node-listener.js';

export interface OtaServerTls {
  /** Certificate of the server in PEM, followed by its intermediates. */
  readonly cert: string;
  /** Its private key in PEM. */
  readonly key: string;
  /** CA certificates (PEM) that make devices. */
  readonly deviceCa: string;
  /** CA certificates (PEM) that make operators. Default: none, only devices can connect. */
  readonly operatorCa?: string;
}

export interface OtaServerOptions extends OtaHandlerOptions {
  readonly tls: OtaServerTls;
  /** Default: all interfaces. */
  readonly host?: string;
  /** Default 8070; 0 takes a free one. */
  readonly port?: number;
  /** Further connections are refused. Default 1024. */
  readonly maxConnections?: number;
  /** A connection on which nothing moves is cut, milliseconds. Default 30 s. */
  readonly idleTimeoutMs?: number;
  /** Longest TLS handshake, and longest time to send a request's headers, milliseconds. Default 10 s each. */
  readonly requestTimeoutMs?: number;
  /** Longest time for one reply, milliseconds. Default 30 minutes. */
  readonly replyTimeoutMs?: number;
  /** What `close` grants to running downloads, milliseconds. Default 10 s. */
  readonly closeTimeoutMs?: number;
}

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
  /** Accepts nothing new, lets running downloads end for `closeTimeoutMs`, then cuts them. Idempotent. */
  close(): Promise<void>;
  /** The server beneath, for what this interface does not offer. */
  readonly server: Server;
}

const MAX_HEADER_BYTES = 8 * 1024;
const KEEP_ALIVE_MS = 5000;

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
  readonly #sockets = new Set<Socket>();
  #authorities: ClientAuthorities;
  #closing: Promise<void> | undefined;

  constructor(options: OtaServerOptions) {
    const { replyTimeoutMs, requestTimeoutMs = 10_000 } = options;
    this.#authorities = readAuthorities(options.tls);
    this.#host = options.host;
    this.#port = options.port ?? DEFAULT_PORTS.ota;
    this.#closeTimeoutMs = options.closeTimeoutMs ?? 10_000;
    const listener = toNodeListener(createOtaHandler(options), {
      clientOf: ({ socket }) => (socket instanceof TLSSocket ? clientOfSocket(socket, this.#authorities) : undefined),
      ...(replyTimeoutMs === undefined ? {} : { replyTimeoutMs }),
    });
    const limits = {
      handshakeTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(5000, requestTimeoutMs),
      maxHeaderSize: MAX_HEADER_BYTES,
    };
    const verification = { requestCert: true, rejectUnauthorized: true };
    this.server = withTlsErrors(() =>
      createServer({ ...secureContextOf(options.tls), ...verification, ...limits }, listener),
    );
    this.server.maxConnections = options.maxConnections ?? 1024;
    this.server.setTimeout(options.idleTimeoutMs ?? 30_000);
    this.server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#watch(isolate(options.onEvent));
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
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #watch(emit: OtaEventListener): void {
    // Sockets in their TLS handshake are no HTTP connections yet: only this knows them.
    this.server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      const address = socket.remoteAddress;
      const code = refusalOfCertificate(socket) ?? error.code ?? error.name;
      emit({ type: 'handshake_failed', code, ...(address === undefined ? {} : { address }) });
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
    if (!this.server.listening) return;
    const deadline = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
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

const readAuthorities = ({ deviceCa, operatorCa }: OtaServerTls): ClientAuthorities =>
  Object.freeze({
    device: readCertificates(deviceCa, 'tls.deviceCa'),
    operator: operatorCa === undefined ? [] : readCertificates(operatorCa, 'tls.operatorCa'),
  });

const secureContextOf = ({ cert, key, deviceCa, operatorCa }: OtaServerTls): SecureContextOptions => ({
  cert,
  key,
  ca: [deviceCa, ...(operatorCa === undefined ? [] : [operatorCa])],
  minVersion: 'TLSv1.2',
});

/** OpenSSL's word for what is wrong with the client's certificate. Node's types say Error, Node says string. */
function refusalOfCertificate(socket: TLSSocket): string | undefined {
  const reason: unknown = socket.authorizationError;
  return typeof reason === 'string' ? reason : undefined;
}

function withTlsErrors<T>(action: () => T): T {
  try {
    return action();
  } catch {
    // OpenSSL's error may quote its input: it is not passed on
    throw new OtaError('bad_certificate', 'tls.cert or tls.key does not parse, or they do not belong together');
  }
}
