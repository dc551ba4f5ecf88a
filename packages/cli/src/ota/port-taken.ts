import { once } from 'node:events';
import { createServer } from 'node:net';
import { CliError } from '../errors.js';

interface Address {
  readonly host: string;
  readonly port: number;
  /** Which option names the port. */
  readonly option: string;
}

/** What the operating system said of an address, as a sentence; other errors as they are. */
export function portTaken(error: unknown, { host, port, option }: Address): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  const options = { cause: error };
  switch (code) {
    case 'EADDRINUSE':
      return new CliError(
        `port ${port} of ${host} is taken.`,
        `Choose another one with \`${option}\`, or stop the program that holds it.`,
        1,
        options,
      );
    case 'EACCES':
      return new CliError(
        `port ${port} of ${host} is not allowed to this user.`,
        `Choose one with \`${option}\`.`,
        1,
        options,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CliError(`${host} is no address of this machine.`, 'Choose another one with `--host`.', 1, options);
    default:
      return error;
  }
}

/**
 * The port for several processes: they must all be told the same one, and that it is taken is said once, before any is
 * started.
 *
 * @throws CliError
 */
export async function choosePort(host: string, port: number): Promise<number> {
  const probe = createServer();
  try {
    probe.listen({ host, port });
    await once(probe, 'listening');
    const address = probe.address();
    return address === null || typeof address === 'string' ? port : address.port;
  } catch (error) {
    throw portTaken(error, { host, port, option: '--port' });
  } finally {
    if (probe.listening) {
      probe.close();
      await once(probe, 'close');
    }
  }
}
