export type Slot =
  | { readonly ok: true; /** Idempotent. */ readonly release: () => void }
  | { readonly ok: false; readonly code: 'busy' | 'too_many_downloads' };

export interface DownloadSlots {
  /** `key` undefined: a client that is not told apart from others. */
  take(key: string | undefined): Slot;
  /** Slots that are taken. */
  readonly running: number;
  /** Clients that hold slots: those without any are forgotten. */
  readonly clients: number;
}

export function createDownloadSlots(limits: {
  readonly downloads: number;
  readonly downloadsPerClient: number;
}): DownloadSlots {
  const perClient = new Map<string, number>();
  let running = 0;

  const add = (key: string | undefined, change: 1 | -1): void => {
    running += change;
    if (key === undefined) return;
    const count = (perClient.get(key) ?? 0) + change;
    if (count === 0) perClient.delete(key);
    else perClient.set(key, count);
  };

  return {
    take(key) {
      // First what a client can do something about: a greedy one learns nothing of the others.
      if (key !== undefined && (perClient.get(key) ?? 0) >= limits.downloadsPerClient) {
        return { ok: false, code: 'too_many_downloads' };
      }
      if (running >= limits.downloads) return { ok: false, code: 'busy' };
      add(key, 1);
      let held = true;
      const release = () => {
        if (held) add(key, -1);
        held = false;
      };
      return { ok: true, release };
    },
    get running() {
      return running;
    },
    get clients() {
      return perClient.size;
    },
  };
}

/**
 * The body of a reply that holds a slot: released with the last of `length` bytes, at the end, when it is given up or fails,
 * and when `signal` is aborted, read from or not.
 */
export function holding(
  body: AsyncIterable<Uint8Array>,
  length: number,
  release: () => void,
  signal?: AbortSignal,
): AsyncIterable<Uint8Array> {
  const done = () => {
    signal?.removeEventListener('abort', done);
    release();
  };
  if (signal?.aborted === true) done();
  else signal?.addEventListener('abort', done, { once: true });
  return {
    [Symbol.asyncIterator]() {
      const chunks = body[Symbol.asyncIterator]();
      let left = length;
      return {
        async next() {
          // Whoever asks again after the last byte has handed it on: the client may have it, and ask for more.
          if (left <= 0) done();
          try {
            const next = await chunks.next();
            if (next.done === true) done();
            else left -= next.value.length;
            return next;
          } catch (error) {
            done();
            throw error;
          }
        },
        async return() {
          done();
          await chunks.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
