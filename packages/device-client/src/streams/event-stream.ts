import { createDeferred } from '../deferred.js';
import { DeviceClientError } from '../errors.js';
import type { Lifetime } from '../lifetime.js';
import type { Listener, Listening } from '../router.js';
import { BoundedQueue, type EventQueue } from './bounded-queue.js';

/** For everything that streams. */
export interface StreamOptions {
  /** Ends the stream (normally: the loop finishes). */
  readonly signal?: AbortSignal | undefined;
  /** Most events kept for a slow reader, at least 1; the oldest are dropped and counted. Default 1000. */
  readonly queueSize?: number | undefined;
  /**
   * False makes this stream the client's own, although `sharedSubscription` is set: it gets every event, and stored
   * values first. Default true; without `sharedSubscription` every stream is the client's own.
   */
  readonly shared?: boolean | undefined;
}

/**
 * A live subscription to read with `for await`, by one reader. It starts when it is created; leaving the loop, `close`,
 * the signal or closing the client ends it, and the subscription with its last reader. A subscription that the broker
 * forbids makes the loop throw `denied`. What happens while the connection is down is not seen, except for retained
 * state, which is delivered on return.
 */
export interface EventStream<T> extends AsyncIterableIterator<T, undefined, undefined> {
  /** Resolves when the broker has the subscription; rejects with `denied` or `closed`. */
  readonly ready: Promise<void>;
  /** Events lost so far because the reader was too slow. */
  readonly dropped: number;
  /** Idempotent. */
  close(): Promise<void>;
  /** As {@link EventStream.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Events that a stream keeps for its reader before it drops the oldest: `queueSize` when none is given. */
export const DEFAULT_QUEUE_SIZE = 1_000;

/** The queue of a stream. Throws `invalid_argument` for a size below 1. */
export function createEventQueue<T>(queueSize: number = DEFAULT_QUEUE_SIZE): EventQueue<T> {
  if (Number.isInteger(queueSize) && queueSize >= 1) return new BoundedQueue<T>(queueSize);
  throw new DeviceClientError('invalid_argument', 'queueSize must be an integer of at least 1');
}

export function createEventStream<T>(options: {
  readonly queue: EventQueue<T>;
  readonly signal: AbortSignal | undefined;
  /** Ends when the client closes. */
  readonly lifetime: Lifetime;
  /** Subscribes; `push` takes what arrives. */
  readonly listen: (push: (event: T) => void, failed: Listener['failed']) => readonly Listening[];
  /** Turns a number of lost events into an event, or reports it elsewhere and returns nothing. */
  readonly onDropped: (count: number) => { readonly event: T } | undefined;
}): EventStream<T> {
  const { queue, signal, lifetime, listen, onDropped } = options;
  let lost = 0;
  const ready = createDeferred<undefined>();
  let listenings: readonly Listening[] = [];
  let stopListening = (): void => undefined;
  const stop = (error?: DeviceClientError): void => {
    queue.end(error);
    for (const listening of listenings) listening.close();
    listenings = [];
    signal?.removeEventListener('abort', onEnd);
    stopListening();
    ready.reject(error ?? new DeviceClientError('closed', 'the stream is closed'));
  };
  const onEnd = (): void => {
    stop();
  };

  if (signal?.aborted === true || lifetime.ended) stop();
  else {
    signal?.addEventListener('abort', onEnd);
    stopListening = lifetime.onEnd(onEnd);
    listenings = listen(
      (event) => {
        queue.push(event);
      },
      (error) => {
        stop(error);
      },
    );
    Promise.all(listenings.map((listening) => listening.ready())).then(() => {
      ready.resolve(undefined);
    }, stop);
  }

  const close = (): Promise<void> => {
    stop();
    queue.discard();
    return Promise.resolve();
  };
  return {
    ready: ready.promise,
    get dropped() {
      return lost;
    },
    close,
    next: async () => {
      for (;;) {
        const pulled = await queue.pull();
        if (pulled.type === 'end') return { done: true, value: undefined };
        if (pulled.type === 'item') return { done: false, value: pulled.item };
        lost += pulled.count;
        const dropped = onDropped(pulled.count);
        if (dropped !== undefined) return { done: false, value: dropped.event };
      }
    },
    return: async () => {
      await close();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: close,
  };
}
