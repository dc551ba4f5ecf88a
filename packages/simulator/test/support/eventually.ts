import { setTimeout as delay } from 'node:timers/promises';

/** Polls until the condition holds; throws `what()` after the deadline. */
export const eventually = async (holds: () => boolean, what: () => string, timeoutMs = 20_000): Promise<void> => {
  const deadline = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(what());
    await delay(5);
  }
};
