import { createServer } from 'node:net';
import { afterAll, beforeAll } from 'vitest';

/** Whoever listens here has the ports that documents name: 8883, 8884, 8070. */
const LOCK_PORT = 8869;
const RETRY_MS = 200;
/** All other files that use them may come first. */
const WAIT_MS = 900_000;

const listens = (server: ReturnType<typeof createServer>): Promise<boolean> =>
  new Promise((resolve) => {
    server
      .once('error', () => {
        resolve(false);
      })
      .listen(LOCK_PORT, '127.0.0.1', () => {
        resolve(true);
      });
  });

/** For the tests of a file that use the documented ports: one such file at a time. A process that dies lets go. */
export function useFixedPorts(): void {
  let lock: ReturnType<typeof createServer> | undefined;
  beforeAll(async () => {
    for (;;) {
      const server = createServer();
      if (await listens(server)) {
        lock = server;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }, WAIT_MS);
  afterAll(
    () =>
      new Promise<void>((resolve) => {
        if (lock === undefined) resolve();
        else
          lock.close(() => {
            resolve();
          });
      }),
  );
}
