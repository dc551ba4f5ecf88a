import type { OtaHandler } from '../handler/ota-handler.js';
import { checkMountPoint, targetBelow } from '../http/mount-point.js';
import type { OtaClient, OtaReply } from '../http/ota-exchange.js';
import { DEFAULT_REPLY_TIMEOUT_MS, newRequestId } from '../node/node-listener.js';

/** How {@link toWebHandler} takes requests of the Fetch API. */
export interface WebHandlerOptions<Context = unknown> {
  /**
   * Who sent a request; `undefined` when that cannot be told. `context` is whatever the host passes beside the request:
   * a `Request` itself says nothing about its connection. Default: nobody, which a handler refuses.
   */
  readonly clientOf?: (request: Request, context: Context) => OtaClient | undefined | Promise<OtaClient | undefined>;
  /** Path below which the handler's addresses begin, such as `/updates`. Default: the root. */
  readonly prefix?: string;
  /** Longest time for one reply, milliseconds. Default 30 minutes; a client that is cut off resumes with a range. */
  readonly replyTimeoutMs?: number;
}

/** Never rejects. A request whose client went away before there was a reply is answered with 503, which nobody reads. */
export type WebHandler<Context = unknown> = (request: Request, context: Context) => Promise<Response>;

/**
 * A handler for hosts that speak the Fetch standard's `Request` and `Response`. A body is read from the store as fast as it
 * is taken, never ahead, and given up when the host cancels it or `request.signal` is aborted. Request bodies are
 * never read.
 *
 * @throws OtaError `bad_option`
 */
export function toWebHandler<Context = unknown>(
  handler: OtaHandler,
  options: WebHandlerOptions<Context> = {},
): WebHandler<Context> {
  const { clientOf = () => undefined, replyTimeoutMs = DEFAULT_REPLY_TIMEOUT_MS } = options;
  const prefix = checkMountPoint(options.prefix ?? '');

  const identify = async (request: Request, context: Context): Promise<OtaClient | undefined> => {
    try {
      return await clientOf(request, context);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : 'clientOf threw', { type: 'OtaClientWarning' });
      return undefined;
    }
  };

  return async function otaHandler(request, context) {
    const lifetime = lifetimeOf(request, replyTimeoutMs);
    const id = newRequestId();
    try {
      const { pathname, search } = new URL(request.url);
      const client = await identify(request, context);
      const reply = await handler.handle({
        method: request.method,
        target: targetBelow(pathname + search, prefix) ?? '/',
        headers: Object.fromEntries(request.headers),
        ...(client === undefined ? {} : { client }),
        id,
        signal: lifetime.signal,
      });
      return toResponse({ ...reply, headers: { ...reply.headers, 'x-request-id': id } }, lifetime);
    } catch {
      // The client is gone, or the time is over: all else the handler answers itself.
      lifetime.end();
      return new Response(null, { status: 503, headers: { 'x-request-id': id } });
    }
  };
}

/** From the request to the end of the reply's body. */
interface Lifetime {
  readonly signal: AbortSignal;
  /** Whether the signal was aborted because the reply took too long. */
  readonly timedOut: () => boolean;
  /** Aborts the signal. */
  readonly end: () => void;
  /** Lets go of the timer and of the request. Idempotent. */
  readonly release: () => void;
}

function lifetimeOf(request: Request, timeoutMs: number): Lifetime {
  const controller = new AbortController();
  let timedOut = false;
  const end = () => {
    release();
    controller.abort();
  };
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, timeoutMs);
  const release = () => {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', end);
  };
  if (request.signal.aborted) end();
  else request.signal.addEventListener('abort', end, { once: true });
  return { signal: controller.signal, timedOut: () => timedOut, end, release };
}

function toResponse({ status, headers, body }: OtaReply, lifetime: Lifetime): Response {
  if (body !== undefined && !(body instanceof Uint8Array)) {
    return new Response(toStream(body, Number(headers['content-length']), lifetime), { status, headers });
  }
  lifetime.release();
  return new Response(body ?? null, { status, headers });
}

/**
 * `length` ends the stream with its last byte: hosts that ask once more would otherwise race with a client that hangs up as
 * soon as it has everything.
 */
function toStream(body: AsyncIterable<Uint8Array>, length: number, lifetime: Lifetime): ReadableStream<Uint8Array> {
  const { signal, timedOut, end, release } = lifetime;
  const chunks = body[Symbol.asyncIterator]();
  let sent = 0;
  // The handler has reported what fails here; the stream is over either way.
  const close = () => chunks.return?.().catch(() => undefined);
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const stop = () => {
          // When the client is gone the host cancels: an error would only fill its log.
          if (timedOut()) controller.error(endedEarly());
          void close();
        };
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
      },
      async pull(controller) {
        try {
          const next = await chunks.next();
          signal.throwIfAborted();
          if (next.done !== true) {
            controller.enqueue(next.value);
            sent += next.value.length;
            if (sent !== length) return;
            await close();
          }
          release();
          controller.close();
        } catch {
          release();
          controller.error(endedEarly());
        }
      },
      async cancel() {
        end();
        await close();
      },
    },
    // Nothing ahead: a chunk is read from the store when it is asked for.
    { highWaterMark: 0 },
  );
}

/** Some hosts send the message of a stream's error to the client: it says nothing of what went wrong here. */
const endedEarly = (): Error => new Error('the reply ended early');
