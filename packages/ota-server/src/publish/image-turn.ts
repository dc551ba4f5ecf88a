/** Settles when the last of those who queued is through. */
let queue: Promise<unknown> = Promise.resolve();

/**
 * Runs `work` when all that came before are through: judging an image takes all of it in memory, so that many uploads at
 * once must do it one after the other. A waiter whose `signal` is aborted leaves the queue.
 */
export async function inTurn<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const before = queue;
  let leave: () => void = () => undefined;
  const mine = new Promise<void>((resolve) => {
    leave = resolve;
  });
  queue = before.then(() => mine);
  try {
    await abortable(before, signal);
    return await work();
  } finally {
    leave();
  }
}

async function abortable(wait: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => {
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
  try {
    await Promise.race([wait, aborted]);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
