import { SimulatorError } from '../errors.js';
import { systemClock } from '../ports/clock.js';

/** How long to wait for a device to be online. */
export interface WaitOptions {
  /** Default 30 000. */
  readonly timeoutMs?: number;
  /** Gives up with `aborted`. */
  readonly signal?: AbortSignal;
}

/** Those who wait for a device to be online. */
export interface OnlineWaiters {
  online(): void;
  /** @throws SimulatorError `deadline`, `aborted` */
  wait(options: WaitOptions): Promise<void>;
}

export const createOnlineWaiters = (id: string): OnlineWaiters => {
  const waiters = new Set<() => void>();
  return {
    online() {
      for (const wake of waiters) wake();
    },
    wait: ({ timeoutMs = 30_000, signal }) =>
      new Promise((resolve, reject) => {
        const end = (settle: () => void) => (): void => {
          waiters.delete(wake);
          cancel();
          signal?.removeEventListener('abort', abort);
          settle();
        };
        const wake = end(resolve);
        const abort = end(() => {
          reject(new SimulatorError('aborted', `waiting for ${id} was aborted`));
        });
        const cancel = systemClock.schedule(
          timeoutMs,
          end(() => {
            reject(new SimulatorError('deadline', `device ${id} is not online after ${String(timeoutMs)} ms`));
          }),
        );
        waiters.add(wake);
        signal?.addEventListener('abort', abort);
        if (signal?.aborted === true) abort();
      }),
  };
};
