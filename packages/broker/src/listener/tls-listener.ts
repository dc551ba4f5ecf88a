import { constants, type X509Certificate } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Role } from '@secure-esp/protocol';
import { BrokerError } from '../errors.js';
import { type BrokerTls, splitCertificates, splitCrls } from '../tls.js';

/** One TLS server that asks for a certificate of one CA. */
export interface Listener {
  readonly port: number;
  /** New certificates and revocation lists, for connections from now on; ends those whose CA is not trusted any more. */
  setTls(tls: BrokerTls): void;
  /** Stops listening and ends every socket, also those in the middle of a handshake. */
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly role: Role;
  readonly tls: BrokerTls;
  readonly host: string;
  readonly port: number;
  readonly maxConnections: number;
  readonly handshakeDeadlineMs: number;
  /** Default: a TLS server. One of HTTPS is a TLS server, too. */
  readonly createServer?: (options: TlsOptions) => Server;
  /** A handshake has succeeded. */
  readonly onConnection: (socket: TLSSocket) => void;
  /** A connection was refused before any MQTT. */
  readonly onRefused: (reason: string) => void;
  /** The server itself failed after it had listened. */
  readonly onFault: (error: Error) => void;
}

/** Rejects with `port_taken`, or `start_failed` if the address cannot be listened on for another reason. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { role, host, port } = options;
  const sockets = new Set<Socket>();
  const clients = new Set<TLSSocket>();
  const create = options.createServer ?? createServer;
  const server = create({
    ...contextOf(options.tls, role),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: options.handshakeDeadlineMs,
  });
  server.on('secureConnection', (socket) => {
    socket.setNoDelay(true);
    clients.add(socket);
    socket.once('close', () => clients.delete(socket));
    options.onConnection(socket);
  });
  server.maxConnections = options.maxConnections;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (error, socket) => {
    options.onRefused(error.message);
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenError(error, role, host, port));
    });
    server.listen({ host, port }, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', options.onFault);
  return {
    port: (server.address() as AddressInfo).port,
    setTls: (tls) => {
      server.setSecureContext(contextOf(tls, role));
      const roots = splitCertificates(role === 'operator' ? tls.operatorCa : tls.deviceCa);
      for (const client of clients) if (!isTrusted(client, roots)) client.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** By its chain as the client sent it, up to a certificate that one of the roots has signed. */
function isTrusted(client: TLSSocket, roots: readonly X509Certificate[]): boolean {
  const seen = new Set<string>();
  for (let one = client.getPeerX509Certificate(); one && !seen.has(one.fingerprint256); one = one.issuerCertificate) {
    seen.add(one.fingerprint256);
    const certificate = one;
    if (roots.some((root) => certificate.checkIssued(root) && certificate.verify(root.publicKey))) return true;
  }
  return false;
}

function contextOf(tls: BrokerTls, role: Role): SecureContextOptions {
  const crl = role === 'operator' ? tls.operatorCrl : tls.deviceCrl;
  return {
    cert: tls.cert,
    key: tls.key,
    ca: role === 'operator' ? tls.operatorCa : tls.deviceCa,
    ...(crl === undefined ? {} : { crl: splitCrls(crl) }),
    minVersion: 'TLSv1.2',
    // A resumed session is not verified again: a revoked certificate would live on in its ticket.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

function listenError(cause: NodeJS.ErrnoException, role: Role, host: string, port: number): BrokerError {
  return cause.code === 'EADDRINUSE'
    ? new BrokerError('port_taken', `port ${port} (${role}s) is taken by another program on ${host}`, { cause, port })
    : new BrokerError('start_failed', `cannot listen on ${host} port ${port} (${role}s): ${cause.code ?? 'unknown'}`, {
        cause,
        port,
      });
}
