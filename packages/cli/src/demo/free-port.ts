import { createServer } from 'node:net';
import { CliError } from '../errors.js';

const TRIES = 50;

/** The preferred port, or the next one that is free and not in `taken`. */
export async function firstFreePort(host: string, preferred: number, taken: readonly number[] = []): Promise<number> {
  for (let port = preferred; port < preferred + TRIES; port++) {
    if (!taken.includes(port) && (await isFree(host, port))) return port;
  }
  throw new CliError(`ports ${preferred}..${preferred + TRIES - 1} are all taken.`, 'Stop a program that holds one.');
}

const isFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen({ host, port, exclusive: true }, () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });
