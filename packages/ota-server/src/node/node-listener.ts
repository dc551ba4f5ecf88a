import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { OtaHandler } from '../handler/ota-handler.js';
import { isOtaTarget } from '../handler/ota-route.js';
import { checkMountPoint, targetBelow } from '../http/mount-point.js';
import type { OtaClient, OtaReply, OtaRequest } from '../http/ota-exchange.js';
import { FIRST_PIECE, nextPiece } from './piece-size.js';
import { OTA_SERVER_DEFAULTS } from './server-limits.js';

/** Who sent a request; `undefined` when that cannot be told. See {@link createClientOf}. */
export type ClientOf = (request: IncomingMessage) => OtaClient | undefined;

/** How {@link toNodeListener} takes requests from `node:http`. */
export interface NodeListenerOptions {
  /** Who sent a request. Default: nobody, which a handler refuses. */
  readonly clientOf?: ClientOf;
  /** Path below which the handler's addresses begin, such as `/updates`. Default: the root. */
  readonly prefix?: string;
  /** Longest time for one reply, milliseconds. Default 30 minutes; a client that is cut off resumes with a range. */
  readonly replyTimeoutMs?: number;
}

/**
 * Answers a request. Given `next`, only if the address is one of the handler's (`isOtaTarget`); else it calls `next` and
 * leaves the request alone.
 */
export type NodeListener = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void;

/** 16 hex characters. Not the client's own `x-request-id`: it could be another request's, or any text. */
export const newRequestId = (): string => randomBytes(8).toString('hex');

/** Longest time for one reply. */
export const DEFAULT_REPLY_TIMEOUT_MS = OTA_SERVER_DEFAULTS.replyTimeoutMs;

/**
 * A handler as the request listener of `node:http` and `node:https`. Waits for slow readers instead of buffering, stops
 * reading when the client is gone, and cuts the connection when a body fails after its headers were sent. Request bodies
 * are never read: such a request is answered, and its connection closed.
 *
 * @throws OtaError `bad_option`
 */
export function toNodeListener(handler: OtaHandler, options: NodeListenerOptions = {}): NodeListener {
  const { clientOf = () => undefined, replyTimeoutMs = DEFAULT_REPLY_TIMEOUT_MS } = options;
  const prefix = checkMountPoint(options.prefix ?? '');
  return function otaListener(request, response, next) {
    const target = targetBelow(request.url ?? '', prefix) ?? '/';
    if (next !== undefined && !isOtaTarget(target)) next();
    else void respond({ handler, clientOf, replyTimeoutMs, target, request, response });
  };
}

interface Exchange {
  readonly handler: OtaHandler;
  readonly clientOf: ClientOf;
  readonly replyTimeoutMs: number;
  readonly target: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function respond(exchange: Exchange): Promise<void> {
  const { handler, clientOf, replyTimeoutMs, target, request, response } = exchange;
  const controller = new AbortController();
  const { signal } = controller;
  const abort = () => {
    controller.abort();
  };
  const timer = setTimeout(abort, replyTimeoutMs);
  const abortUnlessDone = () => {
    if (!response.writableFinished) abort();
  };
  response.once('close', abortUnlessDone);
  // A reset is seen as 'close'; without a listener the error itself would end the process.
  response.on('error', abort);
  try {
    const id = newRequestId();
    const reply = await handler.handle({ ...toOtaRequest(request, target, identify(clientOf, request), signal), id });
    response.setHeader('x-request-id', id);
    writeHead(request, response, reply);
    await writeBody(response, reply, signal);
  } catch {
    // The client is gone, too slow, or the body failed, which the handler reported: no reply can follow any more.
    response.destroy();
  } finally {
    clearTimeout(timer);
  }
}

/** A client that cannot be told is nobody, and whoever runs the server is warned. */
function identify(clientOf: ClientOf, request: IncomingMessage): OtaClient | undefined {
  try {
    return clientOf(request);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : 'clientOf threw', { type: 'OtaClientWarning' });
    return undefined;
  }
}

function toOtaRequest(
  request: IncomingMessage,
  target: string,
  client: OtaClient | undefined,
  signal: AbortSignal,
): OtaRequest {
  return {
    method: request.method ?? '',
    target,
    headers: flatten(request.headers),
    ...(client === undefined ? {} : { client }),
    ...(request.socket.remoteAddress === undefined ? {} : { address: request.socket.remoteAddress }),
    signal,
  };
}

const flatten = (headers: IncomingHttpHeaders): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );

function writeHead(request: IncomingMessage, response: ServerResponse, reply: OtaReply): void {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0';
  if (hasBody) response.shouldKeepAlive = false;
  response.writeHead(reply.status, reply.headers);
}

async function writeBody(response: ServerResponse, reply: OtaReply, signal: AbortSignal): Promise<void> {
  const { body } = reply;
  if (body !== undefined && response.req.method !== 'HEAD') {
    let pieceBytes = FIRST_PIECE;
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      for (let at = 0; at < chunk.length;) {
        signal.throwIfAborted();
        const piece = chunk.subarray(at, at + pieceBytes);
        at += piece.length;
        if (!response.write(piece)) pieceBytes = nextPiece(pieceBytes, await drained(response, signal));
      }
    }
  }
  response.end();
  if (!response.writableFinished) await once(response, 'finish', { signal });
}

/** Milliseconds until there was room again. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  await once(response, 'drain', { signal });
  return performance.now() - startedAt;
}
