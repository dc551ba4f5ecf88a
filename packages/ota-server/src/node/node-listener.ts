import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { OtaHandler } from '../handler/ota-handler.js';
import type { OtaClient, OtaReply, OtaRequest } from '../http/ota-exchange.js';

export interface NodeListenerOptions {
  /** Who sent a request. Default: nobody, which a handler refuses. */
  readonly clientOf?: (request: IncomingMessage) => OtaClient | undefined;
  /** Longest time for one reply, milliseconds. Default 30 minutes; a client that is cut off resumes with a range. */
  readonly replyTimeoutMs?: number;
}

export type NodeListener = (request: IncomingMessage, response: ServerResponse) => void;

const DEFAULT_REPLY_TIMEOUT_MS = 30 * 60 * 1000;

/**
 * A handler as the request listener of `node:http` and `node:https`. Waits for slow readers instead of buffering, stops
 * reading when the client is gone, and cuts the connection when a body fails after its headers were sent. Request bodies
 * are never read: such a request is answered, and its connection closed.
 */
export function toNodeListener(handler: OtaHandler, options: NodeListenerOptions = {}): NodeListener {
  const { clientOf = () => undefined, replyTimeoutMs = DEFAULT_REPLY_TIMEOUT_MS } = options;
  return function otaListener(request, response) {
    void respond(handler, clientOf, replyTimeoutMs, request, response);
  };
}

async function respond(
  handler: OtaHandler,
  clientOf: (request: IncomingMessage) => OtaClient | undefined,
  replyTimeoutMs: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = () => {
    controller.abort();
  };
  const timer = setTimeout(abort, replyTimeoutMs);
  response.once('close', abort);
  // A reset is seen as 'close'; without a listener the error itself would end the process.
  response.on('error', abort);
  try {
    const reply = await handler.handle(toOtaRequest(request, identify(clientOf, request), signal));
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
function identify(
  clientOf: (request: IncomingMessage) => OtaClient | undefined,
  request: IncomingMessage,
): OtaClient | undefined {
  try {
    return clientOf(request);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : 'clientOf threw', { type: 'OtaClientWarning' });
    return undefined;
  }
}

function toOtaRequest(request: IncomingMessage, client: OtaClient | undefined, signal: AbortSignal): OtaRequest {
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    headers: flatten(request.headers),
    ...(client === undefined ? {} : { client }),
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
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      signal.throwIfAborted();
      if (!response.write(chunk)) await once(response, 'drain', { signal });
    }
  }
  response.end();
  if (!response.writableFinished) await once(response, 'finish', { signal });
}
