import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { EstHandler } from '../handler/est-handler.js';
import type { EstPeer, EstReply, EstRequest } from '../http/est-exchange.js';

/** How an EST handler takes requests from `node:https`. */
export interface EstListenerOptions {
  /** The client's certificate. Default: of the request's own TLS connection. */
  readonly peerOf?: (request: IncomingMessage) => EstPeer | undefined;
  /** Longest time for one request with its reply, milliseconds. Default 60 s; then the connection is cut. */
  readonly requestTimeoutMs?: number;
}

const LINGER_MS = 1000;
const LINGER_BYTES = 1024 * 1024;

/** A request listener of `node:https`. */
export type EstListener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A handler as the request listener of `node:https`. The server beneath must ask for client certificates without refusing
 * those who have none (`requestCert: true, rejectUnauthorized: false`, `ca`: the device CA): the handler decides.
 */
export function toEstListener(handler: EstHandler, options: EstListenerOptions = {}): EstListener {
  const { peerOf = peerOfConnection, requestTimeoutMs = 60_000 } = options;
  return function estListener(request, response) {
    void respond(handler, peerOf, requestTimeoutMs, request, response);
  };
}

/** What TLS knows of the client of this request. */
function peerOfConnection({ socket }: IncomingMessage): EstPeer | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  // Node's types say Error, Node says string
  const reason: unknown = socket.authorizationError;
  const tlsError = socket.authorized ? undefined : typeof reason === 'string' ? reason : 'UNKNOWN';
  return { certificate: certificate.raw, tlsError };
}

async function respond(
  handler: EstHandler,
  peerOf: (request: IncomingMessage) => EstPeer | undefined,
  requestTimeoutMs: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const controller = new AbortController();
  const abort = () => {
    controller.abort();
  };
  const timer = setTimeout(() => {
    response.destroy();
  }, requestTimeoutMs);
  response.once('close', abort);
  // A reset is seen as 'close'; without a listener the error itself would end the process.
  response.on('error', abort);
  try {
    const reply = await handler.handle(toEstRequest(request, peerOf(request), controller.signal));
    if (!response.destroyed) await write(request, response, reply, controller.signal);
  } catch {
    // The client is gone, or `peerOf` failed: no reply can follow.
    response.destroy();
  } finally {
    clearTimeout(timer);
  }
}

const toEstRequest = (request: IncomingMessage, peer: EstPeer | undefined, signal: AbortSignal): EstRequest => ({
  method: request.method ?? '',
  target: request.url ?? '',
  headers: flatten(request.headers),
  // a body that is not read to its end must not take the connection, and the reply, with it
  body: request.iterator({ destroyOnReturn: false }),
  ...(peer === undefined ? {} : { peer }),
  signal,
});

const flatten = (headers: IncomingHttpHeaders): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );

async function write(
  request: IncomingMessage,
  response: ServerResponse,
  reply: EstReply,
  signal: AbortSignal,
): Promise<void> {
  const early = !request.complete;
  if (early) response.shouldKeepAlive = false;
  response.writeHead(reply.status, { ...reply.headers });
  if (request.method !== 'HEAD') response.write(reply.body);
  // closing while the client still sends would reset the connection, and the reply be lost on its way
  if (early) await linger(request, signal);
  response.end();
  if (!response.writableFinished) await once(response, 'finish', { signal });
}

/** Reads and drops what is left of a request body: for a moment, and not without end. */
async function linger(request: IncomingMessage, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const timer = setTimeout(() => {
    stop.abort();
  }, LINGER_MS);
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > LINGER_BYTES) stop.abort();
  });
  try {
    await once(request.resume(), 'end', { signal: AbortSignal.any([signal, stop.signal]) });
  } catch (error) {
    // enough was read, or the client is gone; either is as good as the end
    if (!stop.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
}
